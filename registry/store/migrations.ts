import type { Generated, Kysely } from 'kysely';
import type { DatabaseKind } from '../../common/database/database.ts';
import { addSerialId, type SchemaChanges } from '../../common/database/migrations.ts';
import { type ObservedSchema, observedTables } from './observed-tables.ts';

/** The tables as Kysely sees them. Times as ISO 8601 in UTC; lists and objects as JSON text; flags 0 or 1. */
export interface Schema extends ObservedSchema {
  server: {
    name: string;
    revision: number;
    enabled: number;
    title: string;
    description: string;
    upstream: string;
    mcp_path: string | null;
    sse_path: string | null;
    tags: string;
    version: string | null;
    repository: string | null;
    license: string | null;
    icons: string;
    /** Name of the secret that the upstream gets. */
    auth_secret: string | null;
    /** The name that its makers published it under. */
    alias: string | null;
    updated_at: string;
  };
  server_change: {
    id: Generated<number>;
    at: string;
    server: string;
    action: string;
    by_sub: string;
    by_name: string;
    fields: string;
  };
  registry_state: { key: string; value: string };
}

/** Every change of the tables, oldest first. A change that has landed is never edited, only followed by another. */
export const changes: SchemaChanges = {
  '001-servers-and-changes': serversAndChanges,
  '002-observed': observedTables,
  '003-upstream-secret': upstreamSecret,
  '004-published-name': publishedName,
};

async function upstreamSecret(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('server').addColumn('auth_secret', 'text').execute();
}

async function publishedName(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('server').addColumn('alias', 'text').execute();
}

async function serversAndChanges(db: Kysely<unknown>, kind: DatabaseKind): Promise<void> {
  const server = db.schema
    .createTable('server')
    .addColumn('name', 'text', (c) => c.primaryKey())
    .addColumn('revision', 'integer', (c) => c.notNull())
    .addColumn('enabled', 'integer', (c) => c.notNull());
  const texts = ['title', 'description', 'upstream', 'tags', 'icons', 'updated_at'];
  const optional = ['mcp_path', 'sse_path', 'version', 'repository', 'license'];
  const withTexts = texts.reduce((table, name) => table.addColumn(name, 'text', (c) => c.notNull()), server);
  await optional.reduce((table, name) => table.addColumn(name, 'text'), withTexts).execute();

  // A server's revision is one of these numbers.
  const numbered = addSerialId(db.schema.createTable('server_change'), kind);
  await ['at', 'server', 'action', 'by_sub', 'by_name', 'fields']
    .reduce((table, name) => table.addColumn(name, 'text', (c) => c.notNull()), numbered)
    .execute();
  await db.schema.createIndex('server_change_server').on('server_change').columns(['server', 'id']).execute();
  await db.schema
    .createTable('registry_state')
    .addColumn('key', 'text', (c) => c.primaryKey())
    .addColumn('value', 'text', (c) => c.notNull())
    .execute();
}
