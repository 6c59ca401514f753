import { LRUCache } from 'lru-cache';
import type { AccountProvider } from '../../../common/upstream-secrets/account-entry.ts';
import { type ProviderFault, toFault } from './fault.ts';
import { metadataOf, noIssuer, type ProviderMetadata } from './metadata.ts';
import type { Ask, Outside } from './outside.ts';

const knownMilliseconds = 3_600_000;
/** A provider that does not answer is not asked again for this long. */
const failedMilliseconds = 5_000;
const most = 500;

/** What providers say of themselves, read once an hour. */
export function createKnownProviders(outside: Outside) {
  const known = new LRUCache<string, ProviderMetadata>({ max: most, ttl: knownMilliseconds });
  const failed = new LRUCache<string, ProviderFault>({ max: most, ttl: failedMilliseconds, ttlResolution: 0 });
  /** The fetch for what an entry names and for what its provider names in turn. */
  const askOf = ({ issuer, endpoints }: AccountProvider): Ask =>
    outside.fetchFor(endpoints?.token ?? issuer ?? noIssuer);
  return {
    askOf,
    /** @throws {ProviderFault} */
    async describe(entry: AccountProvider): Promise<ProviderMetadata> {
      const before = known.get(entry.identity);
      if (before) return before;
      const fault = failed.get(entry.identity);
      if (fault) throw fault;
      try {
        const found = await metadataOf(entry, askOf(entry));
        known.set(entry.identity, found);
        return found;
      } catch (error) {
        const said = toFault(error);
        failed.set(entry.identity, said);
        throw said;
      }
    },
    /** Whether a provider takes revocations; false while that is not known. Sends no request. */
    takesRevocations: ({ endpoints, identity }: AccountProvider): boolean =>
      (endpoints?.revocation ?? known.get(identity)?.revocation_endpoint) !== undefined,
  };
}
