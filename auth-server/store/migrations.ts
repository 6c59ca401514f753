import { type Generated, type Kysely, sql } from 'kysely';
import type { DatabaseKind } from '../../common/database/database.ts';
import { addSerialId, type SchemaChanges } from '../../common/database/migrations.ts';

/** The tables as Kysely sees them. Times in seconds since 1970; lists as JSON text. `ended` is the revocation feed. */
export interface Schema {
  session: {
    sid: string;
    sub: string;
    username: string;
    groups: string;
    created_at: number;
    expires_at: number;
    provider: string;
    client_id: string;
    refreshed_at: number;
    last_seen: number;
    refresh_token: string | null;
    leased_until: number;
  };
  revocation: { kind: string; value: string; at: number };
  assertion_key: {
    id: Generated<number>;
    kid: string;
    jwk: string;
    created_at: number;
    signs_since: number | null;
    stopped_at: number | null;
  };
  binding: {
    key: string;
    kind: string;
    server: string;
    id: string;
    owner: string;
    target: string | null;
    used_at: number;
  };
  ended: { id: Generated<number>; mark: string; at: number };
  used: { digest: string; until: number };
  secret: { name: string; value: string };
}

/** Numbers of the locks. The registry takes 7860 in a database that both may share. */
export const turns = { revocations: 7_870, keys: 7_871 } as const;

/** Every change of the tables. Never edit a change that has been released; add another one. */
export const changes: SchemaChanges = {
  '001-sessions-and-keys': sessionsAndKeys,
  '002-key-rotation': keyRotation,
  '003-bindings-and-ends': bindingsAndEnds,
  '004-confirmed-sessions': confirmedSessions,
  '005-used-once': usedOnce,
  '006-bindings-by-server': bindingsByServer,
  '010-secrets': secrets,
};

async function sessionsAndKeys(db: Kysely<unknown>, kind: DatabaseKind): Promise<void> {
  await db.schema
    .createTable('session')
    .addColumn('sid', 'text', (c) => c.primaryKey())
    .addColumn('sub', 'text', (c) => c.notNull())
    .addColumn('username', 'text', (c) => c.notNull())
    .addColumn('groups', 'text', (c) => c.notNull())
    .addColumn('created_at', 'integer', (c) => c.notNull())
    .addColumn('expires_at', 'integer', (c) => c.notNull())
    .execute();
  await db.schema
    .createTable('assertion_key')
    .addColumn('id', kind === 'sqlite' ? 'integer' : 'serial', (c) => c.primaryKey())
    .addColumn('kid', 'text', (c) => c.notNull())
    .addColumn('jwk', 'text', (c) => c.notNull())
    .addColumn('created_at', 'integer', (c) => c.notNull())
    .execute();
}

async function keyRotation(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('assertion_key').addColumn('signs_since', 'integer').execute();
  await db.schema.alterTable('assertion_key').addColumn('stopped_at', 'integer').execute();
  // Before this change there was one key, and it signed from the moment it was made.
  await sql`update assertion_key set signs_since = created_at`.execute(db);
}

async function bindingsAndEnds(db: Kysely<unknown>, kind: DatabaseKind): Promise<void> {
  await db.schema
    .createTable('binding')
    .addColumn('key', 'text', (c) => c.primaryKey())
    .addColumn('kind', 'text', (c) => c.notNull())
    .addColumn('server', 'text', (c) => c.notNull())
    .addColumn('id', 'text', (c) => c.notNull())
    .addColumn('owner', 'text', (c) => c.notNull())
    .addColumn('target', 'text')
    .addColumn('used_at', 'integer', (c) => c.notNull())
    .execute();
  await db.schema.createIndex('binding_owner').on('binding').columns(['owner', 'kind', 'used_at']).execute();
  await db.schema.createIndex('binding_used').on('binding').column('used_at').execute();
  await addSerialId(db.schema.createTable('ended'), kind)
    .addColumn('mark', 'text', (c) => c.notNull())
    .addColumn('at', 'integer', (c) => c.notNull())
    .execute();
}

async function confirmedSessions(db: Kysely<unknown>): Promise<void> {
  // Old sessions do not record their provider or last use: their owners log in again.
  await sql`delete from session`.execute(db);
  const session = db.schema.alterTable('session');
  for (const name of ['refreshed_at', 'last_seen', 'leased_until'])
    await session.addColumn(name, 'integer', (c) => c.notNull().defaultTo(0)).execute();
  for (const name of ['provider', 'client_id'])
    await session.addColumn(name, 'text', (c) => c.notNull().defaultTo('')).execute();
  await session.addColumn('refresh_token', 'text').execute();
  await db.schema
    .createTable('revocation')
    .addColumn('kind', 'text', (c) => c.notNull())
    .addColumn('value', 'text', (c) => c.notNull())
    .addColumn('at', 'integer', (c) => c.notNull())
    .addPrimaryKeyConstraint('revocation_key', ['kind', 'value'])
    .execute();
}

async function usedOnce(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('used')
    .addColumn('digest', 'text', (c) => c.primaryKey())
    .addColumn('until', 'integer', (c) => c.notNull())
    .execute();
}

/** Bindings are counted for each owner and server. */
async function bindingsByServer(db: Kysely<unknown>): Promise<void> {
  await db.schema.dropIndex('binding_owner').execute();
  const columns = ['owner', 'kind', 'server', 'used_at'];
  await db.schema.createIndex('binding_owner_server').on('binding').columns(columns).execute();
}

/** Random secrets that are made at their first use. */
async function secrets(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('secret')
    .addColumn('name', 'text', (c) => c.primaryKey())
    .addColumn('value', 'text', (c) => c.notNull())
    .execute();
}
