import { Router } from 'express';
import * as z from 'zod';
import type { Catalogue, Endpoint } from '../access/catalogue.ts';
import { personOf } from '../access/guards.ts';
import { readInput } from '../errors/read-input.ts';
import type { ApprovedDefinitions } from '../pins/approved-definitions.ts';
import { readOnlyHint } from '../pins/read-only.ts';
import type { FoundTool, ToolSearch } from '../search/tool-search.ts';
import { endpointsOf } from './servers.ts';
import { type Answer, name, object } from './shared/answer.ts';

/** The query of `GET /tools/search`. */
export const toolSearchQuery = z.object({
  q: z.string('must be one text').trim().min(1, 'must say what the tool is to do').max(1_000),
  limit: z.coerce
    .number('must be a number from 1 to 50')
    .int('must be a whole number')
    .min(1, 'must be 1 or more')
    .max(50, 'must be 50 or less')
    .default(10),
  server: z.string('must be one name').max(63).optional(),
});

const foundTool = z.strictObject({
  server: name,
  tool: z.string(),
  title: z.string().nullable(),
  description: z.string().nullable(),
  score: z.number(),
  input_schema: object.nullable(),
  read_only: z.boolean().describe('Whether its approved definition says that it only reads.'),
  endpoints: z.record(z.string(), z.url()),
  call: z
    .strictObject({
      url: z.string().nullable(),
      transport: z.enum(['streamable-http', 'sse']).nullable(),
      method: z.literal('tools/call'),
      params: z.strictObject({ name: z.string(), arguments: z.strictObject({}) }),
    })
    .describe('The request to send, and where. Fill in the arguments.'),
});

/** The answer of `GET /tools/search`. */
export const toolsFound = z.strictObject({
  results: z.array(foundTool),
  total: z.int(),
  why: z
    .strictObject({
      code: z.enum(['no_server_visible', 'no_tool_known', 'no_tool_allowed', 'no_match']),
      message: z.string(),
    })
    .nullable()
    .describe('Set if there are no results: the reason.'),
});

/** `GET /tools/search?q=&limit=&server=`, mounted at `/api`: the tools for a task, among those that the caller may call. */
export function createSearchApi(
  catalogue: Catalogue,
  search: ToolSearch,
  { hashes }: Pick<ApprovedDefinitions, 'hashes'>,
): Router {
  const isReadOnly = readOnlyHint(hashes);
  const api = Router({ caseSensitive: true, strict: true });
  api.get('/tools/search', async (req, res) => {
    const person = personOf(req);
    const message = 'q says what the tool is to do; limit is a number from 1 to 50, server a name.';
    const { q: text, limit, server } = readInput(toolSearchQuery, req.query, () => message);
    const { results, total, why } = await search.tools(person, { text, limit, server });
    const answer: Answer<typeof toolsFound> = {
      // A server may be deleted during the search.
      results: results.flatMap((found) => {
        const entry = catalogue.get(person, found.server);
        return entry ? toJson(found, entry.endpoints, isReadOnly(found.server, found.tool)) : [];
      }),
      total,
      why: why ?? null,
    };
    res.json(answer);
  });
  return api;
}

function toJson(
  { server, tool, score }: FoundTool,
  endpoints: readonly Endpoint[],
  isReadOnly: boolean,
): Answer<typeof foundTool> {
  const { name, title, description, inputSchema } = tool;
  const { url = null, transport = null } = endpoints[0] ?? {};
  return {
    server,
    tool: name,
    title,
    description,
    score,
    input_schema: inputSchema,
    read_only: isReadOnly,
    endpoints: endpointsOf(endpoints),
    call: { url, transport, method: 'tools/call', params: { name, arguments: {} } },
  };
}
