import { setTimeout as sleep } from 'node:timers/promises';
import type { AccountStore } from '../../store/accounts/account.ts';
import type { AccountRow } from '../../store/accounts/account-row.ts';
import type { MoveStore } from '../../store/accounts/move.ts';
import { accountKey } from '../account-key.ts';
import type { Vault } from './vault.ts';

export interface RenameDeps {
  accountRows: Pick<AccountStore, 'remove'>;
  accountMoves: MoveStore;
}

/** What became of the accounts of a server that got another name. */
export interface MovedAccounts {
  moved: number;
  /** Opened by no key, and deleted: these people connect again. */
  unopened: AccountRow[];
  /** Refreshed all the time: they still have the old name. */
  left: number;
}

const againMilliseconds = 500;
/** A refresh holds its account for 30 s at most. */
const mostRounds = 80;

/** Which accounts of a server no key opens. Changes nothing. */
export async function planMove({ accountMoves }: RenameDeps, vault: Vault, server: string) {
  const rows = await accountMoves.ofServer(server);
  const unopened: AccountRow[] = [];
  for (const row of rows) if ((await vault.open(row.key, row.locked)) === undefined) unopened.push(row);
  return { count: rows.length, unopened };
}

/**
 * Gives all accounts of a server to its new name: the name is in the key for which tokens are locked. None stays under the old
 * name, so that the next server of that name starts without accounts. Waits for those that are being refreshed.
 */
export async function moveAccounts(
  { accountRows, accountMoves }: RenameDeps,
  vault: Vault,
  { from, to }: { from: string; to: string },
): Promise<MovedAccounts> {
  const done: MovedAccounts = { moved: 0, unopened: [], left: 0 };
  for (let round = 1; ; round++) {
    const rows = await accountMoves.ofServer(from);
    const moves = [];
    const unopened: AccountRow[] = [];
    for (const row of rows) {
      const text = await vault.open(row.key, row.locked);
      const key = accountKey({ ...row, server: to });
      if (text === undefined) unopened.push(row);
      else moves.push({ row, key, server: to, locked: await vault.lock(key, text) });
    }
    done.moved += await accountMoves.move(moves);
    done.unopened.push(...(await accountRows.remove(unopened)));
    done.left = (await accountMoves.ofServer(from)).length;
    if (done.left === 0 || round === mostRounds) return done;
    await sleep(againMilliseconds);
  }
}
