import { type Kysely, type RawBuilder, sql, type Transaction } from 'kysely';

/** Which database: SQLite and PostgreSQL differ in how they number rows, lock and announce writes. */
export type DatabaseKind = 'sqlite' | 'postgres';

/** An open database of either kind. `Schema` describes its tables. */
export interface Database<Schema> {
  kind: DatabaseKind;
  db: Kysely<Schema>;
  /**
   * Waits for the lock with this number, and holds it until the transaction ends.
   * @param turn number of the lock: each purpose has its own, also across services that share a database
   */
  alone(transaction: Transaction<Schema>, turn: number): Promise<void>;
  close(): Promise<void>;
}

/** Sends the database a query that reads nothing. Rejects if there is no answer. */
export async function ping<Schema>(db: Kysely<Schema>): Promise<void> {
  await sql`select 1`.execute(db);
}

/** The time by the clock of the database, in whole seconds since 1970: machines that share it may have other clocks. */
export function databaseNow(kind: DatabaseKind): RawBuilder<number> {
  return kind === 'sqlite' ? sql`unixepoch()` : sql`cast(floor(extract(epoch from clock_timestamp())) as integer)`;
}
