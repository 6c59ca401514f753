import { type Request, Router } from 'express';
import type { Catalogue, CatalogueEntry } from '../access/catalogue.ts';
import { personOf } from '../access/guards.ts';
import { notFound } from '../access/permissions.ts';
import { RegistryError } from '../errors/registry-error.ts';
import type { ToolSearch } from '../search/tool-search.ts';

const longestQuery = 1_000;

/**
 * The part of the JSON API that reads, mounted at `/api`. Every route needs a person in front of it.
 *
 * `GET /servers?q=` → `{servers: [{name, title, description, tags, transports, endpoints, enabled, status, checked_at}]}`;
 * `GET /servers/:name` → one of them with `error`, `tools`, what is known about it, its `revision`, and, for who may
 * change it, its `location`; `GET /me` → `{username, groups, scopes, auth_method}`.
 */
export function createApi(catalogue: Catalogue, search: ToolSearch): Router {
  const api = Router({ caseSensitive: true, strict: true });
  api.use((_req, res, next) => {
    res.set('Cache-Control', 'no-store');
    next();
  });
  api.get('/servers', (req, res) => {
    const person = personOf(req);
    const all = catalogue.list(person);
    const { q } = req.query;
    const shown =
      typeof q === 'string' && q.trim() ? inOrder(all, search.servers(person, q.slice(0, longestQuery))) : all;
    res.json({ servers: shown.map(toSummary) });
  });
  api.get('/servers/:name', (req: Request<{ name: string }>, res) => {
    const entry = catalogue.get(personOf(req), req.params.name);
    if (!entry) throw notFound();
    res.json(toDetails(entry));
  });
  api.get('/me', (req, res) => {
    const { username, groups, scopes, authMethod } = personOf(req);
    res.json({ username, groups, scopes, auth_method: authMethod });
  });
  api.use(() => {
    throw new RegistryError('not_found', 'There is no such address in the API.');
  });
  return api;
}

/** Those of `entries` that have one of `names`, in the order of the names. */
function inOrder(entries: readonly CatalogueEntry[], names: readonly string[]): CatalogueEntry[] {
  const byName = new Map(entries.map((entry) => [entry.name, entry]));
  return names.flatMap((name) => byName.get(name) ?? []);
}

/** One server in full, as JSON. */
export function toDetails(entry: CatalogueEntry) {
  const { version, repository, license, icons, alias, revision, updatedAt, location, health } = entry;
  return {
    ...toSummary(entry),
    error: health.error,
    tools: health.tools,
    version,
    repository,
    license,
    icons,
    alias,
    revision,
    updated_at: updatedAt.toISOString(),
    ...(location && { location }),
  };
}

function toSummary({ name, title, description, tags, endpoints, enabled, health }: CatalogueEntry) {
  return {
    name,
    title,
    description,
    tags,
    transports: endpoints.map((endpoint) => endpoint.transport),
    endpoints: Object.fromEntries(endpoints.map((endpoint) => [endpoint.transport, endpoint.url])),
    enabled,
    status: health.status,
    checked_at: health.checkedAt?.toISOString() ?? null,
  };
}
