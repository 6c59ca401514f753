import type { AddressCheck } from './addresses.ts';
import type { Resolver } from './upstreams.ts';

/** How long found addresses of our own count, in milliseconds. */
const freshMilliseconds = 1_000;

/**
 * Where the gateway's own parts are machines of their own, each has another address than this one, and a server
 * registered at such an address would lead around the gate. So the own names are looked up with each upstream.
 * @param names host names of the gateway's parts; one that is not there at the moment has no address to refuse
 * @param resolve finds the addresses of a name
 * @param check what addresses have to pass besides
 */
export function refuseOwnHosts(
  names: readonly string[],
  resolve: Resolver,
  check: AddressCheck,
): { resolve: Resolver; check: AddressCheck } {
  let own: ReadonlySet<string> = new Set();
  let looked = Number.NEGATIVE_INFINITY;
  let looking: Promise<void> | undefined;
  const look = async () => {
    const found = await Promise.all(names.map((name) => Promise.resolve(resolve(name)).catch(() => [])));
    own = new Set(found.flat());
    looked = performance.now();
  };
  const refresh = async () => {
    if (performance.now() - looked < freshMilliseconds) return;
    looking ??= look().finally(() => {
      looking = undefined;
    });
    await looking;
  };
  return {
    async resolve(host) {
      const [ips] = await Promise.all([resolve(host), names.length > 0 ? refresh() : undefined]);
      return ips;
    },
    check: (ip, port) => (own.has(ip) ? "is one of the gateway's own" : check(ip, port)),
  };
}
