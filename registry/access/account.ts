import type * as z from 'zod';
import { type Account, type AccountEnd, accountAnswer, accountEnded } from '../../common/identity/account.ts';
import { RegistryError } from '../errors/registry-error.ts';

/** What a person's own sessions and clients may be asked for, with their assertion. Throws {@link RegistryError}. */
export interface AccountDoor {
  read(assertion: string): Promise<Account>;
  /** @returns how many ended */
  end(assertion: string, what: AccountEnd): Promise<number>;
}

const waitMilliseconds = 5_000;

/**
 * Makes the client of the auth-server, which keeps the records and opens only those of the person who asks.
 * @param authServerUrl origin of the auth-server
 */
export function createAccountDoor(authServerUrl: string): AccountDoor {
  const ask = async <T>(path: string, assertion: string, answer: z.ZodType<T>, what?: AccountEnd): Promise<T> => {
    const post = what && { method: 'POST', body: JSON.stringify(what) };
    const headers = { 'X-Mcp-Assertion': assertion, ...(what && { 'Content-Type': 'application/json' }) };
    const signal = AbortSignal.timeout(waitMilliseconds);
    const url = new URL(path, authServerUrl);
    const response = await fetch(url, { ...post, headers, signal, redirect: 'error' }).catch((error: unknown) => {
      throw unavailable(error);
    });
    if (response.status === 403) throw needsSession();
    if (!response.ok) throw unavailable(new Error(`the auth-server answered ${response.status}`));
    const read = answer.safeParse(await response.json().catch(() => undefined));
    if (!read.success) throw unavailable(read.error);
    return read.data;
  };
  return {
    read: (assertion) => ask('/account', assertion, accountAnswer),
    end: async (assertion, what) => (await ask('/account/end', assertion, accountEnded, what)).ended,
  };
}

function needsSession(): RegistryError {
  const message = 'This page opens for a sign-in in a browser only, not for tokens and local sessions.';
  return new RegistryError('session_required', message);
}

function unavailable(cause: unknown): RegistryError {
  const message = 'The auth-server keeps what is connected, and does not answer at the moment.';
  return new RegistryError('account_unavailable', message, { cause });
}
