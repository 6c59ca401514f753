import type { Selectable, Transaction } from 'kysely';
import { type Database, databaseNow } from '../../../common/database/database.ts';
import { type Schema, turns } from '../migrations.ts';
import type { RevocationFeed } from '../revocation-feed.ts';
import { type AccountRow, toAccountRow } from './account-row.ts';
import { goneMarks } from './marks.ts';

/** An account as it was read, and what it becomes under its server's new name. */
export interface AccountMove {
  row: AccountRow;
  key: string;
  server: string;
  /** The same tokens, locked for the new key. */
  locked: string;
}

export type MoveStore = ReturnType<typeof createMoveStore>;

/** Gives people's accounts to a server's new name. */
export function createMoveStore({ db, kind, alone }: Database<Schema>, feed: RevocationFeed) {
  return {
    async ofServer(server: string): Promise<AccountRow[]> {
      const rows = await db.selectFrom('account').selectAll().where('server', '=', server).orderBy('key').execute();
      return rows.map(toAccountRow);
    },
    /**
     * Moves accounts in one transaction. Those that have changed meanwhile, or are being refreshed, stay for the next call. Of two
     * accounts for the new name, the newer one at the server's address stays.
     * @returns how many no longer have the old name
     */
    async move(moves: readonly AccountMove[]): Promise<number> {
      return await db.transaction().execute(async (transaction) => {
        await alone(transaction, turns.accounts);
        const marks: string[] = [];
        let moved = 0;
        for (const { row, key, server, locked } of moves) {
          const own = transaction.deleteFrom('account').where('key', '=', row.key).where('locked', '=', row.locked);
          // The holder of a lease writes to the old key: its new tokens would be lost.
          const free = own.where('leased_until', '<=', databaseNow(kind));
          const old = await free.returningAll().executeTakeFirst();
          if (!old) continue;
          moved++;
          marks.push(...goneMarks(row.key), ...goneMarks(key));
          await put(transaction, old, { ...old, key, server, locked });
        }
        if (moved > 0) await feed.append(transaction, marks);
        return moved;
      });
    },
  };
}

type Row = Selectable<Schema['account']>;

/**
 * Keeps an account under its new key, unless its person has connected there meanwhile. The tokens of the other one are not
 * revoked: many providers would end those of both.
 */
async function put(transaction: Transaction<Schema>, old: Row, next: Row): Promise<void> {
  const { key, address, created_at } = next;
  const there = await transaction.selectFrom('account').selectAll().where('key', '=', key).executeTakeFirst();
  if (there && there.address === address && there.created_at >= created_at) return;
  await transaction.deleteFrom('account').where('key', '=', key).execute();
  // A refresh of the account that was there must not write over this one.
  const fence = Math.max(old.fence, there?.fence ?? 0) + 1;
  await transaction
    .insertInto('account')
    .values({ ...next, fence })
    .execute();
}
