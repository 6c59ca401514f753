import type { Kysely } from 'kysely';
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

/** The marks in the store, kept for a day: nobody who was away for longer has anything open. */
export function createEndedStore(db: Kysely<Schema>): EndedStore {
  const newest = db
    .selectFrom('ended')
    .select((e) => e.fn.max('id').as('id'))
    .compile();
  return {
    async add(mark) {
      const now = Math.floor(Date.now() / 1000);
      await db.insertInto('ended').values({ mark, at: now }).execute();
      await db
        .deleteFrom('ended')
        .where('at', '<', now - rememberSeconds)
        .execute();
    },
    async since(after) {
      if (after === undefined) return { last: (await db.executeQuery(newest)).rows[0]?.id ?? 0, marks: [] };
      const rows = db
        .selectFrom('ended')
        .select(['id', 'mark'])
        .where('id', '>', after)
        .orderBy('id')
        .limit(longestAnswer);
      const found = await rows.execute();
      return { last: found.at(-1)?.id ?? after, marks: found.map(({ mark }) => mark) };
    },
  };
}
