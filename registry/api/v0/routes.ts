import { type Request, type RequestHandler, Router } from 'express';
import type { Catalogue, CatalogueEntry } from '../../access/catalogue.ts';
import { type Person, personOf } from '../../access/guards.ts';
import { RegistryError } from '../../errors/registry-error.ts';
import { readCursor, toCursor } from './cursor.ts';
import { listedName, namespaceOf } from './names.ts';
import { listQuery, type ServerList, type ServerResponse } from './schemas.ts';
import { toServerResponse, versionOf } from './server-response.ts';

export interface PublicApiOptions {
  /** Who may read. */
  guard: RequestHandler;
  catalogue: Catalogue;
  registeredAt: () => Promise<ReadonlyMap<string, Date>>;
  publicUrl: string;
}

type Query = ReturnType<typeof listQuery.parse>;

/**
 * The MCP registry API (OpenAPI "2025-12-01"), mounted at `/v0.1` and `/v0`: what this caller may see (`list_service`), one
 * version of each server. Reads only; publishing is optional for a registry, and is done at `/api/servers` here.
 * Refusals are `{error: "…"}` (`error-body.ts`).
 */
export function createPublicApi({ guard, catalogue, registeredAt, publicUrl }: PublicApiOptions): Router {
  const api = Router({ caseSensitive: true, strict: true });
  const namespace = namespaceOf(publicUrl);
  const toResponse = async (entry: CatalogueEntry): Promise<ServerResponse> =>
    toServerResponse(entry, namespace, (await registeredAt()).get(entry.name));
  const find = (person: Person, name: string) =>
    catalogue.list(person).find((entry) => listedName(namespace, entry) === name);

  api.use(guard, (_req, res, next) => {
    res.set('Cache-Control', 'no-store');
    next();
  });
  api.get('/servers', async (req, res) => {
    const query = readQuery(req.query);
    const { page, next } = cut(select(catalogue.list(personOf(req)), namespace, query), namespace, query);
    const since = await registeredAt();
    const servers = page.map((entry) => toServerResponse(entry, namespace, since.get(entry.name)));
    res.json({ servers, metadata: { ...(next && { nextCursor: next }), count: servers.length } } satisfies ServerList);
  });
  api.get('/servers/:name/versions', async (req: Request<{ name: string }>, res) => {
    const entry = find(personOf(req), req.params.name);
    if (!entry) throw new RegistryError('not_found', 'Server not found');
    res.json({ servers: [await toResponse(entry)], metadata: { count: 1 } } satisfies ServerList);
  });
  api.get('/servers/:name/versions/:version', async (req: Request<{ name: string; version: string }>, res) => {
    const entry = find(personOf(req), req.params.name);
    if (!entry) throw new RegistryError('not_found', 'Server not found');
    const { version } = req.params;
    if (version !== 'latest' && version !== versionOf(entry)) throw new RegistryError('not_found', 'Version not found');
    res.json(await toResponse(entry));
  });

  api.post('/publish', notHere);
  api.put('/servers/:name/versions/:version', notHere);
  api.delete('/servers/:name/versions/:version', notHere);
  api.patch('/servers/:name/versions/:version/status', notHere);
  api.patch('/servers/:name/status', notHere);
  api.use(() => {
    throw new RegistryError('not_found', 'Not found');
  });
  return api;
}

const notHere: RequestHandler = (_req, res) => {
  const error =
    'This registry does not support publishing here. Register a server with POST /api/servers or /api/import.';
  res.status(501).json({ error });
};

function readQuery(query: unknown): Query {
  const read = listQuery.safeParse(query);
  if (read.success) return read.data;
  const [first] = read.error.issues;
  throw new RegistryError('input_invalid', `${first?.path.join('.')}: ${first?.message}`);
}

/** What the query asks for, by name. */
function select(entries: readonly CatalogueEntry[], namespace: string, query: Query): CatalogueEntry[] {
  const { search = '', updated_since: since, version = 'latest' } = query;
  const text = search.toLowerCase();
  const after = since === undefined ? Number.NEGATIVE_INFINITY : Date.parse(since);
  return entries
    .filter(
      (entry) =>
        `${listedName(namespace, entry)}\n${entry.title}`.toLowerCase().includes(text) &&
        entry.updatedAt.getTime() > after &&
        (version === 'latest' || version === versionOf(entry)),
    )
    .sort((a, b) => compare(listedName(namespace, a), listedName(namespace, b)));
}

function cut(entries: readonly CatalogueEntry[], namespace: string, { cursor, limit }: Query) {
  const last = cursor ? readCursor(cursor) : '';
  if (last === undefined) throw new RegistryError('input_invalid', 'cursor: is none of ours');
  const rest = entries.filter((entry) => compare(listedName(namespace, entry), last) > 0);
  const page = rest.slice(0, limit);
  const end = page.at(-1);
  return { page, next: end && rest.length > limit ? toCursor(listedName(namespace, end)) : undefined };
}

/** By code units, the same on every machine: a cursor must not depend on a locale. */
function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
