import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { type Insertable, Kysely, type Selectable } from 'kysely';
import { Migrator } from 'kysely/migration';
import { LRUCache } from 'lru-cache';
import { sessionMark } from '../ended-marks.ts';
import { type BindingLimits, type BindingStore, DatabaseBindings } from './binding-store.ts';
import { createEndedStore, type EndedStore } from './ended-store.ts';
import type { KeyStore, StoredKey } from './key-store.ts';
import { migrations, type Schema } from './migrations.ts';
import type { SessionRecord, SessionStore } from './session-store.ts';
import { nodeSqlite } from './sqlite.ts';

/** Everything the auth-server keeps between restarts, in one SQLite file. */
export interface Store {
  sessions: SessionStore;
  keys: KeyStore;
  bindings: BindingStore;
  ended: EndedStore;
  close(): Promise<void>;
}

const changeCheckMilliseconds = 500;
const writeUseMilliseconds = 30_000;
const bindingLimits: BindingLimits = { idleSeconds: 86_400, perOwner: 1_000 };

/**
 * Opens (and on first use makes) `auth-server.db` in `directory`, readable by this user only.
 * Records are also kept in memory; another process's change empties that memory within half a second.
 * @param lookedUp told of each look-up of a session in memory whether it was a hit
 */
export async function openStore(
  directory: string,
  lookedUp: (hit: boolean) => void = () => undefined,
  limits: BindingLimits = bindingLimits,
): Promise<Store> {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const path = join(directory, 'auth-server.db');
  const { dialect, database } = nodeSqlite(path);
  // Deleted private keys would otherwise stay readable in the file's free pages.
  database.exec('PRAGMA secure_delete=ON');
  chmodSync(path, 0o600);
  const db = new Kysely<Schema>({ dialect });
  const { error } = await new Migrator({ db, provider: { getMigrations: async () => migrations } }).migrateToLatest();
  if (error) throw error;

  const known = new LRUCache<string, SessionRecord>({ max: 50_000, ttl: 60_000 });
  const bindings = new DatabaseBindings(db, limits);
  const ended = createEndedStore(db);
  const version = database.prepare('PRAGMA data_version');
  let seen = version.get()?.data_version;
  const timer = setInterval(() => {
    const now = version.get()?.data_version;
    if (now !== seen) {
      known.clear();
      bindings.forget();
    }
    seen = now;
  }, changeCheckMilliseconds);
  timer.unref();
  // A failure is no harm: a binding that is in use is then only written again a little later.
  const useTimer = setInterval(() => void bindings.flush().catch(() => undefined), writeUseMilliseconds).unref();

  return {
    sessions: sessionStore(db, known, ended, lookedUp),
    keys: keyStore(db, database),
    bindings,
    ended,
    async close() {
      clearInterval(timer);
      clearInterval(useTimer);
      await bindings.flush();
      await db.destroy();
    },
  };
}

function sessionStore(
  db: Kysely<Schema>,
  known: LRUCache<string, SessionRecord>,
  ended: EndedStore,
  lookedUp: (hit: boolean) => void,
): SessionStore {
  return {
    async add({ sid, sub, username, groups, createdAt, expiresAt }) {
      await db.deleteFrom('session').where('expires_at', '<', seconds()).execute();
      const row = { sid, sub, username, groups: JSON.stringify(groups), created_at: createdAt, expires_at: expiresAt };
      await db.insertInto('session').values(row).execute();
    },
    async find(sid) {
      const kept = known.get(sid);
      lookedUp(kept !== undefined);
      if (kept) return kept;
      const row = await db.selectFrom('session').selectAll().where('sid', '=', sid).executeTakeFirst();
      if (!row) return undefined;
      const { groups, created_at: createdAt, expires_at: expiresAt, ...rest } = row;
      const record = { ...rest, groups: JSON.parse(groups) as string[], createdAt, expiresAt };
      known.set(sid, record);
      return record;
    },
    async end(sid) {
      known.delete(sid);
      await db.deleteFrom('session').where('sid', '=', sid).execute();
      known.delete(sid);
      await ended.add(sessionMark(sid));
    },
  };
}

function keyStore(db: Kysely<Schema>, database: DatabaseSync): KeyStore {
  const all = db.selectFrom('assertion_key').selectAll().orderBy('id').compile();
  return {
    list: async () => (await db.executeQuery(all)).rows.map(storedKey),
    async update(change) {
      await db.transaction().execute(async (transaction) => {
        const keys = await change((await transaction.executeQuery(all)).rows.map(storedKey));
        await transaction.deleteFrom('assertion_key').execute();
        if (keys.length > 0) await transaction.insertInto('assertion_key').values(keys.map(keyRow)).execute();
      });
      // The write-ahead log still holds what was overwritten. Not worth waiting for another process that is reading.
      await db.connection().execute(async () => {
        database.exec('PRAGMA busy_timeout=0');
        try {
          database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
        } finally {
          database.exec('PRAGMA busy_timeout=5000');
        }
      });
    },
  };
}

function storedKey(row: Selectable<Schema['assertion_key']>): StoredKey {
  return {
    kid: row.kid,
    jwk: JSON.parse(row.jwk),
    madeAt: row.created_at,
    signsSince: row.signs_since ?? undefined,
    stoppedAt: row.stopped_at ?? undefined,
  };
}

function keyRow(key: StoredKey): Insertable<Schema['assertion_key']> {
  return {
    kid: key.kid,
    jwk: JSON.stringify(key.jwk),
    created_at: key.madeAt,
    signs_since: key.signsSince ?? null,
    stopped_at: key.stoppedAt ?? null,
  };
}

function seconds(): number {
  return Math.floor(Date.now() / 1000);
}
