import type { IncomingMessage } from 'node:http';
import type { RequestHandler } from 'express';
import { boundedCache } from '../../common/service/bounded-cache.ts';

const windowSeconds = 60;
const mostRemembered = 10_000;

export type Tally = ReturnType<typeof createTally>;

/**
 * Counts events by key in a minute that begins with the first one. Memory is bounded: the oldest key is dropped.
 * @param limit events in a minute; 0 for no limit
 */
export function createTally(limit: number) {
  const counts = boundedCache<string, { times: number }>(mostRemembered, { ttl: windowSeconds * 1000 });
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

export type NetworkLimit = ReturnType<typeof createNetworkLimit>;

/**
 * Counts events by the network that nginx names in `X-Real-IP`. Without one nothing counts: all callers would look like one.
 * @param most events in a minute
 * @param refusal makes what is thrown beyond that, from the seconds to wait
 */
export function createNetworkLimit(most: number, refusal: (seconds: number) => Error) {
  const tally = createTally(most);
  const networkIn = ({ headers }: IncomingMessage) => networkOf(String(headers['x-real-ip'] ?? ''));
  return {
    /** @throws the refusal, if the network has to wait */
    check(req: IncomingMessage): void {
      const wait = tally.waitFor(networkIn(req));
      if (wait !== undefined) throw refusal(wait);
    },
    note(req: IncomingMessage): void {
      const network = networkIn(req);
      if (network) tally.note(network);
    },
  };
}

/** Middleware that counts each request, and refuses it beyond the limit. */
export function limitEach({ check, note }: NetworkLimit): RequestHandler {
  return (req, _res, next) => {
    check(req);
    note(req);
    next();
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
