import type { JWK } from 'jose';
import { type Insertable, type Kysely, type Selectable, sql } from 'kysely';
import type { DatabaseKind } from '../../common/database/database.ts';
import type { KeyTable } from './key-table.ts';
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
export type KeyPurpose = 'assertion' | 'access-token' | 'audit';

/** Tables of one form: a release that knows only the first replaces all its rows. */
const tables = { assertion: 'assertion_key', 'access-token': 'access_token_key', audit: 'audit_key' } as const;

type KeySchema = Record<(typeof tables)[KeyPurpose], KeyTable>;

/** The database in which a purpose has its table. */
export interface KeyDatabase {
  kind: DatabaseKind;
  db: Kysely<KeySchema>;
  /** Runs `work` in a transaction, in one process at a time. */
  alone<T>(work: (on: Kysely<KeySchema>) => Promise<T>): Promise<T>;
}

/** The keys of one purpose, shared by all processes. */
export function createKeyStore({ kind, db, alone }: KeyDatabase, purpose: KeyPurpose) {
  const table = tables[purpose];
  const all = db.selectFrom(table).selectAll().orderBy('id').compile();
  return {
    purpose,
    /** All keys, oldest first, as the last change of any process left them. Read for each signature. */
    list: async () => (await requestQuery(() => db.executeQuery(all))).rows.map(storedKey),
    /**
     * Passes the keys to `change` and stores exactly those that it returns, under a lock. If `change` throws, nothing
     * changes. Deleted keys are overwritten on disk, unless another process is reading at that moment.
     * @throws if `change` leaves out a key of the audit: what it has signed could not be verified any more
     */
    async update(change: (keys: StoredKey[]) => Promise<StoredKey[]>): Promise<void> {
      // A lock instead of SERIALIZABLE: of two processes starting on an empty database, PostgreSQL would abort one.
      await alone(async (transaction) => {
        const before = (await transaction.executeQuery(all)).rows.map(storedKey);
        const keys = await change(before);
        const isLost = ({ kid }: StoredKey) => !keys.some((key) => key.kid === kid);
        if (purpose === 'audit' && before.some(isLost)) throw new Error('A key of the audit must not be deleted.');
        await transaction.deleteFrom(table).execute();
        if (keys.length > 0) await transaction.insertInto(table).values(keys.map(keyRow)).execute();
      });
      if (kind === 'sqlite') await truncateLog(db);
    },
  };
}

/** SQLite's write-ahead log still holds what was overwritten. Gives up if another process is reading. */
async function truncateLog(db: Kysely<KeySchema>): Promise<void> {
  await db.connection().execute(async (connection) => {
    await sql`pragma busy_timeout = 0`.execute(connection);
    try {
      await sql`pragma wal_checkpoint(truncate)`.execute(connection);
    } finally {
      await sql`pragma busy_timeout = 5000`.execute(connection);
    }
  });
}

function storedKey(row: Selectable<KeyTable>): StoredKey {
  return {
    kid: row.kid,
    jwk: JSON.parse(row.jwk),
    madeAt: row.created_at,
    signsSince: row.signs_since ?? undefined,
    stoppedAt: row.stopped_at ?? undefined,
  };
}

function keyRow(key: StoredKey): Insertable<KeyTable> {
  return {
    kid: key.kid,
    jwk: JSON.stringify(key.jwk),
    created_at: key.madeAt,
    signs_since: key.signsSince ?? null,
    stopped_at: key.stoppedAt ?? null,
  };
}
