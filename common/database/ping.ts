import { type Kysely, sql } from 'kysely';

/** Asks a database for nothing but an answer. Rejects when there is none. */
export async function ping<Schema>(db: Kysely<Schema>): Promise<void> {
  await sql`select 1`.execute(db);
}
