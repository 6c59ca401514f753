import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { atMost } from '../store/record-cache.ts';

/** Claims of a credential, with its expiry in seconds since 1970. */
interface Claims {
  exp: number;
}

/** Credentials that were verified recently, with their claims. */
export interface VerifiedCache<T extends Claims> {
  /** The claims of a credential. Undefined if it must be verified: it is unknown, expired, or was verified too long ago. */
  find(credential: string): T | undefined;
  /** Adds a credential that has passed every check. Rejected ones are verified each time. */
  keep(credential: string, claims: T): void;
  /** Removes everything. */
  clear(): void;
}

interface Kept<T> {
  claims: T;
  /** Milliseconds since 1970. */
  at: number;
}

/** How long a credential is accepted without verifying its signature again. */
const longestMilliseconds = 300_000;
const mostKept = 100_000;
const mostInUse = 1_000;

/**
 * A cache of verified credentials: verifying a signature costs more than the rest of a decision. It replaces nothing else:
 * expiry, session and revocations are checked with each request.
 *
 * The key is a SHA-256 digest, which takes a twentieth of a token's memory. The credentials in use at the moment are also
 * kept whole, because computing the digest takes longer than finding them.
 */
export function createVerifiedCache<T extends Claims>(): VerifiedCache<T> {
  const all = new LRUCache<string, Kept<T>>(atMost(mostKept));
  const inUse = new LRUCache<string, Kept<T>>(atMost(mostInUse));
  /** After the clock was set back, no entry from before counts. */
  const isGood = ({ claims, at }: Kept<T>, now: number) =>
    claims.exp * 1000 > now && now >= at && now - at < longestMilliseconds;
  return {
    find(credential) {
      const now = Date.now();
      const hot = inUse.get(credential);
      if (hot) return isGood(hot, now) ? hot.claims : undefined;
      const kept = all.get(digest(credential));
      if (!kept || !isGood(kept, now)) return undefined;
      inUse.set(credential, kept);
      return kept.claims;
    },
    keep(credential, claims) {
      const kept = { claims, at: Date.now() };
      inUse.set(credential, kept);
      all.set(digest(credential), kept);
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
