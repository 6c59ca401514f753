import { Router } from 'express';
import * as z from 'zod';
import { type Catalogue, type CatalogueEntry, type Endpoint, inOrder } from '../access/catalogue.ts';
import { type Named, personOf } from '../access/guards.ts';
import { notFound } from '../access/permissions.ts';
import { RegistryError } from '../errors/registry-error.ts';
import type { ToolSearch } from '../search/tool-search.ts';
import { isSet, permissions } from '../servers/server.ts';
import { serverSettings } from '../servers/server-input.ts';
import { type Answer, icon, name, status, time, tool } from './shared/answer.ts';

const summary = z.strictObject({
  name,
  kind: z.enum(['server', 'set']).describe('set: tools of several servers at one address. It is never checked.'),
  title: z.string(),
  description: z.string(),
  tags: z.array(z.string()),
  transports: z.array(z.enum(['streamable-http', 'sse'])),
  endpoints: z.record(z.string(), z.url()).describe("The gateway's address by transport."),
  enabled: z.boolean(),
  status,
  checked_at: time.nullable(),
  account: z
    .url()
    .nullable()
    .describe('Where each person connects their own account at this server; null if it wants none.'),
});

const { upstream, transports, auth, forward_headers, host_header, health_seconds } = serverSettings.shape;

const setMember = z.strictObject({
  server: name,
  tools: z.array(z.string()).nullable().describe('null: all of its tools.'),
  prefix: z.literal('never').nullable(),
});

/** One server in full. */
export const serverDetails = summary.extend({
  error: z.string().nullable().describe('Why it is not healthy.'),
  tools: z.array(tool).describe("As last announced. The text is the server's own."),
  version: z.string().nullable(),
  repository: z.string().nullable(),
  license: z.string().nullable(),
  icons: z.array(icon),
  may: z.array(z.enum(permissions)).describe('What it may ask of the clients of its callers through the hub.'),
  alias: z.string().nullable().describe('The name that its makers published it under.'),
  owner: z.string().nullable().describe('The name of the person or agent who owns it, and may change its words.'),
  awaits: z.boolean().describe('Whether it is disabled until a change by its owner has been looked at.'),
  revision: z.int(),
  updated_at: time,
  members: z
    .array(setMember)
    .nullable()
    .describe('Of a set, the servers that the caller may see; all of them if the caller may change it.'),
  location: z
    .strictObject({ upstream, transports, auth, forward_headers, host_header, health_seconds })
    .optional()
    .describe('Where it runs; only if the caller may change it.'),
});

/** The answer of `GET /servers`. */
export const serverListing = z.strictObject({ servers: z.array(summary) });

/** The answer of `GET /me`. */
export const me = z.strictObject({
  username: z.string(),
  shown_name: z.string().optional().describe('The name that pages show, if that is not the user name.'),
  groups: z.array(z.string()),
  scopes: z.array(z.string()),
  auth_method: z.enum(['session_cookie', 'jwt', 'public']),
});

/** The query of `GET /servers`. */
export const serversQuery = z.object({ q: z.string().optional().describe('What to look for, in plain words.') });

const longestQuery = 1_000;

/** The reading routes of the JSON API, mounted at `/api`: `GET /servers?q=`, `GET /servers/:name` and `GET /me`. */
export function createApi(catalogue: Catalogue, search: ToolSearch): Router {
  const api = Router({ caseSensitive: true, strict: true });
  api.get('/servers', (req, res) => {
    const person = personOf(req);
    const all = catalogue.list(person);
    const { q } = req.query;
    const isSearch = typeof q === 'string' && q.trim() !== '';
    const shown = isSearch ? inOrder(all, search.servers(person, q.slice(0, longestQuery))) : all;
    res.json({ servers: shown.map(toSummary) } satisfies Answer<typeof serverListing>);
  });
  api.get('/servers/:name', (req: Named, res) => {
    const entry = catalogue.get(personOf(req), req.params.name);
    if (!entry) throw notFound();
    res.json(toDetails(entry));
  });
  api.get('/me', (req, res) => {
    const { username, shownName: shown_name, groups, scopes, authMethod } = personOf(req);
    res.json({ username, shown_name, groups, scopes, auth_method: authMethod } satisfies Answer<typeof me>);
  });
  api.use(() => {
    throw new RegistryError('not_found', 'There is no such address in the API.');
  });
  return api;
}

/** One server in full, as JSON. */
export function toDetails(entry: CatalogueEntry): Answer<typeof serverDetails> {
  const { version, repository, license, icons, may, alias, revision, updatedAt, location, health } = entry;
  return {
    ...toSummary(entry),
    error: health.error,
    tools: health.tools,
    version,
    repository,
    license,
    icons,
    may,
    alias,
    owner: entry.owner?.username ?? null,
    awaits: entry.awaits,
    revision,
    updated_at: updatedAt.toISOString(),
    members: entry.members,
    ...(location && { location }),
  };
}

/** The addresses of a server, by transport. */
export function endpointsOf(endpoints: readonly Endpoint[]): Record<string, string> {
  return Object.fromEntries(endpoints.map(({ transport, url }) => [transport, url]));
}

function toSummary(entry: CatalogueEntry): Answer<typeof summary> {
  const { name, title, description, tags, endpoints, enabled, health, account } = entry;
  return {
    name,
    kind: isSet(entry) ? 'set' : 'server',
    title,
    description,
    tags,
    transports: endpoints.map(({ transport }) => transport),
    endpoints: endpointsOf(endpoints),
    enabled,
    status: health.status,
    checked_at: health.checkedAt?.toISOString() ?? null,
    account: account?.url ?? null,
  };
}
