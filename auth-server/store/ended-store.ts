import { type Kysely, sql } from 'kysely';
import type { Schema } from './migrations.ts';

/**
 * What has been ended before its time, for those who keep something open: a mark is a digest of the session or account,
 * so that reading the list gives nothing away.
 */
export interface EndedStore {
  add(mark: string): Promise<void>;
  /**
   * @param after where the last answer ended; undefined for "from now on"
   * @returns marks since then, oldest first, and where to go on
   */
  since(after: number | undefined): Promise<{ last: number; marks: string[] }>;
}

const rememberSeconds = 86_400;
const longestAnswer = 10_000;
const lockNumber = 7_870;

/** The marks in the database, kept for a day: nobody who was away for longer has anything open. */
export function createEndedStore(db: Kysely<Schema>, kind: 'sqlite' | 'postgres'): EndedStore {
  const newest = db
    .selectFrom('ended')
    .select((e) => e.fn.max('id').as('id'))
    .compile();
  return {
    async add(mark) {
      const now = Math.floor(Date.now() / 1000);
      await db.transaction().execute(async (transaction) => {
        // One after the other: a number that is seen later than the next one would be passed over by who reads on from there.
        if (kind === 'postgres') await sql`select pg_advisory_xact_lock(${sql.lit(lockNumber)})`.execute(transaction);
        await transaction
          .deleteFrom('ended')
          .where('at', '<', now - rememberSeconds)
          .execute();
        await transaction.insertInto('ended').values({ mark, at: now }).execute();
      });
    },
    async since(after) {
      if (after === undefined) return { last: (await db.executeQuery(newest)).rows[0]?.id ?? 0, marks: [] };
      const rows = db.selectFrom('ended').select(['id', 'mark']).where('id', '>', after);
      const found = await rows.orderBy('id').limit(longestAnswer).execute();
      return { last: found.at(-1)?.id ?? after, marks: found.map(({ mark }) => mark) };
    },
  };
}
