import { boundedCache } from '../../../../common/service/bounded-cache.ts';

/** Parts of answers differ by span, filter, and hour or day. */
const mostCached = 48;

/** Keeps what was read of hours that no longer change. Its keys name these hours, and the version of the sums. */
export type SumCache = ReturnType<typeof createSumCache>;

export function createSumCache() {
  const cache = boundedCache<string, Promise<unknown>>(mostCached);
  return <T>(key: string, read: () => Promise<T>): Promise<T> => {
    const found = cache.get(key) as Promise<T> | undefined;
    if (found) return found;
    const reading = read();
    cache.set(key, reading);
    reading.catch(() => cache.delete(key));
    return reading;
  };
}
