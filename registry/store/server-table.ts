import type { Kysely, Selectable } from 'kysely';
import type { RegisteredServer } from '../servers/server.ts';
import type { Schema } from './migrations.ts';

/** All servers, by name. */
export async function readServers(db: Kysely<Schema>): Promise<RegisteredServer[]> {
  const rows = await db.selectFrom('server').selectAll().execute();
  // Not by the database: each sorts in its own way.
  return rows.map(toServer).sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** The server of this name, if there is one. */
export async function readServer(db: Kysely<Schema>, name: string): Promise<RegisteredServer | undefined> {
  const row = await db.selectFrom('server').selectAll().where('name', '=', name).executeTakeFirst();
  return row && toServer(row);
}

/** Keeps `server` in place of the one of its name. */
export async function putServer(db: Kysely<Schema>, server: RegisteredServer): Promise<void> {
  await dropServer(db, server.name);
  await db.insertInto('server').values(toRow(server)).execute();
}

/** Forgets the server of this name. */
export async function dropServer(db: Kysely<Schema>, name: string): Promise<void> {
  await db.deleteFrom('server').where('name', '=', name).execute();
}

function toServer(row: Selectable<Schema['server']>): RegisteredServer {
  return {
    name: row.name,
    title: row.title,
    description: row.description,
    upstream: row.upstream,
    transports: {
      ...(row.mcp_path !== null && { 'streamable-http': row.mcp_path }),
      ...(row.sse_path !== null && { sse: row.sse_path }),
    },
    tags: JSON.parse(row.tags),
    version: row.version,
    repository: row.repository,
    license: row.license,
    icons: JSON.parse(row.icons),
    auth: row.auth_secret === null ? null : { secret: row.auth_secret },
    alias: row.alias,
    enabled: row.enabled === 1,
    revision: row.revision,
    updatedAt: new Date(row.updated_at),
  };
}

function toRow(server: RegisteredServer): Selectable<Schema['server']> {
  return {
    name: server.name,
    revision: server.revision,
    enabled: Number(server.enabled),
    title: server.title,
    description: server.description,
    upstream: server.upstream,
    mcp_path: server.transports['streamable-http'] ?? null,
    sse_path: server.transports.sse ?? null,
    tags: JSON.stringify(server.tags),
    version: server.version,
    repository: server.repository,
    license: server.license,
    icons: JSON.stringify(server.icons),
    auth_secret: server.auth?.secret ?? null,
    alias: server.alias,
    updated_at: server.updatedAt.toISOString(),
  };
}
