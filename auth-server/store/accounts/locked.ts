import type { Database } from '../../../common/database/database.ts';
import type { Schema } from '../migrations.ts';

/** A text that the accounts' vault has locked, wherever it is kept. */
export interface LockedText {
  table: 'account' | 'account_departed' | 'account_client';
  id: string | number;
  /** Its additional data. */
  owner: string;
  locked: string;
}

export type LockedStore = ReturnType<typeof createLockedStore>;

const batch = 500;

/** Additional data of a registration at a provider. */
export function clientOwner(issuer: string): string {
  return `client of ${issuer}`;
}

/** All that the accounts' vault has locked, to lock it again under another key. */
export function createLockedStore({ db }: Pick<Database<Schema>, 'db'>) {
  return {
    /** Each locked text once. */
    async *all(): AsyncGenerator<LockedText> {
      for (let after = ''; ; ) {
        const some = db.selectFrom('account').select(['key', 'locked']).where('key', '>', after);
        const rows = await some.orderBy('key').limit(batch).execute();
        for (const { key, locked } of rows) yield { table: 'account', id: key, owner: key, locked };
        const last = rows.at(-1);
        if (!last) break;
        after = last.key;
      }
      const departed = await db.selectFrom('account_departed').select(['id', 'key', 'locked']).execute();
      for (const { id, key, locked } of departed) yield { table: 'account_departed', id, owner: key, locked };
      const clients = await db.selectFrom('account_client').select(['issuer', 'locked']).execute();
      for (const { issuer, locked } of clients)
        yield { table: 'account_client', id: issuer, owner: clientOwner(issuer), locked };
    },
    /** Keeps a text locked again, unless it has changed meanwhile. @returns whether it was kept */
    async replace({ table, id, locked }: LockedText, next: string): Promise<boolean> {
      if (table === 'account') return await kept(db.updateTable('account').where('key', '=', String(id)));
      if (table === 'account_client')
        return await kept(db.updateTable('account_client').where('issuer', '=', String(id)));
      return await kept(db.updateTable('account_departed').where('id', '=', Number(id)));

      async function kept(row: unknown): Promise<boolean> {
        // The three tables have the column alike.
        const own = row as ReturnType<typeof db.updateTable<'account'>>;
        const done = await own
          .set({ locked: next })
          .where('locked', '=', locked)
          .returning('locked')
          .executeTakeFirst();
        return done !== undefined;
      }
    },
  };
}
