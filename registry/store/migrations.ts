import type { Generated, Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';
import type { DatabaseKind } from '../../common/database/database.ts';
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

type Change = (db: Kysely<unknown>, kind: DatabaseKind) => Promise<void>;

/** Every change of the tables, oldest first. A change that has landed is never edited, only followed by another. */
const changes: Record<string, Change> = {
  '001-servers-and-changes': serversAndChanges,
  '002-observed': observedTables,
  '003-upstream-secret': upstreamSecret,
  '004-published-name': publishedName,
};

/** @param kind which database: each numbers rows in its own way */
export function migrationsFor(kind: DatabaseKind): Record<string, Migration> {
  return Object.fromEntries(Object.entries(changes).map(([name, change]) => [name, { up: (db) => change(db, kind) }]));
}

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

  const change = db.schema.createTable('server_change');
  // Numbers must not be given out again: a server's revision is one of them.
  const numbered =
    kind === 'sqlite'
      ? change.addColumn('id', 'integer', (c) => c.primaryKey().autoIncrement())
      : change.addColumn('id', 'serial', (c) => c.primaryKey());
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
