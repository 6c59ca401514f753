import type { BrowserSessionDeps } from '../account/browser-session.ts';
import type { KeptAccounts } from '../accounts/records.ts';
import type { Pages } from '../login/pages.ts';
import type { ConnectAttempts } from './attempts.ts';

/** What connecting adds to what the auth-server has anyway. */
export interface Connecting extends KeptAccounts {
  connectAttempts: ConnectAttempts;
  /** Days without use after which an account is disconnected. */
  accountIdleDays: number;
}

/** What the pages on which people connect accounts stand on. */
export type ConnectDeps = BrowserSessionDeps & Connecting & { pages: Pages };

/** The page at which a person connects an account at this server, or sees which is connected. */
export function connectPath(server: string): string {
  return `/accounts/connect/${server}`;
}
