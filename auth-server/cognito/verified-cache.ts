import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';

/** What a good credential says; at least until when it is one, in seconds since 1970. */
interface Claims {
  exp: number;
}

/** Credentials that were found good a short while ago, with what they say. */
export interface Verified<T extends Claims> {
  /** What it says, unless it is unknown, has run out, or was looked at too long ago: then it has to be verified again. */
  find(credential: string): T | undefined;
  /** Only for what has passed every check: what is refused is looked at anew each time. */
  keep(credential: string, claims: T): void;
  /** After this, everything has to be verified again. */
  forget(): void;
}

interface Kept<T> {
  claims: T;
  /** Milliseconds since 1970. */
  at: number;
}

/** How long a credential is believed without looking at its signature again. */
const longestMilliseconds = 300_000;
const mostKept = 100_000;
const mostInUse = 1_000;

/**
 * Remembers good credentials: a signature costs more than all the rest of a decision. Nothing else is left out by it:
 * the end of a credential, its session, and revocations are asked for each request.
 *
 * Kept is a digest (SHA-256), which takes a twentieth of a token's memory; only those in use at the moment are kept as
 * they are, because the digest itself takes longer than finding them.
 */
export function rememberVerified<T extends Claims>(): Verified<T> {
  const all = new LRUCache<string, Kept<T>>({ max: mostKept });
  const inUse = new LRUCache<string, Kept<T>>({ max: mostInUse });
  /** A clock that was set back may have made a token one of the future again: then nothing of before counts. */
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
    forget() {
      all.clear();
      inUse.clear();
    },
  };
}

function digest(credential: string): string {
  return hash('sha256', credential, 'latin1');
}
