import { ping } from '../../common/database/database.ts';
import { interval } from '../../common/time/interval.ts';
import { RegistryError } from '../errors/registry-error.ts';
import { type RegisteredServer, type ServerSettings, type Standing, settingsOf, targetOf } from '../servers/server.ts';
import {
  type Action,
  type Actor,
  type ChangeQuery,
  differences,
  namesEver,
  noteChange,
  readActors,
  readChanges,
  registeredAt,
  standingFields,
} from './change-log.ts';
import { openRegistryDatabase, type Writing, writing } from './database.ts';
import { createDefinitionTable, forgetDefinitions } from './definitions.ts';
import { keepFormerOwner, readFormerOwner } from './former-owners.ts';
import { createObservations, forgetObservations } from './observations.ts';
import { createRequestTable, endRequests, endRequestsOfGone } from './requests.ts';
import { createServerCache, deleteServer, putServer, readServer } from './servers.ts';

/** One change of one server. */
export interface Write {
  name: string;
  /** The revision to replace; undefined if there must be none yet. */
  revision: number | undefined;
  /** The new settings; undefined to delete the server. */
  next: ServerSettings | undefined;
  action: Action;
  by: Actor;
  /** What changes beside the settings. Default: what follows from them. */
  standing?: Partial<Standing> | undefined;
}

/** Everything that the registry stores. Servers are read from memory, everything else from the database. */
export type RegistryStore = Awaited<ReturnType<typeof openStore>>;

const changeCheckMilliseconds = 400;

/**
 * Opens the store and migrates its tables. The servers in memory follow the changes of other processes within half a
 * second.
 * @param where `postgres://…`, or the path of a SQLite file (`:memory:` for none)
 * @param onFailure receives the errors of background reads
 */
export async function openStore(where: string, onFailure: (error: unknown) => void = () => undefined) {
  const database = await openRegistryDatabase(where, onFailure);
  const memory = await createServerCache(database).catch(async (error: unknown) => {
    await database.close();
    throw error;
  });
  const listeners: (() => void)[] = [];
  const catchUp = async () => {
    if (!(await memory.follow())) return;
    for (const listener of listeners) listener();
    await endRequestsOfGone(database);
  };
  const timer = interval(changeCheckMilliseconds, catchUp, onFailure);
  return {
    list: memory.list,
    get: memory.get,
    /**
     * Makes one change and logs it in the same transaction. It is durable once this returns.
     * @returns the new state of the server; undefined if it was deleted
     * @throws {RegistryError} `name_taken`, `changed_meanwhile` or `not_found` when the revision does not match, and
     *   `store_unavailable` when the database does not answer
     */
    async change(write: Write): Promise<RegisteredServer | undefined> {
      const { id, server } = await asking(() => writing(database, (transaction) => makeChange(transaction, write)));
      memory.put(id, write.name, server);
      return server;
    },
    /**
     * Inserts all `servers`, once for each database. Of processes that start at once, one does it.
     * @returns whether this call did it
     */
    async seedOnce(servers: readonly ServerSettings[], by: Actor): Promise<boolean> {
      const done = await writing(database, (transaction) => makeSeed(transaction, servers, by));
      await memory.follow();
      return done;
    },
    /** Loads the changes of other processes now. */
    refresh: () => asking(catchUp),
    changes: (query: ChangeQuery) => asking(() => readChanges(database.db, query)),
    /** The names of all servers, deleted ones included. */
    namesEver: () => asking(() => namesEver(database.db)),
    /** The subject of the last owner of a name that was given up; null if it had none. */
    formerOwner: (name: string) => asking(() => readFormerOwner(database.db, name)),
    /** The people and agents who have changed servers, the last first. */
    actors: (limit: number) => asking(() => readActors(database.db, limit)),
    observations: createObservations(database),
    definitions: createDefinitionTable(database),
    requests: createRequestTable(database),
    /** When each server was registered, by name. */
    registeredAt: () => asking(() => registeredAt(database.db)),
    /** Rejects if the database does not answer. */
    ping: () => ping(database.db),
    /** Calls `listener` after a change by another process. */
    onChange: (listener: () => void) => void listeners.push(listener),
    async close(): Promise<void> {
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

/** @returns the number of the change, and the new state of the server */
async function makeChange(transaction: Writing, write: Write) {
  const { name, revision, next, action, by } = write;
  const before = await readServer(transaction, name);
  if (before?.revision !== revision) throw conflict(name, before, revision);
  if (next?.alias) await refuseTakenAlias(transaction, name, next.alias);
  const at = new Date();
  const standing = standingAfter(before, write);
  const fields = { ...differences(before && settingsOf(before), next), ...standingFields(before, next && standing) };
  const id = await noteChange(transaction, { at, server: name, action, by, fields });
  const server: RegisteredServer | undefined = next && { ...next, ...standing, revision: id, updatedAt: at };
  if (server) await putServer(transaction, server);
  else await deleteServer(transaction, name);
  // Also for a new server: a release without requests may have deleted the former one.
  if (!next || !before) await endRequests(transaction, name);
  if (!next) {
    await keepFormerOwner(transaction, name, before?.owner, action === 'undo');
  }
  // Not when it moves: nginx may refuse that, and the tools that wait for approval would be approved at first sight.
  const isNewAgain = before?.awaits && !standing.awaits && action !== 'undo';
  if (!next || isNewAgain) await forgetDefinitions(transaction, name);
  if (!next || !before || targetOf(before) !== targetOf(next)) await forgetObservations(transaction, name);
  return { id, server };
}

function standingAfter(before: RegisteredServer | undefined, { next, by, standing = {} }: Write): Standing {
  const { owner = null, disabledBy = null, awaits = false } = before ?? {};
  const isDisabledNow = next?.enabled === false && before?.enabled !== false;
  return {
    owner,
    disabledBy: next?.enabled ? null : isDisabledNow ? by.sub : disabledBy,
    awaits: awaits && !next?.enabled,
    ...standing,
  };
}

/** The MCP registry API lists servers by alias, so two servers must not share one. */
async function refuseTakenAlias(transaction: Writing, name: string, alias: string): Promise<void> {
  const rows = await transaction.selectFrom('server').select('name').where('alias', '=', alias).execute();
  if (rows.some((row) => row.name !== name))
    throw new RegistryError('name_taken', `Another server has the alias "${alias}" already.`);
}

function conflict(name: string, before: RegisteredServer | undefined, revision: number | undefined): RegistryError {
  if (!before) return new RegistryError('not_found', `There is no server called "${name}" any more.`);
  return revision === undefined ? nameTaken(name) : changedMeanwhile(name);
}

/** The error when a new server's name is taken. */
export function nameTaken(name: string): RegistryError {
  return new RegistryError('name_taken', `There is a server called "${name}" already: choose another name.`);
}

/** The error when a user changes an old revision of a server. */
export function changedMeanwhile(name: string): RegistryError {
  return new RegistryError(
    'changed_meanwhile',
    `Another user has changed "${name}" meanwhile. Load it again, and repeat your change.`,
  );
}

/** @throws {RegistryError} what `work` throws, and `store_unavailable` for everything else */
export async function asking<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof RegistryError) throw error;
    throw new RegistryError(
      'store_unavailable',
      'The registry cannot reach its database. It is unknown whether this change was made: check it, then try again.',
      { cause: error },
    );
  }
}
