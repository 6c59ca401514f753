import { hash } from 'node:crypto';
import { boundedCache } from '../../common/service/bounded-cache.ts';

/** `at` is the time of the check, in milliseconds since 1970. */
type Kept<T> = { claims: T; at: number };

/** How long a credential is accepted without verifying its signature again. */
const longestMilliseconds = 300_000;
const mostKept = 100_000;
const mostInUse = 1_000;

/**
 * A cache of verified credentials: verifying a signature costs more than the rest of a decision. It replaces nothing else:
 * expiry, session and revocations are checked with each request.
 *
 * The key is a SHA-256 digest, which takes a twentieth of a token's memory. The credentials in use at the moment are also
 * kept whole, because computing the digest takes longer than finding them. `exp` is a time in seconds since 1970.
 * @param most how many are kept
 */
export function createVerifiedCache<T extends { exp: number }>(most = mostKept) {
  // In the order of their checks, which is the order in which they end.
  const all = new Map<string, Kept<T>>();
  const inUse = boundedCache<string, Kept<T>>(mostInUse);
  /** After the clock was set back, no entry from before counts. */
  const isRecent = ({ at }: Kept<T>, now: number) => now >= at && now - at < longestMilliseconds;
  const isGood = (kept: Kept<T>, now: number) => kept.claims.exp * 1000 > now && isRecent(kept, now);
  const dropOld = (now: number) => {
    for (const [key, kept] of all) {
      if (all.size <= most && isRecent(kept, now)) return;
      all.delete(key);
    }
  };
  return {
    /** The claims of a credential. Undefined if it must be verified: it is unknown, expired, or was verified too long ago. */
    find(credential: string): T | undefined {
      const now = Date.now();
      const hot = inUse.get(credential);
      if (hot) return isGood(hot, now) ? hot.claims : undefined;
      const kept = all.get(digest(credential));
      if (!kept || !isGood(kept, now)) return undefined;
      inUse.set(credential, kept);
      return kept.claims;
    },
    /** Adds a credential that has passed every check. Rejected ones are verified each time. */
    keep(credential: string, claims: T) {
      const kept = { claims, at: Date.now() };
      inUse.set(credential, kept);
      const key = digest(credential);
      all.delete(key);
      all.set(key, kept);
      dropOld(kept.at);
    },
    clear() {
      all.clear();
      inUse.clear();
    },
  };
}

function digest(credential: string): string {
  return hash('sha256', credential, 'latin1');
}
