import { errors, jwtVerify, SignJWT } from 'jose';
import { purposeKey } from '../../../common/identity/purpose-key.ts';
import { createVerifiedCache } from '../../cognito/verified-cache.ts';
import { AuthError } from '../../denials/auth-error.ts';
import { texts } from '../../denials/texts.ts';

/** The claims in the session cookie. They name the record; its groups are the record's alone. */
export interface SessionClaims {
  sid: string;
  sub: string;
  username: string;
  /** The name to show, if that is not the user name. */
  shown_name?: string | undefined;
  /** Expiry, in seconds since 1970. */
  exp: number;
}

export type SessionSeal = ReturnType<typeof createSessionSeal>;

const audience = 'session';
const longestCookie = 4096;

/**
 * Seals and opens the session cookie's value: a JWT (HS256, RFC 7519).
 * @param secretKeys `SECRET_KEY`: the first seals, all open, so that a key can be replaced without ending sessions
 */
export function createSessionSeal(secretKeys: readonly [string, ...string[]]) {
  const [first, ...others] = secretKeys;
  const sealing = purposeKey(first, audience);
  const opened = createVerifiedCache<SessionClaims>();
  const opening = [sealing, ...others.map((key) => purposeKey(key, audience))];
  return {
    seal({ exp, sid, sub, username, shown_name }: SessionClaims): Promise<string> {
      // A process of the last release wants the claim `groups`; null tells it that the record alone names them.
      return new SignJWT({ sid, sub, username, shown_name, groups: null })
        .setProtectedHeader({ alg: 'HS256' })
        .setIssuedAt()
        .setExpirationTime(exp)
        .setAudience(audience)
        .sign(sealing);
    },
    /** The claims of a cookie that was opened recently and has not expired. */
    known: opened.find,
    /** @throws {AuthError} session_invalid or session_expired */
    async open(value: string): Promise<SessionClaims> {
      if (value.length > longestCookie) throw invalid();
      for (const key of opening) {
        const claims = await tryOpen(value, key);
        if (!claims) continue;
        opened.keep(value, claims);
        return claims;
      }
      throw invalid();
    },
  };
}

async function tryOpen(value: string, key: Uint8Array): Promise<SessionClaims | undefined> {
  try {
    const requiredClaims = ['exp', 'iat', 'sub', 'sid', 'username'];
    const { payload } = await jwtVerify<SessionClaims>(value, key, { audience, algorithms: ['HS256'], requiredClaims });
    const { sid, sub, username, shown_name, exp } = payload;
    return { sid, sub, username, shown_name, exp };
  } catch (error) {
    if (error instanceof errors.JWTExpired) throw new AuthError('session_expired', texts.session_expired);
    return undefined;
  }
}

function invalid(): AuthError {
  return new AuthError('session_invalid', texts.session_invalid);
}
