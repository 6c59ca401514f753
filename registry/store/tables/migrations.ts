import { type Kysely, sql } from 'kysely';
import type { DatabaseKind } from '../../../common/database/database.ts';
import { addSerialId, type SchemaChanges } from '../../../common/database/migrations.ts';
import { saysReadOnly } from '../../servers/definition.ts';
import { firstSight, headersText, type Schema } from './schema.ts';

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
