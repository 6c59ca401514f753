import * as z from 'zod';
import { publishedName } from '../../servers/names.ts';
import { type Answer, icon } from '../shared/answer.ts';

/** The schema of `server`. */
export const serverJsonSchema = 'https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json';
/** Key of the registry's metadata, defined by the MCP registry API. */
export const officialKey = 'io.modelcontextprotocol.registry/official';

const remote = z.strictObject({
  type: z.enum(['streamable-http', 'sse']),
  url: z.string().describe("The server's address at the gateway."),
});

const serverDetail = z.strictObject({
  $schema: z.literal(serverJsonSchema),
  name: z.string().min(3).max(200).regex(publishedName),
  title: z.string().min(1).max(100),
  description: z.string().min(1).max(100),
  version: z.string().min(1).max(255),
  repository: z.strictObject({ url: z.url(), source: z.string() }).optional(),
  icons: z.array(icon).optional(),
  remotes: z.array(remote).min(1),
});

const official = z.strictObject({
  status: z.enum(['active', 'deprecated']).describe('deprecated: disabled at this gateway.'),
  statusMessage: z.string().max(500).optional(),
  publishedAt: z.iso.datetime().describe('When it was registered here.'),
  updatedAt: z.iso.datetime(),
  isLatest: z.literal(true),
});

/** Metadata of the gateway, under `<namespace>/gateway`. */
const ours = z.strictObject({
  name: z.string().describe('Its name at the gateway, and in /api/servers/{name}.'),
  enabled: z.boolean(),
  health: z.string().describe('As `status` of /api/servers/{name}.'),
  tags: z.array(z.string()),
  license: z.string().nullable(),
});

/** One server. */
export const serverResponse = z.strictObject({
  server: serverDetail,
  _meta: z.object({ [officialKey]: official }).catchall(ours),
});

/** A page of servers, or the versions of one server. */
export const serverList = z.strictObject({
  servers: z.array(serverResponse),
  metadata: z.strictObject({
    nextCursor: z.string().optional().describe('`cursor` of the next page; missing on the last page.'),
    count: z.int().describe('Servers in this answer.'),
  }),
});

/** Every refusal of the MCP registry API. */
export const plainError = z.strictObject({ error: z.string() });

const flag = z.enum(['true', 'false'], 'must be true or false');

/** The query of `GET /servers`. */
export const listQuery = z.object({
  cursor: z.string().max(400, 'is none of ours').optional().describe('`metadata.nextCursor` of the page before.'),
  limit: z.coerce
    .number('must be a number from 1 to 100')
    .int('must be a whole number')
    .min(1, 'must be 1 or more')
    .max(100, 'must be 100 or less')
    .default(30),
  search: z.string().max(200, 'must have at most 200 characters').optional().describe('Text in the name or the title.'),
  updated_since: z.iso
    .datetime({ offset: true, error: 'must be a time such as 2026-11-23T12:00:00Z (RFC 3339)' })
    .optional(),
  version: z.string().max(255).optional().describe('`latest`, or a version.'),
  include_deleted: flag.optional().describe('Has no effect: deleted servers are not kept.'),
});

export type ServerResponse = Answer<typeof serverResponse>;
export type ServerList = Answer<typeof serverList>;
