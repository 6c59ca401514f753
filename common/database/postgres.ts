import { Kysely, PostgresDialect, sql } from 'kysely';
import pg from 'pg';
import type { Database } from './database.ts';

const connectMilliseconds = 2_000;
const queryMilliseconds = 5_000;
/** A connection that a router has forgotten never answers again, and nothing tells: none is used for longer than this. */
const connectionSeconds = 60;

/**
 * Connects to PostgreSQL, for several machines.
 * @param url `postgres://user:password@host/database`
 * @param onFailure told when an idle connection broke; the next query opens another
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
  // Without listeners the loss of a connection would end the process: the pool has one on it only while it is idle. What
  // was being asked on a lost one is told by its own rejection.
  pool.on('error', onFailure);
  pool.on('connect', (client) => client.on('error', () => undefined));
  const db = new Kysely<Schema>({ dialect: new PostgresDialect({ pool }) });
  return {
    db,
    async alone(transaction, turn) {
      await sql`select pg_advisory_xact_lock(${sql.lit(turn)})`.execute(transaction);
    },
    close: () => db.destroy(),
  };
}
