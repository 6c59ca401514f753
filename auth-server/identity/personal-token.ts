import { createHmac, hash, randomBytes } from 'node:crypto';
import { LRUCache } from 'lru-cache';

/** How each personal token begins, so that people and scanners for secrets recognize it. */
const prefix = 'mgt_';
/** 32 random bytes and a checksum of 8. */
const form = /^mgt_([\w-]{43})([\w-]{11})$/;

/** Tokens in use whose record's id is kept: to compute it again for each request costs a fifth of the whole decision. */
const mostKept = 1_000;

export type PersonalTokens = ReturnType<typeof createPersonalTokens>;

/** Whether a bearer token has to be a personal one. Verifies nothing. */
export const isPersonalToken = (token: string) => token.startsWith(prefix);

/**
 * Makes and reads the tokens that people make for programs that can only send a header. A token is opaque: its digest names
 * the record, and only the record says whose it is.
 * @param secret of the store; with it, a token that was not made here is refused without a look-up
 * @param mostDays the longest life of a new token; 0 turns all of them off
 */
export function createPersonalTokens(secret: Uint8Array, mostDays: number) {
  const checksum = (random: string) => createHmac('sha256', secret).update(random).digest('base64url').slice(0, 11);
  const kept = new LRUCache<string, string>({ max: mostKept });
  const sidOf = (token: string) => hash('sha256', `personal token ${token}`, 'base64url');
  return {
    mostDays,
    /** A new token, and the id of its record. */
    make(): { token: string; sid: string } {
      const random = randomBytes(32).toString('base64url');
      const token = prefix + random + checksum(random);
      return { token, sid: sidOf(token) };
    },
    /** The id of a token's record, if there is one; undefined for a token that was not made here. */
    sidOf(token: string): string | undefined {
      const known = kept.get(token);
      if (known !== undefined) return known;
      const [, random = '', sum] = form.exec(token) ?? [];
      if (sum === undefined || sum !== checksum(random)) return undefined;
      const sid = sidOf(token);
      kept.set(token, sid);
      return sid;
    },
  };
}
