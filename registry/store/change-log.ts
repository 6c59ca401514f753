import type { Kysely } from 'kysely';
import type { ServerSettings } from '../servers/server.ts';
import type { Writing } from './database.ts';
import type { Schema } from './migrations.ts';

/**
 * What was done to a server. `seed` and `configure` come from SERVERS_FILE; `undo` takes back what nginx refused;
 * `first-seen` is the registry's own approval of the tools that a server had when it first showed them.
 */
export type Action =
  | 'seed'
  | 'configure'
  | 'register'
  | 'edit'
  | 'enable'
  | 'disable'
  | 'delete'
  | 'undo'
  | 'first-seen'
  | 'approve';

/** Who did it: stable subject, and the name for showing. */
export interface Actor {
  sub: string;
  username: string;
}

/** One change of one server. */
export interface ServerChange {
  id: number;
  at: Date;
  server: string;
  action: Action;
  by: Actor;
  /** What was different before, by field; null for what was not there. */
  fields: Readonly<Record<string, { from: unknown; to: unknown }>>;
}

/** Which changes to read: those of `servers`, older than number `before`, the newest first. */
export interface ChangeQuery {
  servers: readonly string[];
  before?: number | undefined;
  limit: number;
}

/** Notes a change, in the transaction that makes it. @returns its number, higher than all before */
export async function noteChange(
  transaction: Writing,
  { at, server, action, by, fields }: Omit<ServerChange, 'id'>,
): Promise<number> {
  const row = {
    at: at.toISOString(),
    server,
    action,
    by_sub: by.sub,
    by_name: by.username,
    fields: JSON.stringify(fields),
  };
  const { id } = await transaction.insertInto('server_change').values(row).returning('id').executeTakeFirstOrThrow();
  return id;
}

/** What differs between two states of a server. */
export function differences(before: ServerSettings | undefined, after: ServerSettings | undefined) {
  const fields: Record<string, { from: unknown; to: unknown }> = {};
  for (const key of Object.keys(before ?? after ?? {}) as (keyof ServerSettings)[]) {
    const [from, to] = [before?.[key] ?? null, after?.[key] ?? null];
    if (key !== 'name' && JSON.stringify(from) !== JSON.stringify(to)) fields[key] = { from, to };
  }
  return fields;
}

/** The number of the last change; 0 when there was none. */
export async function lastChange(db: Kysely<Schema>): Promise<number> {
  const row = await db
    .selectFrom('server_change')
    .select((e) => e.fn.max('id').as('last'))
    .executeTakeFirst();
  return Number(row?.last ?? 0);
}

/** The names of all servers that there are or were. */
export async function namesEver(db: Kysely<Schema>): Promise<string[]> {
  const rows = await db.selectFrom('server_change').select('server').distinct().execute();
  return rows.map(({ server }) => server);
}

/** When each server was registered for the last time, by name. */
export async function registeredAt(db: Kysely<Schema>): Promise<Map<string, Date>> {
  const first = ['seed', 'register', 'configure'];
  const rows = await db
    .selectFrom('server_change')
    .select((e) => ['server', 'action', e.fn.max('at').as('at')])
    .where('action', 'in', first)
    .groupBy(['server', 'action'])
    .orderBy('action', 'asc')
    .execute();
  // `configure` sorts first: it only counts for a server that nobody registered.
  return new Map(rows.map(({ server, at }) => [server, new Date(at)]));
}

/** Reads the log. */
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
