import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { JWK } from 'jose';
import { Kysely } from 'kysely';
import { Migrator } from 'kysely/migration';
import { LRUCache } from 'lru-cache';
import type { KeyStore } from './key-store.ts';
import { migrations, type Schema } from './migrations.ts';
import type { SessionRecord, SessionStore } from './session-store.ts';
import { nodeSqlite } from './sqlite.ts';

/** Everything the auth-server keeps between restarts, in one SQLite file. */
export interface Store {
  sessions: SessionStore;
  keys: KeyStore;
  close(): Promise<void>;
}

const changeCheckMilliseconds = 500;

/**
 * Opens (and on first use makes) `auth-server.db` in `directory`, readable by this user only.
 * Records are also kept in memory; another process's change empties that memory within half a second.
 */
export async function openStore(directory: string): Promise<Store> {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const path = join(directory, 'auth-server.db');
  const { dialect, database } = nodeSqlite(path);
  chmodSync(path, 0o600);
  const db = new Kysely<Schema>({ dialect });
  const { error } = await new Migrator({ db, provider: { getMigrations: async () => migrations } }).migrateToLatest();
  if (error) throw error;

  const known = new LRUCache<string, SessionRecord>({ max: 50_000, ttl: 60_000 });
  const version = database.prepare('PRAGMA data_version');
  let seen = version.get()?.data_version;
  const timer = setInterval(() => {
    const now = version.get()?.data_version;
    if (now !== seen) known.clear();
    seen = now;
  }, changeCheckMilliseconds);
  timer.unref();

  return {
    sessions: sessionStore(db, known),
    keys: {
      load: () => {
        const row = database.prepare('select jwk from assertion_key order by created_at desc limit 1').get();
        return row ? (JSON.parse(String(row.jwk)) as JWK) : undefined;
      },
      async save(key) {
        const row = { id: 1, kid: String(key.kid), jwk: JSON.stringify(key), created_at: seconds() };
        await db
          .insertInto('assertion_key')
          .values(row)
          .onConflict((c) => c.column('id').doNothing())
          .execute();
        return this.load() ?? key;
      },
    },
    async close() {
      clearInterval(timer);
      await db.destroy();
    },
  };
}

function sessionStore(db: Kysely<Schema>, known: LRUCache<string, SessionRecord>): SessionStore {
  return {
    async add({ sid, sub, username, groups, createdAt, expiresAt }) {
      await db.deleteFrom('session').where('expires_at', '<', seconds()).execute();
      const row = { sid, sub, username, groups: JSON.stringify(groups), created_at: createdAt, expires_at: expiresAt };
      await db.insertInto('session').values(row).execute();
    },
    async find(sid) {
      const kept = known.get(sid);
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
    },
  };
}

function seconds(): number {
  return Math.floor(Date.now() / 1000);
}
