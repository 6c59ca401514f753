import { type Selectable, sql } from 'kysely';
import { type Database, databaseNow } from '../../../common/database/database.ts';
import { nowInSeconds } from '../../../common/time/now.ts';
import type { Schema } from '../migrations.ts';

/** Tokens that are to be revoked at their provider. */
export type Departed = Pick<Selectable<Schema['account_departed']>, 'id' | 'key' | 'account' | 'identity' | 'locked'>;

export type DepartedStore = ReturnType<typeof createDepartedStore>;

/** How long a provider is asked to revoke. */
const keepSeconds = 86_400;
const firstPause = 60;
const mostDoublings = 6;

/** Tokens of accounts that were disconnected or not used: kept for a day at most, until their provider has revoked them. */
export function createDepartedStore({ db, kind }: Database<Schema>) {
  const now = databaseNow(kind);
  return {
    /** Queues tokens that belong to no account: those of a refresh during which the account was disconnected. */
    async add({ key, account, identity, locked }: Omit<Departed, 'id'>): Promise<void> {
      const at = nowInSeconds();
      const row = { key, account, identity, locked, created_at: at, retry_at: 0, tries: 0 };
      await db.insertInto('account_departed').values(row).execute();
    },
    /** Takes one that is due: no other process gets it until its next try. Pauses grow from a minute to an hour. */
    async take(): Promise<Departed | undefined> {
      await db
        .deleteFrom('account_departed')
        .where('created_at', '<', nowInSeconds() - keepSeconds)
        .execute();
      const due = db
        .selectFrom('account_departed')
        .select('id')
        .where('retry_at', '<=', now)
        .orderBy('retry_at')
        .limit(1);
      const tries = sql`case when tries > ${mostDoublings} then ${mostDoublings} else tries end`;
      return await db
        .updateTable('account_departed')
        .set({ retry_at: sql`${now} + ${firstPause} * (1 << cast(${tries} as integer))`, tries: sql`tries + 1` })
        .where('id', 'in', due)
        .where('retry_at', '<=', now)
        .returning(['id', 'key', 'account', 'identity', 'locked'])
        .executeTakeFirst();
    },
    /** The provider has revoked them, or never will. */
    async done(id: number): Promise<void> {
      await db.deleteFrom('account_departed').where('id', '=', id).execute();
    },
  };
}
