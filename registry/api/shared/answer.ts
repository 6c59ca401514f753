import * as z from 'zod';

/** The type of an answer, by the shape that the OpenAPI document publishes. The code that builds it may use constants. */
export type Answer<Shape extends z.ZodType> = Constant<z.output<Shape>>;

type Constant<Value> = Value extends object ? { readonly [Key in keyof Value]: Constant<Value[Key]> } : Value;

// Parts of several answers.

export const name = z.string().describe('Path segment under the gateway.');
export const time = z.iso.datetime();
export const object = z.record(z.string(), z.unknown());

export const status = z
  .enum(['healthy', 'degraded', 'unhealthy', 'needs-authentication', 'unknown'])
  .describe(
    'degraded: it speaks MCP, but its tools could not be read. needs-authentication: it requires credentials that the gateway does not have. unknown: not checked yet.',
  );

export const tool = z.strictObject({
  name: z.string(),
  title: z.string().nullable(),
  description: z.string().nullable(),
  inputSchema: object.nullable(),
  outputSchema: object.nullable(),
  annotations: object.nullable(),
  page: z.string().optional().describe('The `ui://` resource of its page (MCP Apps), which a host shows to people.'),
  note: z.string().optional().describe('Why only the name is known.'),
});

export const icon = z.strictObject({
  src: z.url().max(255),
  mimeType: z.string().optional(),
  sizes: z.array(z.string()).optional(),
});
