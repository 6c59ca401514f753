import { openPostgres as open } from '../../common/database/postgres.ts';
import type { Database, Turn } from './database.ts';
import type { Schema } from './migrations.ts';

/** The registry takes 7860 in a database that both may share. */
const lockNumbers: Readonly<Record<Turn, number>> = { ended: 7_870, keys: 7_871 };

/**
 * Connects to PostgreSQL, for several machines.
 * @param url `postgres://user:password@host/database`
 * @param onFailure told when an idle connection broke; the next query opens another
 */
export function openPostgres(url: string, onFailure: (error: Error) => void): Database {
  const { db, alone, close } = open<Schema>(url, onFailure);
  return {
    db,
    alone: (transaction, turn) => alone(transaction, lockNumbers[turn]),
    // Whatever takes a right away leaves a mark among the ended, and those are looked at anyway.
    version: async () => undefined,
    scrub: async () => undefined,
    close,
  };
}
