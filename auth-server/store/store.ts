import { Migrator } from 'kysely/migration';
import { type BindingLimits, type BindingStore, DatabaseBindings } from './binding-store.ts';
import { createEndedStore, type EndedStore } from './ended-store.ts';
import type { KeyStore } from './key-store.ts';
import { createKeyTable } from './key-table.ts';
import { migrationsFor } from './migrations.ts';
import { openPostgres } from './postgres.ts';
import { createRevocationStore, type RevocationStore } from './revocation-store.ts';
import type { SessionStore } from './session-store.ts';
import { DatabaseSessions } from './session-table.ts';
import { openSqlite } from './sqlite.ts';

/** Everything the auth-server keeps between restarts. */
export interface Store {
  sessions: SessionStore;
  revocations: RevocationStore;
  keys: KeyStore;
  bindings: BindingStore;
  ended: EndedStore;
  close(): Promise<void>;
}

const changeCheckMilliseconds = 400;
const writeUseMilliseconds = 30_000;
const bindingLimits: BindingLimits = { idleSeconds: 86_400, perOwner: 1_000 };

/**
 * Opens the store and brings its tables up to date. Records are also kept in memory; another process's change empties
 * that memory within half a second.
 * @param where a folder for one SQLite file, or `postgres://…`
 * @param lookedUp told of each look-up of a session in memory whether it was a hit
 * @param onFailure told when the database could not be asked in the background
 */
export async function openStore(
  where: string,
  lookedUp: (hit: boolean) => void = () => undefined,
  limits: BindingLimits = bindingLimits,
  onFailure: (error: unknown) => void = () => undefined,
): Promise<Store> {
  const kind = /^postgres(ql)?:/.test(where) ? 'postgres' : 'sqlite';
  const database = kind === 'postgres' ? openPostgres(where, onFailure) : openSqlite(where);
  const { db } = database;
  const { error } = await new Migrator({
    db,
    provider: { getMigrations: async () => migrationsFor(kind) },
  }).migrateToLatest();
  if (error) {
    await database.close();
    throw error;
  }

  const ended = createEndedStore(db, kind);
  const bindings = new DatabaseBindings(db, limits);
  const sessions = new DatabaseSessions(db, ended, lookedUp);
  const revocations = await createRevocationStore(db);
  const timers = [
    every(writeUseMilliseconds, async () => void (await Promise.all([bindings.flush(), sessions.flush()])), onFailure),
    await watchChanges(
      database.version,
      async () => {
        sessions.forget();
        bindings.forget();
        await revocations.load();
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
    async close() {
      for (const timer of timers) clearInterval(timer);
      await Promise.all([bindings.flush(), sessions.flush()]).catch(onFailure);
      await database.close();
    },
  };
}

async function watchChanges(
  version: () => Promise<unknown>,
  changed: () => Promise<void>,
  onFailure: (error: unknown) => void,
): Promise<NodeJS.Timeout> {
  let seen = await version();
  return every(
    changeCheckMilliseconds,
    async () => {
      const now = await version();
      if (now !== seen) await changed();
      // Only then: what could not be read this time is read the next.
      seen = now;
    },
    onFailure,
  );
}

/** Not one on top of the other: a database that is slow would be asked ever more often. */
function every(milliseconds: number, work: () => Promise<void>, onFailure: (error: unknown) => void): NodeJS.Timeout {
  let busy = false;
  const run = async () => {
    if (busy) return;
    busy = true;
    await work().catch(onFailure);
    busy = false;
  };
  return setInterval(() => void run(), milliseconds).unref();
}
