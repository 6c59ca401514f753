import { Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';
import type { Database } from './database.ts';
import type { Schema } from './migrations.ts';

const connectMilliseconds = 2_000;

/**
 * Connects to PostgreSQL, for several machines.
 * @param url `postgres://user:password@host/database`
 * @param onFailure told when an idle connection broke; the next query opens another
 */
export function openPostgres(url: string, onFailure: (error: Error) => void): Database {
  const pool = new pg.Pool({
    connectionString: url,
    max: 8,
    connectionTimeoutMillis: connectMilliseconds,
    query_timeout: 5_000,
  });
  // Without a listener the loss of an idle connection would end the process.
  pool.on('error', onFailure);
  const db = new Kysely<Schema>({ dialect: new PostgresDialect({ pool }) });
  // Whatever takes a right away leaves a mark among the ended.
  const newest = db
    .selectFrom('ended')
    .select((e) => e.fn.max('id').as('id'))
    .compile();
  return {
    db,
    version: async () => (await db.executeQuery(newest)).rows[0]?.id,
    scrub: async () => undefined,
    close: () => db.destroy(),
  };
}
