import type { Accounts } from '../../../auth-server/accounts/accounts.ts';

/** As without an operator's file: no token is ever found. */
export const noAccounts: Accounts = {
  find: () => Promise.reject(new Error('UPSTREAM_SECRETS_FILE has no accounts')),
  refused: () => Promise.resolve(),
};
