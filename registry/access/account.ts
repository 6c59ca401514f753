import { type Account, type AccountEnd, accountAnswer, accountEnded } from '../../common/identity/account.ts';
import { createAsk } from './ask-auth-server.ts';

/** What a person's own sessions and clients may be asked for, with their assertion. Throws `RegistryError`. */
export interface AccountDoor {
  read(assertion: string): Promise<Account>;
  /** @returns how many ended */
  end(assertion: string, what: AccountEnd): Promise<number>;
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
  };
}
