import type { Kysely, Selectable } from 'kysely';
import type { RegisteredServer, ServerAuth } from '../servers/server.ts';
import { lastChange } from './change-log.ts';
import type { RegistryDatabase } from './database.ts';
import type { Schema } from './tables/schema.ts';

/** The registry's servers, read-only and from memory. */
export interface ServerStore {
  /** All servers, sorted by name. */
  list(): readonly RegisteredServer[];
  get(name: string): RegisteredServer | undefined;
}

/** All servers in memory, as the last change left them. */
export async function createServerCache({ db }: RegistryDatabase) {
  /** Number of the last change that was read. */
  let cursor = -1;
  /** Number of the last change that this process made. */
  let own = 0;
  let servers = new Map<string, RegisteredServer>();
  let listed: readonly RegisteredServer[] = [];
  const keep = (all: readonly RegisteredServer[]) => {
    listed = all;
    servers = new Map(all.map((server) => [server.name, server]));
  };
  /** Reads all servers again if there is a newer change. @returns whether there was one */
  const follow = async (): Promise<boolean> => {
    const last = await lastChange(db);
    if (last === cursor) return false;
    const all = await readServers(db);
    // This read began before a change of our own was committed, and may lack it.
    if (last < own) return false;
    keep(all);
    cursor = last;
    return true;
  };
  await follow();
  return {
    list: () => listed,
    get: (name: string) => servers.get(name),
    follow,
    /** Replaces or removes one server after change number `id` of this process. */
    put(id: number, name: string, server: RegisteredServer | undefined): void {
      own = Math.max(own, id);
      const others = listed.filter((each) => each.name !== name);
      keep([...others, ...(server ? [server] : [])].sort(byName));
    },
  };
}

/** Returns the server of this name, if there is one. */
export async function readServer(db: Kysely<Schema>, name: string): Promise<RegisteredServer | undefined> {
  const row = await db.selectFrom('server').selectAll().where('name', '=', name).executeTakeFirst();
  return row && toServer(row);
}

/** Inserts a server, or replaces the one of its name. A column of a later version keeps its value. */
export async function putServer(db: Kysely<Schema>, server: RegisteredServer): Promise<void> {
  const row = toRow(server);
  const query = db.insertInto('server').values(row);
  await query.onConflict((conflict) => conflict.column('name').doUpdateSet(row)).execute();
}

export async function deleteServer(db: Kysely<Schema>, name: string): Promise<void> {
  await db.deleteFrom('server').where('name', '=', name).execute();
}

async function readServers(db: Kysely<Schema>): Promise<RegisteredServer[]> {
  const rows = await db.selectFrom('server').selectAll().execute();
  // Sorted here, because SQLite and PostgreSQL sort differently.
  return rows.map(toServer).sort(byName);
}

function byName(a: RegisteredServer, b: RegisteredServer): number {
  return a.name < b.name ? -1 : 1;
}

/** A row as a server. */
export function toServer(row: Selectable<Schema['server']>): RegisteredServer {
  const { mcp_path, sse_path, auth_secret, auth_account, auth_checks, updated_at, ...others } = row;
  const { owner_sub, owner_name, disabled_by, awaits, ...same } = others;
  return {
    ...same,
    transports: {
      ...(mcp_path !== null && { 'streamable-http': mcp_path }),
      ...(sse_path !== null && { sse: sse_path }),
    },
    tags: JSON.parse(row.tags),
    forward_headers: row.forward_headers === null ? [] : JSON.parse(row.forward_headers),
    may: row.may === null ? [] : JSON.parse(row.may),
    icons: JSON.parse(row.icons),
    auth: authOf(row),
    members: row.members === null ? null : JSON.parse(row.members),
    // A registry of an earlier version over the same database may have enabled it without the right to do so.
    enabled: row.enabled === 1 && awaits !== 1,
    owner: owner_sub === null ? null : { sub: owner_sub, username: owner_name ?? owner_sub },
    disabledBy: disabled_by,
    awaits: awaits === 1,
    updatedAt: new Date(updated_at),
  };
}

function authOf({ auth_secret, auth_account, auth_checks }: Selectable<Schema['server']>): ServerAuth | null {
  // A secret beside an account: something else than this registry has written it. It must not get people's tokens.
  if (auth_secret !== null) return { secret: auth_secret };
  if (auth_account === null) return null;
  return { account: auth_account, ...(auth_checks !== null && { checks: auth_checks }) };
}

function toRow(server: RegisteredServer): Selectable<Schema['server']> {
  const { transports, auth, updatedAt, owner, disabledBy, awaits, ...same } = server;
  return {
    ...same,
    enabled: Number(same.enabled),
    mcp_path: transports['streamable-http'] ?? null,
    sse_path: transports.sse ?? null,
    tags: JSON.stringify(same.tags),
    forward_headers: JSON.stringify(same.forward_headers),
    may: JSON.stringify(same.may),
    icons: JSON.stringify(same.icons),
    members: same.members && JSON.stringify(same.members),
    auth_secret: auth && 'secret' in auth ? auth.secret : null,
    auth_account: auth && 'account' in auth ? auth.account : null,
    auth_checks: (auth && 'account' in auth && auth.checks) || null,
    owner_sub: owner?.sub ?? null,
    owner_name: owner?.username ?? null,
    disabled_by: disabledBy,
    awaits: awaits ? 1 : null,
    updated_at: updatedAt.toISOString(),
  };
}
