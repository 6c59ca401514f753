import { Router } from 'express';
import * as z from 'zod';
import type { Catalogue, Endpoint } from '../access/catalogue.ts';
import { personOf } from '../access/guards.ts';
import { RegistryError } from '../errors/registry-error.ts';
import type { FoundTool, ToolSearch } from '../search/tool-search.ts';

const limit = z.coerce.number('must be a number').int().min(1).max(50).default(10);

/** What `GET /tools/search` takes. */
export const toolSearchQuery = z.object({
  q: z.string('must be one text').trim().min(1, 'must say what the tool is to do').max(1_000),
  limit,
  server: z.string('must be one name').max(63).optional(),
});

/**
 * `GET /tools/search?q=&limit=&server=`, mounted at `/api`: the tools that do what `q` asks for in plain words, of those
 * that the caller may call. → `{results: [{server, tool, title, description, score, input_schema, endpoints, call}], total,
 * why}`; `call` is what to send where, `why` says of nothing what the reason is, and is null otherwise.
 */
export function createSearchApi(catalogue: Catalogue, search: ToolSearch): Router {
  const api = Router({ caseSensitive: true, strict: true });
  api.get('/tools/search', async (req, res) => {
    const person = personOf(req);
    const asked = toolSearchQuery.safeParse(req.query);
    if (!asked.success) {
      const faults = asked.error.issues.map(({ path, message }) => ({ path: path.join('.'), message }));
      const message = 'q says what the tool is to do; limit is a number from 1 to 50, server a name.';
      throw new RegistryError('input_invalid', message, { faults });
    }
    const { q: text, limit, server } = asked.data;
    const { results, total, why } = await search.tools(person, { text, limit, server });
    res.set('Cache-Control', 'no-store');
    res.json({
      // A server that has gone while its tools were being looked for is nowhere to be called.
      results: results.flatMap((found) => {
        const entry = catalogue.get(person, found.server);
        return entry ? toJson(found, entry.endpoints) : [];
      }),
      total,
      why: why ?? null,
    });
  });
  return api;
}

function toJson({ server, tool, score }: FoundTool, endpoints: readonly Endpoint[]) {
  const { name, title, description, inputSchema } = tool;
  const [first] = endpoints;
  return {
    server,
    tool: name,
    title,
    description,
    score,
    input_schema: inputSchema,
    endpoints: Object.fromEntries(endpoints.map(({ transport, url }) => [transport, url])),
    call: {
      url: first?.url ?? null,
      transport: first?.transport ?? null,
      method: 'tools/call',
      params: { name, arguments: {} },
    },
  };
}
