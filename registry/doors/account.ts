import { type Account, type AccountEnd, accountAnswer, accountEnded } from '../../common/doors/account.ts';
import { type AccountDisconnect, type ConnectedAccount, connectedAnswer } from '../../common/doors/accounts.ts';
import { RegistryError } from '../errors/registry-error.ts';
import { createAsk } from './ask-auth-server.ts';

/** What a person's own sessions and clients may be asked for, with their assertion. Throws `RegistryError`. */
export interface AccountDoor {
  read(assertion: string): Promise<Account>;
  /** @returns how many ended */
  end(assertion: string, what: AccountEnd): Promise<number>;
  /** Their accounts at servers, the newest first. */
  connected(assertion: string): Promise<ConnectedAccount[]>;
  /** @returns how many were disconnected */
  disconnect(assertion: string, what: AccountDisconnect): Promise<number>;
}

/**
 * Makes the client of the auth-server, which keeps the records and opens only those of the person who asks.
 * @param authServerUrl origin of the auth-server
 */
export function createAccountDoor(authServerUrl: string): AccountDoor {
  const ask = createAsk(authServerUrl);
  return {
    read: (assertion) => ask({ path: '/account', assertion, answer: accountAnswer }),
    async end(assertion, body) {
      return (await ask({ path: '/account/end', assertion, answer: accountEnded, body })).ended;
    },
    connected: (assertion) => askForConnected(ask, '/account/connected', assertion),
    async disconnect(assertion, body) {
      return (await ask({ path: '/account/disconnect', assertion, answer: accountEnded, body })).ended;
    },
  };
}

/** Asks for accounts at servers. An auth-server of an earlier version has none, and no such address. */
export async function askForConnected(
  ask: ReturnType<typeof createAsk>,
  path: string,
  assertion: string,
): Promise<ConnectedAccount[]> {
  try {
    return (await ask({ path, assertion, answer: connectedAnswer })).accounts;
  } catch (error) {
    if (error instanceof RegistryError && error.code === 'not_found') return [];
    throw error;
  }
}
