import { LRUCache } from 'lru-cache';
import { approvalsAnswer } from '../../common/doors/approvals.ts';
import type { Logger } from '../../common/service/log.ts';
import type { Person } from '../access/guards.ts';
import { createAsk } from './ask-auth-server.ts';

/** How many held calls wait for people. */
export interface WaitingApprovals {
  /**
   * What was last heard, for a person who opens a page; 0 at first. Pages do not wait for the auth-server: what it says is on the
   * next one.
   * @param assertion the person's own
   */
  of(person: Pick<Person, 'sub'>, assertion: string): number;
}

const askAgainMilliseconds = 5_000;
/** A count that was not asked for again counts no more after this time: holds last for ten minutes. */
const forgetMilliseconds = 600_000;
const mostPeople = 10_000;

/** Makes the client of the auth-server, which keeps held calls. @param authServerUrl origin of the auth-server */
export function createWaitingApprovals(authServerUrl: string, log: Logger): WaitingApprovals {
  const ask = createAsk(authServerUrl);
  const counts = new LRUCache<string, { waiting: number; askedAt: number }>({
    max: mostPeople,
    ttl: forgetMilliseconds,
  });
  const askFor = async (sub: string, assertion: string) => {
    const { waiting } = await ask({ path: '/account/approvals', assertion, answer: approvalsAnswer });
    counts.set(sub, { waiting, askedAt: performance.now() });
  };
  return {
    of({ sub }, assertion) {
      const known = counts.get(sub) ?? { waiting: 0, askedAt: Number.NEGATIVE_INFINITY };
      if (performance.now() - known.askedAt > askAgainMilliseconds) {
        counts.set(sub, { ...known, askedAt: performance.now() });
        // Tokens and local sessions have no page of approvals: the refusal says nothing new.
        askFor(sub, assertion).catch((err) => log.debug({ err }, 'the approvals that wait are not known'));
      }
      return known.waiting;
    },
  };
}
