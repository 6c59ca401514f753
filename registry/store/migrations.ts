import { type Generated, type Kysely, sql } from 'kysely';
import type { DatabaseKind } from '../../common/database/database.ts';
import { addSerialId, type SchemaChanges } from '../../common/database/migrations.ts';
import { saysReadOnly } from '../servers/definition.ts';
import { parameterHeaders } from '../servers/header-names.ts';

/** The tables as Kysely sees them. Times are ISO 8601 in UTC; lists and objects are JSON text; flags are 0 or 1. */
export interface Schema {
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
    /** Name of the secret for the upstream. */
    auth_secret: string | null;
    /** The entry of each person's own account at the upstream, and the secret for the registry's checks. */
    auth_account: string | null;
    auth_checks: string | null;
    /** The name in the server's `server.json`. */
    alias: string | null;
    /** A list of header names; null if it was never set. */
    forward_headers: string | null;
    /** The Host header that the server gets; null for the host of its address. */
    host_header: string | null;
    /** How many seconds a health check waits; null for the setting. */
    health_seconds: number | null;
    /** The members of a set, as JSON; null for a server. */
    members: string | null;
    /** What it may ask of clients, as a JSON list; null if it was never set. */
    may: string | null;
    /** Who owns it: subject and display name; null for no owner. */
    owner_sub: string | null;
    owner_name: string | null;
    /** The subject of the person who disabled it; null if it is enabled, or if that is unknown. */
    disabled_by: string | null;
    /** 1 while a change by its owner waits for a look. */
    awaits: number | null;
    updated_at: string;
  };
  /** The last owner of each name that was given up; null for none. */
  former_owner: { server: string; owner_sub: string | null };
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
  /** The last state of a server, as JSON, and the target that was checked. */
  server_health: { server: string; target: string; at: string; state: string };
  /** A server's last answer, as JSON. */
  server_seen: { server: string; target: string; at: string; seen: string };
  /** Each change of a server's state. */
  server_event: { server: string; at: string; state: string; latency_ms: number | null; reason: string | null };
  /** Sums of checks over `size` minutes from minute `start` since 1970. */
  server_checks: {
    server: string;
    size: number;
    start: number;
    ok: number;
    failed: number;
    total_ms: number;
    longest_ms: number;
  };
  /** When the registry first read a server's tools, and so approved them. */
  tool_baseline: { server: string; at: string };
  /** The approved definition of a tool; `parts` is JSON, or null if too large to store. `headers` are what its callers send, or null. */
  tool_pin: {
    server: string;
    name: string;
    hash: string;
    parts: string | null;
    at: string;
    by_name: string;
    headers: string | null;
    /** 1 if a person approved it, and not the registry at first sight, or an agent. */
    by_person: number | null;
    /** 1 if it says that the tool only reads. */
    read_only: number | null;
  };
  /** The definition of a tool that waits for approval. */
  tool_pending: {
    server: string;
    name: string;
    hash: string;
    parts: string | null;
    at: string;
    /** Why it cannot be approved; null if it can. */
    unusable: string | null;
    /** 1 if a person keeps the approved definition: this one waits until a check has seen that one again. */
    rejected: number | null;
  };
  /** What people ask for. Times are in seconds since 1970, by the database's clock; `tools` and `groups` are JSON. */
  access_request: {
    id: string;
    server: string;
    tools: string;
    reason: string;
    by_sub: string;
    by_name: string;
    groups: string;
    at: number;
    until: number;
    state: string;
    answered_at: number | null;
    answered_by_sub: string | null;
    answered_by_name: string | null;
    words: string | null;
  };
}

/** Every change of the tables. Never edit a change that has been released; add another one. */
export const changes: SchemaChanges = {
  '001-servers-and-changes': serversAndChanges,
  '002-observed': observedTables,
  '003-upstream-secret': (db) => db.schema.alterTable('server').addColumn('auth_secret', 'text').execute(),
  '004-published-name': (db) => db.schema.alterTable('server').addColumn('alias', 'text').execute(),
  '005-unusable-tools': (db) => db.schema.alterTable('tool_pending').addColumn('unusable', 'text').execute(),
  '006-forwarded-headers': forwardedHeaders,
  '007-health-seconds': (db) => db.schema.alterTable('server').addColumn('health_seconds', 'integer').execute(),
  '008-rejected-tools': (db) => db.schema.alterTable('tool_pending').addColumn('rejected', 'integer').execute(),
  '009-host-header': (db) => db.schema.alterTable('server').addColumn('host_header', 'text').execute(),
  '010-members-of-sets': (db) => db.schema.alterTable('server').addColumn('members', 'text').execute(),
  '011-what-servers-may-ask': (db) => db.schema.alterTable('server').addColumn('may', 'text').execute(),
  '012-accounts-at-servers': accountsAtServers,
  '013-access-requests': accessRequests,
  '014-approved-by-people': approvedByPeople,
  '015-owners': owners,
};

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

async function accountsAtServers(db: Kysely<unknown>): Promise<void> {
  for (const column of ['auth_account', 'auth_checks'])
    await db.schema.alterTable('server').addColumn(column, 'text').execute();
}

/** Whom an approval of first sight names. */
export const firstSight = 'first seen';

async function approvedByPeople(db: Kysely<unknown>): Promise<void> {
  for (const column of ['by_person', 'read_only'])
    await db.schema.alterTable('tool_pin').addColumn(column, 'integer').execute();
  const on = db as Kysely<Schema>;
  const byPeople = on.updateTable('tool_pin').set({ by_person: 1 }).where('by_name', 'not in', [firstSight, '']);
  await byPeople.execute();
  const pins = on.selectFrom('tool_pin').select(['server', 'name', 'parts']).where('parts', 'like', '%readOnlyHint%');
  for (const { server, name, parts } of await pins.execute()) {
    const says = saysReadOnly(JSON.parse(parts ?? '{}').annotations);
    const pin = on.updateTable('tool_pin').where('server', '=', server).where('name', '=', name);
    if (says) await pin.set({ read_only: 1 }).execute();
  }
}

async function accessRequests(db: Kysely<unknown>): Promise<void> {
  await make(
    db,
    'access_request',
    {
      text: ['id', 'server', 'tools', 'reason', 'by_sub', 'by_name', 'groups', 'state'],
      integer: ['at', 'until'],
      optional: ['answered_by_sub', 'answered_by_name', 'words'],
      optionalInteger: ['answered_at'],
    },
    ['id'],
  );
  await db.schema.createIndex('access_request_person').on('access_request').columns(['by_sub', 'state']).execute();
  // One open request of a person for a server, whatever two processes do at once.
  await sql`create unique index access_request_open on access_request (by_sub, server) where state = 'open'`.execute(
    db,
  );
}

/** Of the servers that are here, who registered them last owns them; of those that are gone, that person did. */
async function owners(db: Kysely<unknown>): Promise<void> {
  for (const column of ['owner_sub', 'owner_name', 'disabled_by'])
    await db.schema.alterTable('server').addColumn(column, 'text').execute();
  await db.schema.alterTable('server').addColumn('awaits', 'integer').execute();
  await make(db, 'former_owner', { text: ['server'], optional: ['owner_sub'] }, ['server']);
  const on = db as Kysely<Schema>;
  const here = new Set((await on.selectFrom('server').select('name').execute()).map(({ name }) => name));
  const log = on.selectFrom('server_change').select(['server', 'action', 'by_sub', 'by_name']).orderBy('id', 'asc');
  const last = new Map<string, { owner_sub: string; owner_name: string } | undefined>();
  for (const { server, action, by_sub, by_name } of await log.where('action', 'in', begins).execute())
    last.set(server, action === 'register' ? { owner_sub: by_sub, owner_name: by_name } : undefined);
  for (const [server, owner] of last) {
    if (!here.has(server))
      await on
        .insertInto('former_owner')
        .values({ server, owner_sub: owner?.owner_sub ?? null })
        .execute();
    else if (owner) await on.updateTable('server').set(owner).where('name', '=', server).execute();
  }
}

/** The actions with which a server begins. */
const begins = ['seed', 'configure', 'register', 'import'];

async function forwardedHeaders(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('server').addColumn('forward_headers', 'text').execute();
  await db.schema.alterTable('tool_pin').addColumn('headers', 'text').execute();
  const pins = (db as Kysely<Schema>).selectFrom('tool_pin').select(['server', 'name', 'parts']);
  for (const { server, name, parts } of await pins.where('parts', 'like', '%x-mcp-header%').execute()) {
    const headers = headersText(JSON.parse(parts ?? '{}').inputSchema);
    const pin = (db as Kysely<Schema>).updateTable('tool_pin').where('server', '=', server).where('name', '=', name);
    await pin.set({ headers }).execute();
  }
}

/** The column `headers` for a tool's `inputSchema`: names separated by commas, or null if there are none. */
export function headersText(inputSchema: unknown): string | null {
  return parameterHeaders(inputSchema).join() || null;
}

async function observedTables(db: Kysely<unknown>): Promise<void> {
  const texts = { text: ['server', 'target', 'at'] };
  await make(db, 'server_health', { ...texts, text: [...texts.text, 'state'] }, ['server']);
  await make(db, 'server_seen', { ...texts, text: [...texts.text, 'seen'] }, ['server']);
  await make(db, 'server_event', {
    text: ['server', 'at', 'state'],
    optional: ['reason'],
    optionalInteger: ['latency_ms'],
  });
  const sums = ['size', 'start', 'ok', 'failed', 'total_ms', 'longest_ms'];
  await make(db, 'server_checks', { text: ['server'], integer: sums }, ['server', 'size', 'start']);
  await make(db, 'tool_baseline', { text: ['server', 'at'] }, ['server']);
  const tool = ['server', 'name', 'hash', 'at'];
  await make(db, 'tool_pin', { text: [...tool, 'by_name'], optional: ['parts'] }, ['server', 'name']);
  await make(db, 'tool_pending', { text: tool, optional: ['parts'] }, ['server', 'name']);
  await db.schema.createIndex('server_event_server').on('server_event').columns(['server', 'at']).execute();
}

type Columns = Partial<Record<'text' | 'optional' | 'integer' | 'optionalInteger', string[]>>;

async function make(db: Kysely<unknown>, name: string, columns: Columns, key: string[] = []): Promise<void> {
  let table = db.schema.createTable(name);
  for (const column of columns.text ?? []) table = table.addColumn(column, 'text', (c) => c.notNull());
  for (const column of columns.optional ?? []) table = table.addColumn(column, 'text');
  for (const column of columns.integer ?? []) table = table.addColumn(column, 'integer', (c) => c.notNull());
  for (const column of columns.optionalInteger ?? []) table = table.addColumn(column, 'integer');
  if (key.length > 0) table = table.addPrimaryKeyConstraint(`${name}_key`, key as never);
  await table.execute();
}
