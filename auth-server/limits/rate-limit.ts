import { LRUCache } from 'lru-cache';

const windowSeconds = 60;
const mostRemembered = 10_000;

/** Counts what somebody does in a minute that begins with the first time. Memory is bounded: the oldest is forgotten. */
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
  let lastNoted = Number.NEGATIVE_INFINITY;
  return {
    // Not by the size: what has run out is only taken out when it is looked for.
    isEmpty: () => performance.now() - lastNoted > windowSeconds * 1000,
    note(who) {
      if (limit === 0) return;
      lastNoted = performance.now();
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
