import { LRUCache } from 'lru-cache';
import { atMost } from '../store/record-cache.ts';

const windowSeconds = 60;
const mostRemembered = 10_000;

/** Counts events by key in a minute that begins with the first one. Memory is bounded: the oldest key is dropped. */
export interface Tally {
  /** Counts one more event. */
  note(key: string): void;
  /** @returns seconds until `key` is below the limit again, or undefined if it is */
  waitFor(key: string): number | undefined;
  /** Whether nothing was counted in the last minute. */
  isEmpty(): boolean;
}

/** @param limit events in a minute; 0 for no limit */
export function createTally(limit: number): Tally {
  const counts = new LRUCache<string, { times: number }>({ ...atMost(mostRemembered), ttl: windowSeconds * 1000 });
  let lastNoted = Number.NEGATIVE_INFINITY;
  return {
    // Not by size: expired entries are only removed when they are looked up.
    isEmpty: () => performance.now() - lastNoted > windowSeconds * 1000,
    note(key) {
      if (limit === 0) return;
      lastNoted = performance.now();
      const own = counts.get(key);
      if (own) own.times++;
      else counts.set(key, { times: 1 });
    },
    waitFor(key) {
      if (limit === 0 || (counts.get(key)?.times ?? 0) < limit) return undefined;
      return Math.max(1, Math.ceil(counts.getRemainingTTL(key) / 1000));
    },
  };
}
