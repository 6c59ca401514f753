import { LRUCache } from 'lru-cache';

const windowSeconds = 60;
const mostRemembered = 10_000;

export type Tally = ReturnType<typeof createTally>;

/**
 * Counts events by key in a minute that begins with the first one. Memory is bounded: the oldest key is dropped.
 * @param limit events in a minute; 0 for no limit
 */
export function createTally(limit: number) {
  const counts = new LRUCache<string, { times: number }>({ max: mostRemembered, ttl: windowSeconds * 1000 });
  let lastNoted = Number.NEGATIVE_INFINITY;
  return {
    /** Whether nothing was counted in the last minute. Not by size: expired entries are only removed when looked up. */
    isEmpty: () => performance.now() - lastNoted > windowSeconds * 1000,
    note(key: string) {
      if (limit === 0) return;
      lastNoted = performance.now();
      const own = counts.get(key);
      if (own) own.times++;
      else counts.set(key, { times: 1 });
    },
    /** @returns seconds until `key` is below the limit again, or undefined if it is */
    waitFor(key: string): number | undefined {
      if (limit === 0 || (counts.get(key)?.times ?? 0) < limit) return undefined;
      return Math.max(1, Math.ceil(counts.getRemainingTTL(key) / 1000));
    },
  };
}

/**
 * The unit that a limit by address counts: an IPv4 address, or the /64 of an IPv6 address, because one host often gets a
 * whole /64. Addresses that represent IPv4 ones (`::ffff:0:0/96`; RFC 6052, 6145: `64:ff9b::/32`) count one by one,
 * because all of them share the first half. The same as `$client_network` in nginx/gate/maps.conf.
 * @param address as nginx writes it in `X-Real-IP`
 */
export function networkOf(address: string): string {
  if (!address.includes(':') || /^(?:::|64:ff9b:)/i.test(address)) return address;
  const [head = '', tail] = address.split('::');
  const first = head.split(':');
  const last = tail ? tail.split(':') : [];
  const missing = tail === undefined ? 0 : Math.max(0, 8 - first.length - last.length);
  const groups = [...first, ...Array.from({ length: missing }, () => '0'), ...last];
  return `${groups.slice(0, 4).join(':')}::/64`;
}
