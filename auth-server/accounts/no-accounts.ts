import type { Accounts } from './accounts.ts';

/** Without an operator's file there are no accounts, and no token is ever found. */
export const noAccounts: Accounts = {
  find: () => Promise.reject(new Error('UPSTREAM_SECRETS_FILE has no accounts')),
  refused: () => Promise.resolve(),
};
