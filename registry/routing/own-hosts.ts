import type { AddressCheck } from '../../common/network/addresses.ts';
import type { Resolver } from '../../common/network/resolve.ts';

/** How long the gateway's own addresses are cached, in milliseconds. */
const freshMilliseconds = 1_000;

/**
 * Refuses the addresses of the gateway's own parts. Where these run on other machines, a server registered at such an
 * address would bypass the gate. The own names are resolved again with each upstream.
 * @param names host names of the gateway's parts; a name that does not resolve refuses no address
 * @param resolve finds the addresses of a name
 * @param check the other checks of an address
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
