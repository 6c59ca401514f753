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
