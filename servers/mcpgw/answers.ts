import * as z from 'zod';

/** A server as the registry lists it. Missing fields become empty. */
export const serviceSchema = z.object({
  name: z.string(),
  title: z.string().default('').describe('name for people'),
  description: z.string().default(''),
  tags: z.array(z.string()).default([]),
  transports: z.array(z.string()).default([]).describe('streamable-http, sse'),
  endpoints: z.record(z.string(), z.string()).default({}).describe('URL behind the gateway, by transport'),
  enabled: z.boolean().default(true).describe('a disabled server is registered but not reachable'),
  status: z.string().default('unknown').describe("the registry's latest health check"),
  checked_at: z.string().nullable().default(null).describe('time of that check'),
});

export const serviceListSchema = z.object({ servers: z.array(serviceSchema) });

/** One server with everything else that the registry returns. */
export const serviceDetailsSchema = z.looseObject(serviceSchema.shape);

const schemaObject = z.record(z.string(), z.unknown()).nullable().default(null);

/** One tool of a server, as the server lists it. */
export const toolSchema = z.object({
  name: z.string(),
  title: z.string().nullable().default(null),
  description: z.string().nullable().default(null),
  inputSchema: schemaObject,
  note: z.string().optional().describe('why something is missing'),
});

export const toolSchemasSchema = z.object({
  tools: z.array(z.object({ name: z.string(), inputSchema: schemaObject })).nullish(),
});

/** A tool found by a search, with how to call it. */
export const foundToolSchema = z.object({
  server: z.string(),
  tool: z.string(),
  title: z.string().nullable().default(null),
  description: z.string().nullable().default(null),
  input_schema: schemaObject.describe('JSON schema of the arguments'),
  note: z.string().optional().describe('why something is missing'),
  read_only: z.boolean().default(false).describe('whether its approved definition says that it only reads'),
  endpoints: z.record(z.string(), z.string()).describe("the server's URL behind the gateway, by transport"),
  score: z.number().describe('0 to 1, to compare the tools of one answer'),
});

export const toolNamesSchema = z.object({ tools: z.array(z.string()) });

export const foundToolsSchema = z.object({
  results: z.array(foundToolSchema),
  total: z.int(),
  why: z.object({ code: z.string(), message: z.string() }).nullable().default(null),
});

/** The result of a change. */
export const changeSchema = z.object({
  server: serviceDetailsSchema
    .nullable()
    .default(null)
    .describe('its current state; null if removed, or if you may not see it'),
  route: z.string().describe('ok: requests reach it; unknown: nginx has not confirmed it yet'),
  warnings: z.array(z.string()).default([]),
});

/** The result of a server's check. */
export const serviceCheckSchema = z.looseObject({
  name: z.string(),
  status: z.string(),
  checked_at: z.string().nullable().default(null),
  error: z.string().nullable().default(null).describe('why it is not healthy'),
  tools: z.array(toolSchema).default([]),
});

export type Service = z.infer<typeof serviceSchema>;
export type ServiceDetails = z.infer<typeof serviceDetailsSchema>;
export type Tool = z.infer<typeof toolSchema>;
export type FoundTool = z.infer<typeof foundToolSchema>;
export type Change = z.infer<typeof changeSchema>;
export type ServiceCheck = z.infer<typeof serviceCheckSchema>;
