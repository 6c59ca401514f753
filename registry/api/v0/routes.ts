import { type Request, type RequestHandler, Router } from 'express';
import type { Catalogue, CatalogueEntry } from '../../access/catalogue.ts';
import { type Identify, personOf, requirePerson } from '../../access/guards.ts';
import { readInput } from '../../errors/read-input.ts';
import { RegistryError } from '../../errors/registry-error.ts';
import { listQuery, type ServerList } from './schemas.ts';
import { listedName, namespaceOf, toServerResponse, versionOf } from './server-response.ts';

interface PublicApiOptions {
  identify: Identify;
  catalogue: Catalogue;
  registeredAt: () => Promise<ReadonlyMap<string, Date>>;
  publicUrl: string;
}

type Query = ReturnType<typeof listQuery.parse>;

/**
 * The MCP registry API (OpenAPI "2025-12-01"), mounted at `/v0.1` and `/v0`: the servers that this caller may see
 * (`list_service`), in one version each. It is read-only; publishing is optional, and `/api/servers` does it here. Refusals
 * are `{error: "…"}` (`error-body.ts`).
 */
export function createPublicApi({ identify, catalogue, registeredAt, publicUrl }: PublicApiOptions): Router {
  const api = Router({ caseSensitive: true, strict: true });
  const namespace = namespaceOf(publicUrl);
  const nameOf = (entry: CatalogueEntry) => listedName(namespace, entry);
  const toResponses = async (entries: readonly CatalogueEntry[]) => {
    const since = await registeredAt();
    return entries.map((entry) => toServerResponse(entry, namespace, since.get(entry.name)));
  };
  const find = (req: Request<{ name: string }>) => {
    const entry = catalogue.list(personOf(req)).find((each) => nameOf(each) === req.params.name);
    if (!entry) throw new RegistryError('not_found', 'Server not found');
    return entry;
  };

  api.use(requirePerson(identify, ['#registry', '#public']));
  api.get('/servers', async (req, res) => {
    const query = readInput(listQuery, req.query);
    const found = select(catalogue.list(personOf(req)), nameOf, query);
    const last = query.cursor ? readCursor(query.cursor) : '';
    if (last === undefined) throw new RegistryError('input_invalid', 'cursor: is none of ours');
    const rest = found.filter((entry) => compare(nameOf(entry), last) > 0);
    const page = rest.slice(0, query.limit);
    const end = page.at(-1);
    const next = end && rest.length > page.length ? { nextCursor: toCursor(nameOf(end)) } : {};
    const answer: ServerList = { servers: await toResponses(page), metadata: { ...next, count: page.length } };
    res.json(answer);
  });
  api.get('/servers/:name/versions', async (req: Request<{ name: string }>, res) => {
    const answer: ServerList = { servers: await toResponses([find(req)]), metadata: { count: 1 } };
    res.json(answer);
  });
  api.get('/servers/:name/versions/:version', async (req: Request<{ name: string; version: string }>, res) => {
    const entry = find(req);
    const { version } = req.params;
    if (version !== 'latest' && version !== versionOf(entry)) throw new RegistryError('not_found', 'Version not found');
    res.json((await toResponses([entry]))[0]);
  });

  api.post('/publish', notSupported);
  api.put('/servers/:name/versions/:version', notSupported);
  api.delete('/servers/:name/versions/:version', notSupported);
  api.patch('/servers/:name/versions/:version/status', notSupported);
  api.patch('/servers/:name/status', notSupported);
  api.use(() => {
    throw new RegistryError('not_found', 'Not found');
  });
  return api;
}

const notSupported: RequestHandler = (_req, res) => {
  const error =
    'This registry does not support publishing here. Register a server with POST /api/servers or /api/import.';
  res.status(501).json({ error });
};

/** The entries that match the query, by name. */
function select(
  entries: readonly CatalogueEntry[],
  nameOf: (entry: CatalogueEntry) => string,
  { search = '', updated_since: since, version = 'latest' }: Query,
): CatalogueEntry[] {
  const text = search.toLowerCase();
  const after = since === undefined ? Number.NEGATIVE_INFINITY : Date.parse(since);
  return entries
    .filter(
      (entry) =>
        `${nameOf(entry)}\n${entry.title}`.toLowerCase().includes(text) &&
        entry.updatedAt.getTime() > after &&
        (version === 'latest' || version === versionOf(entry)),
    )
    .sort((a, b) => compare(nameOf(a), nameOf(b)));
}

/** Compares code units, the same on every machine: a cursor must not depend on a locale. */
function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

/**
 * A cursor in a list that is sorted by name. It holds the last name of a page, so that the next page skips and repeats
 * nothing even if servers come and go.
 */
function toCursor(lastName: string): string {
  return Buffer.from(`1:${lastName}`, 'utf8').toString('base64url');
}

/** The name in a cursor; undefined if {@link toCursor} did not make it. */
function readCursor(cursor: string): string | undefined {
  const name = /^1:(.{1,200})$/su.exec(Buffer.from(cursor, 'base64url').toString('utf8'))?.[1];
  // Decoding is lenient, so compare with our own encoding.
  return name !== undefined && toCursor(name) === cursor ? name : undefined;
}
