import type { Kysely } from 'kysely';
import type { ServerSettings, Standing } from '../servers/server.ts';
import type { Writing } from './database.ts';
import type { Schema } from './tables/schema.ts';

/**
 * What was done to a server. `seed` and `configure` come from SERVERS_FILE. `undo` reverts a change that nginx refused.
 * `import` registers a server that was published elsewhere, `update` takes what was published since.
 * `rename` comes from the operator's command. `first-seen` is the registry's own approval of a server's tools when it first reads them.
 */
export type Action =
  | 'seed'
  | 'configure'
  | 'register'
  | 'import'
  | 'update'
  | 'edit'
  | 'enable'
  | 'disable'
  | 'delete'
  | 'undo'
  | 'rename'
  | 'first-seen'
  | 'approve';

/** Who did it: stable subject and display name. */
export interface Actor {
  sub: string;
  username: string;
}

export interface ServerChange {
  id: number;
  at: Date;
  server: string;
  action: Action;
  by: Actor;
  /** The old and new values of the changed fields; null for none. */
  fields: Readonly<Record<string, { from: unknown; to: unknown }>>;
}

/** Selects changes of `servers` with a number below `before`, newest first. */
export interface ChangeQuery {
  servers: readonly string[];
  before?: number | undefined;
  limit: number;
}

/** Logs a change, in the transaction that makes it. @returns its number, higher than all earlier ones */
export async function noteChange(transaction: Writing, change: Omit<ServerChange, 'id'>): Promise<number> {
  const { at, server, action, by, fields } = change;
  const who = { by_sub: by.sub, by_name: by.username };
  const row = { at: at.toISOString(), server, action, ...who, fields: JSON.stringify(fields) };
  const { id } = await transaction.insertInto('server_change').values(row).returning('id').executeTakeFirstOrThrow();
  return id;
}

/** The fields that differ between two states of a server. */
export function differences(before: ServerSettings | undefined, after: ServerSettings | undefined) {
  const fields: Record<string, { from: unknown; to: unknown }> = {};
  for (const key of Object.keys(before ?? after ?? {}) as (keyof ServerSettings)[]) {
    const [from, to] = [before?.[key] ?? null, after?.[key] ?? null];
    if (key !== 'name' && JSON.stringify(from) !== JSON.stringify(to)) fields[key] = { from, to };
  }
  return fields;
}

/** The fields beside the settings that differ: by name of the owner, because a subject tells readers nothing. */
export function standingFields(before: Standing | undefined, after: Standing | undefined): ServerChange['fields'] {
  const [from, to] = [before, after].map((each) => ({ owner: each?.owner?.username ?? null, awaits: each?.awaits }));
  return {
    ...(before?.owner?.sub !== after?.owner?.sub && { owner: { from: from?.owner, to: to?.owner } }),
    ...(Boolean(from?.awaits) !== Boolean(to?.awaits) && { awaits: { from: from?.awaits, to: to?.awaits } }),
  };
}

/** The number of the last change; 0 if there is none. */
export async function lastChange(db: Kysely<Schema>): Promise<number> {
  const row = await db
    .selectFrom('server_change')
    .select((e) => e.fn.max('id').as('last'))
    .executeTakeFirst();
  return Number(row?.last ?? 0);
}

/** The names of all servers, deleted ones included. */
export async function namesEver(db: Kysely<Schema>): Promise<string[]> {
  const rows = await db.selectFrom('server_change').select('server').distinct().execute();
  return rows.map(({ server }) => server);
}

/** The people and agents who have changed servers, the last first. */
export async function readActors(db: Kysely<Schema>, limit: number): Promise<Actor[]> {
  const rows = await db
    .selectFrom('server_change')
    .select((e) => ['by_sub', e.fn.max('by_name').as('by_name'), e.fn.max('id').as('last')])
    .where('by_sub', 'not like', '#%')
    .groupBy('by_sub')
    .orderBy('last', 'desc')
    .limit(limit)
    .execute();
  return rows.map(({ by_sub, by_name }) => ({ sub: by_sub, username: by_name }));
}

/** When each server was last registered, by name. */
export async function registeredAt(db: Kysely<Schema>): Promise<Map<string, Date>> {
  const first = ['seed', 'register', 'import', 'configure'];
  const rows = await db
    .selectFrom('server_change')
    .select((e) => ['server', 'action', e.fn.max('at').as('at')])
    .where('action', 'in', first)
    .groupBy(['server', 'action'])
    .orderBy('action', 'asc')
    .execute();
  // `configure` sorts first, so it only counts for a server that was not registered otherwise.
  return new Map(rows.map(({ server, at }) => [server, new Date(at)]));
}

/** Reads the change log. */
export async function readChanges(db: Kysely<Schema>, query: ChangeQuery): Promise<ServerChange[]> {
  if (query.servers.length === 0) return [];
  const { servers, before, limit } = query;
  const all = db.selectFrom('server_change').selectAll().where('server', 'in', servers).orderBy('id', 'desc');
  const rows = await (before === undefined ? all : all.where('id', '<', before)).limit(limit).execute();
  return rows.map(({ id, at, server, action, by_sub, by_name, fields }) => ({
    id,
    at: new Date(at),
    server,
    action: action as Action,
    by: { sub: by_sub, username: by_name },
    fields: JSON.parse(fields),
  }));
}
