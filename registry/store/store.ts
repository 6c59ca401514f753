import { ping } from '../../common/database/ping.ts';
import { interval } from '../../common/time/interval.ts';
import { RegistryError } from '../errors/registry-error.ts';
import { type RegisteredServer, type ServerSettings, settingsOf, targetOf } from '../servers/server.ts';
import {
  type Action,
  type Actor,
  type ChangeQuery,
  differences,
  lastChange,
  namesEver,
  noteChange,
  readChanges,
  registeredAt,
  type ServerChange,
} from './change-log.ts';
import { openRegistryDatabase, type RegistryDatabase, type Writing, writing } from './database.ts';
import { createDefinitionTable, type DefinitionTable, forgetDefinitions } from './definitions.ts';
import { createObservations, forgetObservations, type Observations } from './observations.ts';
import { dropServer, putServer, readServer, readServers } from './server-table.ts';

/** The registry's servers, to be read. Answers come from memory. */
export interface ServerStore {
  /** All servers, by name. */
  list(): readonly RegisteredServer[];
  get(name: string): RegisteredServer | undefined;
}

/** One change to make. */
export interface Write {
  name: string;
  /** The revision that is to be replaced; undefined if there must be none yet. */
  revision: number | undefined;
  /** What is kept from now on; undefined to forget the server. */
  next: ServerSettings | undefined;
  action: Action;
  by: Actor;
}

/** Everything the registry keeps between restarts. Reads of servers come from memory, everything else asks the database. */
export interface RegistryStore extends ServerStore {
  /**
   * Makes one change and notes it, in one step; once it returns, nothing loses it.
   * @returns the server as it is kept now, if it is
   * @throws {RegistryError} `name_taken`, `changed_meanwhile` or `not_found` when the revision is another, and
   *   `store_unavailable` when the database cannot be asked
   */
  change(write: Write): Promise<RegisteredServer | undefined>;
  /**
   * Keeps `servers` if this has never been done to this database, all of them or none. Of processes that start at once,
   * one does it.
   * @returns whether this was the time
   */
  seedOnce(servers: readonly ServerSettings[], by: Actor): Promise<boolean>;
  /** Brings the memory up to date at once, with what other processes have changed. */
  refresh(): Promise<void>;
  changes(query: ChangeQuery): Promise<ServerChange[]>;
  /** What was observed of servers. */
  observations: Observations;
  /** Which definitions of tools were approved. */
  definitions: DefinitionTable;
  /** The names of all servers that there are or were. */
  namesEver(): Promise<string[]>;
  /** When each server was registered, by name. */
  registeredAt(): Promise<ReadonlyMap<string, Date>>;
  /** Rejects when the database does not answer. */
  ping(): Promise<void>;
  /** Calls `listener` after another process has changed something. */
  onChange(listener: () => void): void;
  close(): Promise<void>;
}

const changeCheckMilliseconds = 400;

/**
 * Opens the store and brings its tables up to date. Servers are also kept in memory, which follows the changes of other
 * processes within half a second.
 * @param where `postgres://…`, or the path of a SQLite file (`:memory:` for none)
 * @param onFailure told when the database could not be asked in the background
 */
export async function openStore(
  where: string,
  onFailure: (error: unknown) => void = () => undefined,
): Promise<RegistryStore> {
  const database = await openRegistryDatabase(where, onFailure);
  const memory = await createMemory(database).catch(async (error: unknown) => {
    await database.close();
    throw error;
  });
  const listeners: (() => void)[] = [];
  const catchUp = async () => {
    if (await memory.follow()) for (const listener of listeners) listener();
  };
  const timer = interval(changeCheckMilliseconds, catchUp, onFailure);
  return {
    list: memory.list,
    get: memory.get,
    async change(write) {
      const { id, server } = await asking(() => writing(database, (transaction) => makeChange(transaction, write)));
      memory.put(id, write.name, server);
      return server;
    },
    async seedOnce(servers, by) {
      const done = await writing(database, (transaction) => makeSeed(transaction, servers, by));
      await memory.follow();
      return done;
    },
    refresh: () => asking(catchUp),
    changes: (query) => asking(() => readChanges(database.db, query)),
    namesEver: () => asking(() => namesEver(database.db)),
    observations: createObservations(database),
    definitions: createDefinitionTable(database),
    registeredAt: () => asking(() => registeredAt(database.db)),
    ping: () => ping(database.db),
    onChange: (listener) => void listeners.push(listener),
    async close() {
      clearInterval(timer);
      await database.close();
    },
  };
}

async function makeSeed(transaction: Writing, servers: readonly ServerSettings[], by: Actor): Promise<boolean> {
  const mark = transaction.insertInto('registry_state').values({ key: 'seeded', value: new Date().toISOString() });
  const once = mark.onConflict((c) => c.column('key').doNothing()).returning('key');
  if (!(await once.executeTakeFirst())) return false;
  for (const next of servers)
    await makeChange(transaction, { name: next.name, revision: undefined, next, action: 'seed', by });
  return true;
}

async function makeChange(
  transaction: Writing,
  { name, revision, next, action, by }: Write,
): Promise<{ id: number; server: RegisteredServer | undefined }> {
  const before = await readServer(transaction, name);
  if (before?.revision !== revision) throw conflict(name, before, revision);
  if (next?.alias) await refuseTakenAlias(transaction, name, next.alias);
  const at = new Date();
  const fields = differences(before && settingsOf(before), next);
  const id = await noteChange(transaction, { at, server: name, action, by, fields });
  const server = next && { ...next, revision: id, updatedAt: at };
  if (server) await putServer(transaction, server);
  else await dropServer(transaction, name);
  if (!next) await forgetDefinitions(transaction, name);
  if (!next || !before || targetOf(before) !== targetOf(next)) await forgetObservations(transaction, name);
  return { id, server };
}

/** Two servers under one name of the MCP registry could not be told apart there. */
async function refuseTakenAlias(transaction: Writing, name: string, alias: string): Promise<void> {
  const rows = await transaction.selectFrom('server').select('name').where('alias', '=', alias).execute();
  if (rows.some((row) => row.name !== name))
    throw new RegistryError('name_taken', `Another server has the alias "${alias}" already.`);
}

function conflict(name: string, before: RegisteredServer | undefined, revision: number | undefined): RegistryError {
  if (!before) return new RegistryError('not_found', `There is no server called "${name}" any more.`);
  if (revision === undefined) return nameTaken(name);
  return changedMeanwhile(name);
}

/** What is said to somebody who wants a name that a server has. */
export function nameTaken(name: string): RegistryError {
  return new RegistryError('name_taken', `There is a server called "${name}" already: choose another name.`);
}

/** What is said to somebody who has not seen the server as it is now. */
export function changedMeanwhile(name: string): RegistryError {
  return new RegistryError(
    'changed_meanwhile',
    `Somebody else has changed "${name}" meanwhile. Load it again, and make your change to what is there now.`,
  );
}

async function asking<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof RegistryError) throw error;
    throw new RegistryError(
      'store_unavailable',
      'The registry cannot reach its database. Nothing is certain about this change: look again, then try again.',
      { cause: error },
    );
  }
}

/** The servers as the last change left them. */
async function createMemory({ db }: RegistryDatabase) {
  let heard = -1;
  let own = 0;
  let servers = new Map<string, RegisteredServer>();
  let listed: readonly RegisteredServer[] = [];
  const keep = (all: readonly RegisteredServer[]) => {
    listed = all;
    servers = new Map(all.map((server) => [server.name, server]));
  };
  /** Reads all again if there is a change that has not been heard of. */
  const follow = async (): Promise<boolean> => {
    const last = await lastChange(db);
    if (last === heard) return false;
    const all = await readServers(db);
    // Began before a change of our own landed: what was read may not have it yet.
    if (last < own) return false;
    keep(all);
    heard = last;
    return true;
  };
  await follow();
  return {
    list: () => listed,
    get: (name: string) => servers.get(name),
    follow,
    put(id: number, name: string, server: RegisteredServer | undefined): void {
      own = Math.max(own, id);
      const others = listed.filter((each) => each.name !== name);
      keep([...others, ...(server ? [server] : [])].sort((a, b) => (a.name < b.name ? -1 : 1)));
    },
  };
}
