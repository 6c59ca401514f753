import type { Kysely, Transaction } from 'kysely';
import type { Database } from '../../common/database/database.ts';
import { openDatabase } from '../../common/database/open.ts';
import { changes } from './tables/migrations.ts';
import type { Schema } from './tables/schema.ts';

/** The registry's database. */
export type RegistryDatabase = Database<Schema>;

/** A transaction that holds the registry's write lock. */
export type Writing = Transaction<Schema>;

/** Number of the write lock. The auth-server uses 7870 and 7871 in a database that both may share. */
const writingTurn = 7_860;

/** Opens the registry's tables. @param where `postgres://…`, or the path of a SQLite file */
export function openRegistryDatabase(where: string, onFailure: (error: unknown) => void): Promise<RegistryDatabase> {
  return openDatabase<Schema>(where, changes, 'registry', onFailure);
}

/**
 * Runs `work` in one transaction, one process at a time. Changes therefore commit in the order of their numbers: a reader
 * that has seen the last one has missed none.
 */
export function writing<T>({ db, alone }: RegistryDatabase, work: (transaction: Writing) => Promise<T>): Promise<T> {
  return db.transaction().execute(async (transaction) => {
    await alone(transaction, writingTurn);
    return await work(transaction);
  });
}

/** One value of `registry_state`; undefined if it was never written. */
export async function readState(db: Kysely<Schema>, key: string): Promise<string | undefined> {
  const row = await db.selectFrom('registry_state').select('value').where('key', '=', key).executeTakeFirst();
  return row?.value;
}

export async function putState(transaction: Writing, key: string, value: string): Promise<void> {
  const put = transaction.insertInto('registry_state').values({ key, value });
  await put.onConflict((c) => c.column('key').doUpdateSet({ value })).execute();
}
