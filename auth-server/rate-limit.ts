import { LRUCache } from 'lru-cache';

/** How many tries are taken in a minute. */
export interface RateLimits {
  each: number;
  all: number;
}

const windowSeconds = 60;
const mostRemembered = 10_000;

/**
 * Counts tries in windows of a minute, by who makes them and overall. Memory is bounded: somebody with more addresses
 * than are remembered meets the overall limit.
 * @returns seconds to wait, or undefined if this try may go on
 */
export function createRateLimit({ each, all }: RateLimits): (who: string) => number | undefined {
  const counts = new LRUCache<string, { tries: number }>({ max: mostRemembered, ttl: windowSeconds * 1000 });
  const overall = { tries: 0, since: performance.now() };
  return (who) => {
    const now = performance.now();
    if (now - overall.since >= windowSeconds * 1000) Object.assign(overall, { tries: 0, since: now });
    const own = counts.get(who) ?? { tries: 0 };
    if (own.tries === 0) counts.set(who, own);
    if (++own.tries > each) return Math.max(1, Math.ceil(counts.getRemainingTTL(who) / 1000));
    // Whoever is over their own limit does not use up everybody's.
    return ++overall.tries > all ? Math.ceil(windowSeconds - (now - overall.since) / 1000) : undefined;
  };
}

/** Counts what somebody does in a minute that begins with the first time; bounded like {@link createRateLimit}. */
export interface Tally {
  /** Counts one more. */
  note(who: string): void;
  /** @returns seconds until `who` is under the limit again, or undefined if they are */
  waitFor(who: string): number | undefined;
  /** Whether anything at all has been counted in the last minute. */
  isEmpty(): boolean;
}

/** @param limit how many in a minute are taken; 0 for no limit */
export function createTally(limit: number): Tally {
  const counts = new LRUCache<string, { times: number }>({ max: mostRemembered, ttl: windowSeconds * 1000 });
  return {
    isEmpty: () => limit === 0 || counts.size === 0,
    note(who) {
      if (limit === 0) return;
      const own = counts.get(who);
      if (own) own.times++;
      else counts.set(who, { times: 1 });
    },
    waitFor(who) {
      if (limit === 0 || (counts.get(who)?.times ?? 0) < limit) return undefined;
      return Math.max(1, Math.ceil(counts.getRemainingTTL(who) / 1000));
    },
  };
}
