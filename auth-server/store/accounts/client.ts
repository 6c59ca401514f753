import type { Database } from '../../../common/database/database.ts';
import { nowInSeconds } from '../../../common/time/now.ts';
import type { Schema } from '../migrations.ts';

export type AccountClientStore = ReturnType<typeof createAccountClientStore>;

/** The gateway's registrations at providers: one for each issuer, shared by all processes and machines. */
export function createAccountClientStore({ db }: Pick<Database<Schema>, 'db'>) {
  const find = (issuer: string) =>
    db.selectFrom('account_client').select('locked').where('issuer', '=', issuer).executeTakeFirst();
  return {
    /** @returns the locked registration */
    find: async (issuer: string): Promise<string | undefined> => (await find(issuer))?.locked,
    /**
     * Keeps a registration. Of two that were made at once, the first one stays.
     * @param instead the one that no longer works
     * @returns the one that is kept
     */
    async keep(issuer: string, locked: string, instead?: string): Promise<string> {
      const row = { issuer, locked, created_at: nowInSeconds() };
      const added = db.insertInto('account_client').values(row);
      await added
        .onConflict((c) =>
          c
            .column('issuer')
            .doUpdateSet({ locked, created_at: row.created_at })
            .where('account_client.locked', '=', instead ?? ''),
        )
        .execute();
      return (await find(issuer))?.locked ?? locked;
    },
    /** Deletes a registration, unless another one has taken its place. */
    async drop(issuer: string, locked: string): Promise<void> {
      await db.deleteFrom('account_client').where('issuer', '=', issuer).where('locked', '=', locked).execute();
    },
  };
}
