import { type ConnectedAccount as Answered, mostAccounts } from '../../common/doors/accounts.ts';
import type { ConnectedAccount } from '../accounts/accounts.ts';
import { type KeptAccounts, shownAccountName } from '../accounts/records.ts';
import type { SessionRecord } from '../store/session-record.ts';

type Person = Pick<SessionRecord, 'sub' | 'username' | 'shownName' | 'usedAddress'>;

/** A person's accounts at servers, as doors answer them. @param subject the person's */
export async function connectedOf(kept: KeptAccounts | undefined, subject: string): Promise<{ accounts: Answered[] }> {
  const all = kept ? await kept.connections.list(subject) : [];
  return { accounts: all.slice(0, mostAccounts).map(toAnswer) };
}

/**
 * Disconnects accounts of a person: dead here within a second, and revoked at their providers later.
 * @param which one account, or all of the person's
 * @returns what was disconnected
 */
export async function disconnect(
  kept: KeptAccounts | undefined,
  person: Person,
  which: { server: string; account: string } | 'all',
): Promise<ConnectedAccount[]> {
  const ended = kept ? await kept.connections.disconnect(person.sub, which) : [];
  for (const account of ended) kept?.accountRecords.add('accounts/disconnect', person, account);
  return ended;
}

function toAnswer({ server, account, provider, name, since, lastUsed, state, ...more }: ConnectedAccount): Answered {
  const { address, settingsPage = null, revokes } = more;
  const shown = shownAccountName(name) ?? null;
  return { server, account, provider, name: shown, since, lastUsed, state, address, settingsPage, revokes };
}
