import type { AccountDoor } from '../../doors/account.ts';
import { RegistryError } from '../../errors/registry-error.ts';
import type { RegistryStore } from '../../store/store.ts';
import { type ShownAccount, shownAccount } from '../shared/person/connected-account.ts';

/** The reader's own account at a server, for its page. */
export type OwnAccount =
  | { state: 'connected' | 'again'; account: ShownAccount }
  /** `not_shown`: the reader came with a token or without a record, which may not see it; `unknown`: the auth-server does not answer. */
  | { state: 'none' | 'not_shown' | 'unknown' };

/** @param assertion the reader's, which is passed on */
export async function ownAccount(
  { account, store }: { account: Pick<AccountDoor, 'connected'>; store: Pick<RegistryStore, 'get'> },
  assertion: string,
  server: string,
): Promise<OwnAccount> {
  const registered = store.get(server);
  try {
    const all = await account.connected(assertion);
    const shown = all.filter((each) => each.server === server).map((each) => shownAccount(each, registered));
    const found = shown.find(({ why }) => why === undefined) ?? shown.find(({ again }) => again !== undefined);
    if (!found) return { state: 'none' };
    return { state: found.why === undefined ? 'connected' : 'again', account: found };
  } catch (error) {
    if (!(error instanceof RegistryError)) throw error;
    return { state: error.code === 'session_required' ? 'not_shown' : 'unknown' };
  }
}
