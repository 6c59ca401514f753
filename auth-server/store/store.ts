import { databaseKind, migrate } from '../../common/database/open.ts';
import { ping } from '../../common/database/ping.ts';
import { interval } from '../../common/time/interval.ts';
import { type BindingLimits, type BindingStore, DatabaseBindings } from './binding-store.ts';
import { createEndedStore, type EndedStore } from './ended-store.ts';
import type { KeyStore } from './key-store.ts';
import { createKeyTable } from './key-table.ts';
import { migrationsFor } from './migrations.ts';
import { createRevocationStore, type RevocationStore } from './revocation-store.ts';
import type { SessionStore } from './session-store.ts';
import { DatabaseSessions } from './session-table.ts';
import { openSqlite } from './sqlite.ts';
import { createUsedStore, type UsedStore } from './used-store.ts';

/** Everything the auth-server keeps between restarts. */
export interface Store {
  sessions: SessionStore;
  revocations: RevocationStore;
  keys: KeyStore;
  bindings: BindingStore;
  ended: EndedStore;
  used: UsedStore;
  /** Rejects when the database does not answer. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

const changeCheckMilliseconds = 400;
const writeUseMilliseconds = 30_000;
const bindingLimits: BindingLimits = { idleSeconds: 86_400, perOwner: 1_000 };
/** While the database cannot be asked, what is in memory is believed for this long. Then there are only refusals. */
const memorySeconds = 60;

/**
 * Opens the store and brings its tables up to date. Records are also kept in memory; another process's change empties
 * that memory within half a second.
 * @param where a folder for one SQLite file, or `postgres://…`
 * @param lookedUp told of each look-up of a session in memory whether it was a hit
 * @param onFailure told when the database could not be asked in the background
 * @param memory seconds for which a record in memory is believed without asking the database
 */
export async function openStore(
  where: string,
  lookedUp: (hit: boolean) => void = () => undefined,
  limits: BindingLimits = bindingLimits,
  onFailure: (error: unknown) => void = () => undefined,
  memory = memorySeconds,
): Promise<Store> {
  const kind = databaseKind(where);
  const postgres = kind === 'postgres' && (await import('./postgres.ts'));
  const database = postgres ? postgres.openPostgres(where, onFailure) : openSqlite(where);
  const { db } = database;
  // Kysely's own names: the tables of the first versions are called so.
  await migrate(database, migrationsFor(kind), 'kysely');

  const state = { version: undefined as unknown, heard: 0 };
  const ended = createEndedStore(database, () => state.heard);
  const bindings = new DatabaseBindings(db, limits, memory);
  const sessions = new DatabaseSessions(db, ended, lookedUp, memory);
  const look = async () => ({ version: await database.version(), heard: (await ended.since(undefined)).last });
  // Before the revocations are read: one that comes in between is then a change.
  Object.assign(state, await look());
  const revocations = await createRevocationStore(database, ended);
  const timers = [
    interval(
      writeUseMilliseconds,
      async () => void (await Promise.all([bindings.flush(), sessions.flush()])),
      onFailure,
    ),
    interval(
      changeCheckMilliseconds,
      async () => {
        const now = await look();
        if (now.version === state.version && now.heard === state.heard) return;
        sessions.forget();
        bindings.forget();
        await revocations.load();
        // Only then: what could not be read this time is read the next.
        Object.assign(state, now);
      },
      onFailure,
    ),
  ];
  return {
    sessions,
    revocations,
    keys: createKeyTable(database),
    bindings,
    ended,
    used: createUsedStore(db),
    ping: () => ping(db),
    async close() {
      for (const timer of timers) clearInterval(timer);
      await Promise.all([bindings.flush(), sessions.flush()]).catch(onFailure);
      await database.close();
    },
  };
}
