import type { Transaction } from 'kysely';
import { nowInSeconds } from '../../../common/time/now.ts';
import type { Schema } from '../migrations.ts';
import type { AccountRow } from './account-row.ts';

/** Many servers look at the token when a session begins, and then go by its id alone: no session outlives its account. */
export async function endSessions(
  transaction: Transaction<Schema>,
  { subject, server }: Pick<AccountRow, 'subject' | 'server'>,
): Promise<void> {
  const own = transaction.deleteFrom('binding').where('owner', '=', `person:${subject}`);
  await own.where('server', '=', server).execute();
}

/** Queues the tokens of accounts that were deleted, to be revoked at their providers. */
export async function depart(transaction: Transaction<Schema>, rows: readonly AccountRow[]): Promise<void> {
  const now = nowInSeconds();
  for (const { key, account, identity, locked } of rows)
    await transaction
      .insertInto('account_departed')
      .values({ key, account, identity, locked, created_at: now, retry_at: 0, tries: 0 })
      .execute();
}
