import { type Kysely, sql } from 'kysely';

/** Sends the database a query that reads nothing. Rejects if there is no answer. */
export async function ping<Schema>(db: Kysely<Schema>): Promise<void> {
  await sql`select 1`.execute(db);
}
