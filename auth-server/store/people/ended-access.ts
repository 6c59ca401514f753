import type { Kysely } from 'kysely';
import { nowInSeconds } from '../../../common/time/now.ts';
import type { Schema } from '../migrations.ts';

/** Access that an administrator has ended: of a person, of a client, or one of a person's clients, tokens or sign-ins. */
export interface EndedAccess {
  /** In seconds since 1970. */
  at: number;
  by: { sub: string; name: string };
  what: 'one' | 'clients' | 'tokens' | 'sessions' | 'everything' | 'client';
  /** The name of the person whose access it was; null if it was a client's. */
  person: string | null;
  /** The name of the client or token; null if it was none. */
  client: string | null;
  /** How many records ended; null if the auth-server did not get to the end. */
  ended: number | null;
}

export type EndedAccessStore = ReturnType<typeof createEndedAccess>;

/** Older rows go with each new one: a list that people read, and an administrator who fills it fills no disk. */
const keptRows = 10_000;

/** The list of what administrators have ended. */
export function createEndedAccess(db: Kysely<Schema>) {
  return {
    /** Notes what is about to end, so that nothing ends without a row. @returns its number */
    async begin({ by, what, person, client }: Omit<EndedAccess, 'at' | 'ended'>): Promise<number> {
      const row = { at: nowInSeconds(), by_sub: by.sub, by_name: by.name, ...{ what, person, client }, ended: null };
      const { id } = await db.insertInto('ended_access').values(row).returning('id').executeTakeFirstOrThrow();
      await db
        .deleteFrom('ended_access')
        .where('id', '<=', id - keptRows)
        .execute();
      return id;
    },
    /** Notes how many records ended. */
    async finish(id: number, ended: number): Promise<void> {
      await db.updateTable('ended_access').set({ ended }).where('id', '=', id).execute();
    },
    /** The newest rows, the newest first. */
    async newest(most: number): Promise<EndedAccess[]> {
      const rows = await db.selectFrom('ended_access').selectAll().orderBy('id', 'desc').limit(most).execute();
      return rows.map(({ at, by_sub, by_name, what, person, client, ended }) => {
        const by = { sub: by_sub, name: by_name };
        return { at, by, what: what as EndedAccess['what'], person, client, ended };
      });
    },
  };
}
