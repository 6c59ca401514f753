import type { Logger } from '../common/service/log.ts';
import { interval } from '../common/time/interval.ts';
import { ownSession } from './account/own-session.ts';
import type { TokenVault } from './cognito/token-vault.ts';
import { createHoldAnswers } from './holds/answers.ts';
import { type HoldDatabase, Holds } from './holds/holds.ts';
import type { OAuthStore } from './oauth/store/store.ts';
import type { RevocationStore } from './store/revocation.ts';
import type { SessionStore } from './store/session.ts';

const pruneMilliseconds = 60_000;

interface HoldsParts {
  sessions: SessionStore;
  revocations: RevocationStore;
  vault: TokenVault;
  log: Logger;
}

/** Held calls, for the gate and for the pages. @param store of which the caller closes the database */
export function holdsOf(store: OAuthStore, { sessions, revocations, vault, log }: HoldsParts) {
  const database = store as unknown as HoldDatabase;
  const holds = new Holds({
    database,
    vault,
    async standing(sid, sub) {
      const own = await ownSession({ sessions, revocations }, { sid, sub, auth_method: 'session_cookie' });
      return own?.groups;
    },
  });
  const failed = (err: unknown) => log.error({ err }, 'expired approvals cannot be deleted');
  const timer = interval(pruneMilliseconds, () => holds.prune(), failed);
  const parts = { holds, holdAnswers: createHoldAnswers(database, vault) };
  return { parts, stop: () => clearInterval(timer) };
}
