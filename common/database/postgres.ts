import { Kysely, PostgresDialect, sql } from 'kysely';
import pg from 'pg';
import type { Database } from './database.ts';

const connectMilliseconds = 2_000;
const queryMilliseconds = 5_000;
/** A router can silently drop a connection, which then never answers again: replace each one after this time. */
const connectionSeconds = 60;

/**
 * Connects to PostgreSQL, for several machines.
 * @param url `postgres://user:password@host/database`
 * @param onFailure receives the error of an idle connection that broke; the next query opens another
 */
export function openPostgres<Schema>(url: string, onFailure: (error: Error) => void): Database<Schema> {
  const pool = new pg.Pool({
    connectionString: url,
    max: 8,
    connectionTimeoutMillis: connectMilliseconds,
    query_timeout: queryMilliseconds,
    maxLifetimeSeconds: connectionSeconds,
    keepAlive: true,
  });
  // Without listeners a lost connection would end the process: the pool has one on it only while it is idle. A query on a
  // lost connection reports it by its own rejection.
  pool.on('error', onFailure);
  pool.on('connect', (client) => client.on('error', () => undefined));
  const db = new Kysely<Schema>({ dialect: new PostgresDialect({ pool }) });
  return {
    kind: 'postgres',
    db,
    async alone(transaction, turn) {
      await sql`select pg_advisory_xact_lock(${sql.lit(turn)})`.execute(transaction);
    },
    close: () => db.destroy(),
  };
}
