import { type Generated, type Kysely, sql } from 'kysely';
import type { DatabaseKind } from '../../common/database/database.ts';
import { addSerialId, type SchemaChanges } from '../../common/database/migrations.ts';
import { type AccountSchema, accounts } from './accounts/schema.ts';
import { createKeyTable, type KeyTable } from './key-table.ts';
import { type PolicySchema, policyVersions } from './policy/schema.ts';

/** The tables as Kysely sees them. Times in seconds since 1970; lists as JSON text. `ended` is the revocation feed. */
export interface Schema extends AccountSchema, PolicySchema {
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
    kind: string;
    oauth_client: string | null;
    oauth_client_name: string | null;
    resource: string | null;
    idle_seconds: number | null;
    tried_at: number;
    shown_name: string | null;
    login_address: string | null;
    used_address: string | null;
  };
  person: {
    provider: string;
    sub: string;
    groups: string;
    refreshed_at: number;
    leased_until: number;
    fence: number;
  };
  revocation: { kind: string; value: string; at: number };
  assertion_key: KeyTable;
  access_token_key: KeyTable;
  binding: {
    key: string;
    kind: string;
    server: string;
    id: string;
    owner: string;
    target: string | null;
    opens_pages: number;
    used_at: number;
  };
  ended: { id: Generated<number>; mark: string; at: number };
  used: { digest: string; until: number };
  secret: { name: string; value: string };
  ended_access: {
    id: Generated<number>;
    at: number;
    by_sub: string;
    by_name: string;
    what: string;
    person: string | null;
    client: string | null;
    ended: number | null;
  };
}

/** Numbers of the locks. The registry takes 7860 in a database that both may share. */
export const turns = { revocations: 7_870, keys: 7_871, sessions: 7_872, accounts: 7_873 } as const;

/** Every change of the tables. Never edit a change that has been released; add another one. */
export const changes: SchemaChanges = {
  '001-sessions-and-keys': sessionsAndKeys,
  '002-key-rotation': keyRotation,
  '003-bindings-and-ends': bindingsAndEnds,
  '004-confirmed-sessions': confirmedSessions,
  '005-used-once': usedOnce,
  '006-bindings-by-server': bindingsByServer,
  '007-people-and-clients': peopleAndClients,
  '010-secrets': secrets,
  '011-ended-access': endedAccess,
  '012-accounts': accounts,
  '013-clients-that-open-pages': clientsThatOpenPages,
  '014-addresses-of-sessions': addressesOfSessions,
  '015-policy-versions': policyVersions,
  '016-sessions-by-end': sessionsByEnd,
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

/**
 * Sessions of clients beside those of browsers, the groups of each person, and keys of their own for access tokens. A release
 * without this change may run beside this one for a while: it writes sessions without the new columns, and replaces all rows
 * of `assertion_key`, so the other keys have a table of their own.
 */
async function peopleAndClients(db: Kysely<unknown>, kind: DatabaseKind): Promise<void> {
  const session = db.schema.alterTable('session');
  await session.addColumn('kind', 'text', (c) => c.notNull().defaultTo('browser')).execute();
  for (const name of ['oauth_client', 'oauth_client_name', 'resource', 'shown_name'])
    await session.addColumn(name, 'text').execute();
  await session.addColumn('idle_seconds', 'integer').execute();
  await session.addColumn('tried_at', 'integer', (c) => c.notNull().defaultTo(0)).execute();
  await sql`update session set tried_at = refreshed_at`.execute(db);
  await db.schema.createIndex('session_person').on('session').columns(['provider', 'sub']).execute();
  await db.schema
    .createTable('person')
    .addColumn('provider', 'text', (c) => c.notNull())
    .addColumn('sub', 'text', (c) => c.notNull())
    .addColumn('groups', 'text', (c) => c.notNull())
    .addColumn('refreshed_at', 'integer', (c) => c.notNull())
    .addColumn('leased_until', 'integer', (c) => c.notNull().defaultTo(0))
    .addColumn('fence', 'integer', (c) => c.notNull().defaultTo(0))
    .addPrimaryKeyConstraint('person_key', ['provider', 'sub'])
    .execute();
  // The newest word of the provider on each person. Two sessions may have heard it in the same second.
  await sql`insert into person (provider, sub, "groups", refreshed_at)
    select provider, sub, "groups", refreshed_at from session as s
    where refreshed_at = (select max(refreshed_at) from session as o where o.provider = s.provider and o.sub = s.sub)
    on conflict do nothing`.execute(db);
  await createKeyTable(db, kind, 'access_token_key');
}

/** Random secrets that are made at their first use. */
async function secrets(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('secret')
    .addColumn('name', 'text', (c) => c.primaryKey())
    .addColumn('value', 'text', (c) => c.notNull())
    .execute();
}

/** What administrators have ended: who, whose and how much. `ended` is null until it is done. */
async function endedAccess(db: Kysely<unknown>, kind: DatabaseKind): Promise<void> {
  await addSerialId(db.schema.createTable('ended_access'), kind)
    .addColumn('at', 'integer', (c) => c.notNull())
    .addColumn('by_sub', 'text', (c) => c.notNull())
    .addColumn('by_name', 'text', (c) => c.notNull())
    .addColumn('what', 'text', (c) => c.notNull())
    .addColumn('person', 'text')
    .addColumn('client', 'text')
    .addColumn('ended', 'integer')
    .execute();
  await db.schema.createIndex('session_client').on('session').column('oauth_client').execute();
  await db.schema.createIndex('session_sub').on('session').column('sub').execute();
}

/** Where the person of a session has logged in, and where it was last used. Of older sessions it is not known. */
async function addressesOfSessions(db: Kysely<unknown>): Promise<void> {
  for (const name of ['login_address', 'used_address'])
    await db.schema.alterTable('session').addColumn(name, 'text').execute();
}

/** Whether the client of a session can ask its person to open a page. Of older sessions it is not known. */
async function clientsThatOpenPages(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .alterTable('binding')
    .addColumn('opens_pages', 'integer', (c) => c.notNull().defaultTo(0))
    .execute();
}

/** Each login deletes what has ended. Without an index it would look at every session, and at everything used once. */
async function sessionsByEnd(db: Kysely<unknown>): Promise<void> {
  await db.schema.createIndex('session_expires').on('session').column('expires_at').execute();
  await db.schema.createIndex('used_until').on('used').column('until').execute();
}
