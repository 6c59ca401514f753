import type { Insertable, Selectable } from 'kysely';
import { asking } from './asking.ts';
import type { Database } from './database.ts';
import type { KeyStore, StoredKey } from './key-store.ts';
import type { Schema } from './migrations.ts';

/** The keys that sign assertions, in the database. */
export function createKeyTable({ db, alone, scrub }: Database): KeyStore {
  const all = db.selectFrom('assertion_key').selectAll().orderBy('id').compile();
  return {
    list: async () => (await asking(() => db.executeQuery(all))).rows.map(storedKey),
    async update(change) {
      await db.transaction().execute(async (transaction) => {
        // Not by isolation: of two processes that start at once on an empty database, PostgreSQL would fail one.
        await alone(transaction, 'keys');
        const keys = await change((await transaction.executeQuery(all)).rows.map(storedKey));
        await transaction.deleteFrom('assertion_key').execute();
        if (keys.length > 0) await transaction.insertInto('assertion_key').values(keys.map(keyRow)).execute();
      });
      await scrub();
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
