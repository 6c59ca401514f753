import type { Transaction } from 'kysely';
import { nowInSeconds } from '../../common/time/now.ts';
import type { Database } from './database.ts';
import type { Schema } from './migrations.ts';

/**
 * What has been ended before its time, for those who keep something open: a mark is a digest of the session or account,
 * so that reading the list gives nothing away.
 */
export interface EndedStore {
  /**
   * Adds marks as part of a transaction: an end without its mark would go unheard, and a mark without its end lie. Has to
   * come last in it, because no other end can be noted until it is over.
   */
  addIn(transaction: Transaction<Schema>, marks: readonly string[]): Promise<void>;
  /**
   * @param after where the last answer ended; undefined for "from now on"
   * @returns marks since then, oldest first, and where to go on
   */
  since(after: number | undefined): Promise<{ last: number; marks: string[] }>;
  /** The number of the newest mark that this process has heard of: what it says counts everything until then. No I/O. */
  heard(): number;
}

const rememberSeconds = 86_400;
const longestAnswer = 10_000;
/** SQLite takes 32,766 values in one statement. */
const mostAtOnce = 1_000;

/** The marks in the database, kept for a day: nobody who was away for longer has anything open. */
export function createEndedStore({ db, alone }: Database, heard: () => number): EndedStore {
  const newest = db
    .selectFrom('ended')
    .select((e) => e.fn.max('id').as('id'))
    .compile();
  return {
    heard,
    async addIn(transaction, marks) {
      const at = nowInSeconds();
      // One after the other: a number that is seen later than the next one would be passed over by who reads on from there.
      await alone(transaction, 'ended');
      await transaction
        .deleteFrom('ended')
        .where('at', '<', at - rememberSeconds)
        .execute();
      for (let start = 0; start < marks.length; start += mostAtOnce) {
        const rows = marks.slice(start, start + mostAtOnce).map((mark) => ({ mark, at }));
        await transaction.insertInto('ended').values(rows).execute();
      }
    },
    async since(after) {
      if (after === undefined) return { last: (await db.executeQuery(newest)).rows[0]?.id ?? 0, marks: [] };
      const rows = db.selectFrom('ended').select(['id', 'mark']).where('id', '>', after);
      const found = await rows.orderBy('id').limit(longestAnswer).execute();
      // A database that was put in the place of another has other numbers: go on from its own.
      const last = found.at(-1)?.id ?? Math.min(after, (await db.executeQuery(newest)).rows[0]?.id ?? 0);
      return { last, marks: found.map(({ mark }) => mark) };
    },
  };
}
