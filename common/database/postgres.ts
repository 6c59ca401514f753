import { Kysely, PostgresDialect, sql } from 'kysely';
import pg from 'pg';
import type { Database } from './database.ts';

/** A decision has two seconds. The URL may allow more: `connect_timeout`, as in libpq. */
const connectSeconds = 2;
const queryMilliseconds = 5_000;
const usualConnections = 8;
/** A router can silently drop a connection, which then never answers again: replace each one after this time. */
const connectionSeconds = 60;

/**
 * Connects to PostgreSQL, for several machines.
 * @param url `postgres://user:password@host/database`, with `?connect_timeout=<seconds>` if a connection takes longer
 * @param onFailure receives the error of an idle connection that broke; the next query opens another
 * @param connections how many are open at most
 */
export function openPostgres<Schema>(
  url: string,
  onFailure: (error: Error) => void,
  connections = usualConnections,
): Database<Schema> {
  const pool = new pg.Pool({
    connectionString: url,
    max: connections,
    connectionTimeoutMillis: secondsToConnect(url) * 1000,
    query_timeout: queryMilliseconds,
    maxLifetimeSeconds: connectionSeconds,
    keepAlive: true,
    types: { getTypeParser: numbersOfBigints },
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

/** bigint, which sums and counts are too. Those here stay below 2^53. */
const bigintType: number = pg.types.builtins.INT8;

const numbersOfBigints: typeof pg.types.getTypeParser = (type: number, format?: 'text' | 'binary') =>
  type === bigintType && format !== 'binary' ? Number : pg.types.getTypeParser(type, format as 'text');

function secondsToConnect(url: string): number {
  const given = URL.canParse(url) ? Number(new URL(url).searchParams.get('connect_timeout')) : 0;
  return given > 0 ? given : connectSeconds;
}
