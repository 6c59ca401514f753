import { nowInSeconds } from '../../../common/time/now.ts';
import type { Policy } from '../../../policy/policy.ts';
import type { LoggedIn, ProviderSettings } from '../../cognito/oauth-client.ts';
import type { TokenVault } from '../../cognito/token-vault.ts';
import { groupsToKeep } from '../../identity/group-refresh.ts';

/** Who has logged in for a request of a client. Kept locked until they have answered. */
export interface Person extends LoggedIn {
  /** Name of the provider, and the app client that the login was for. */
  provider: string;
  clientId: string;
  /** When they logged in, in seconds since 1970. */
  loggedInAt: number;
}

/** Locks what the provider said about a person who has just logged in. */
export async function lockPerson(
  vault: TokenVault,
  policy: Policy,
  { name, clientId }: ProviderSettings,
  loggedIn: LoggedIn,
): Promise<string> {
  const groups = groupsToKeep(policy, loggedIn.groups);
  const person: Person = { ...loggedIn, groups, provider: name, clientId, loggedInAt: nowInSeconds() };
  return await vault.lock(JSON.stringify(person));
}

/** @returns undefined if it was locked with a SECRET_KEY that is no longer in use: the person has to log in again */
export async function unlockPerson(vault: TokenVault, locked: string): Promise<Person | undefined> {
  const text = await vault.unlock(locked).catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as Person);
}
