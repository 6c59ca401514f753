import type { JWK } from 'jose';
import { type Insertable, type Kysely, type Selectable, sql } from 'kysely';
import type { Database } from '../../common/database/database.ts';
import { type Schema, turns } from './migrations.ts';
import { requestQuery } from './request-query.ts';

/**
 * A key that signs. It waits (published only), then signs, then has stopped (published only); never
 * backwards. Times in seconds since 1970.
 */
export interface StoredKey {
  kid: string;
  /** With its private half while it waits and signs; the public half alone once it has stopped. */
  jwk: JWK;
  madeAt: number;
  signsSince: number | undefined;
  stoppedAt: number | undefined;
}

export type KeyStore = ReturnType<typeof createKeyStore>;

/** What a key signs. A key is never used for another purpose. */
export type KeyPurpose = 'assertion' | 'access-token';

/** Two tables of one form: a release that knows only the first replaces all its rows. */
const tables = { assertion: 'assertion_key', 'access-token': 'access_token_key' } as const;

/** The keys of one purpose, shared by all processes. */
export function createKeyStore({ kind, db, alone }: Database<Schema>, purpose: KeyPurpose) {
  const table = tables[purpose] as 'assertion_key';
  const all = db.selectFrom(table).selectAll().orderBy('id').compile();
  return {
    purpose,
    /** All keys, oldest first, as the last change of any process left them. Read for each signature. */
    list: async () => (await requestQuery(() => db.executeQuery(all))).rows.map(storedKey),
    /**
     * Passes the keys to `change` and stores exactly those that it returns, under a lock. If `change` throws, nothing
     * changes. Deleted keys are overwritten on disk, unless another process is reading at that moment.
     */
    async update(change: (keys: StoredKey[]) => Promise<StoredKey[]>): Promise<void> {
      await db.transaction().execute(async (transaction) => {
        // A lock instead of SERIALIZABLE: of two processes starting on an empty database, PostgreSQL would abort one.
        await alone(transaction, turns.keys);
        const keys = await change((await transaction.executeQuery(all)).rows.map(storedKey));
        await transaction.deleteFrom(table).execute();
        if (keys.length > 0) await transaction.insertInto(table).values(keys.map(keyRow)).execute();
      });
      if (kind === 'sqlite') await truncateLog(db);
    },
  };
}

/** SQLite's write-ahead log still holds what was overwritten. Gives up if another process is reading. */
async function truncateLog(db: Kysely<Schema>): Promise<void> {
  await db.connection().execute(async (connection) => {
    await sql`pragma busy_timeout = 0`.execute(connection);
    try {
      await sql`pragma wal_checkpoint(truncate)`.execute(connection);
    } finally {
      await sql`pragma busy_timeout = 5000`.execute(connection);
    }
  });
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
