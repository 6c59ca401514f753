import { errors, jwtVerify, SignJWT } from 'jose';
import { rememberVerified } from '../cognito/verified-cache.ts';
import { AuthError } from '../denials/auth-error.ts';
import { texts } from '../denials/texts.ts';
import { purposeKey } from '../keys/purpose-key.ts';

/** What the session cookie says. The store's record is the truth; this is a signed snapshot. */
export interface SessionClaims {
  sid: string;
  sub: string;
  username: string;
  /** Undefined if they did not fit into a cookie: then the record alone says which. */
  groups: readonly string[] | undefined;
  /** End, in seconds since 1970. */
  exp: number;
}

/** Seals and opens the session cookie's value. */
export interface SessionSeal {
  seal(claims: SessionClaims): Promise<string>;
  /** What a cookie says that was opened a short while ago, and has not run out. */
  known(value: string): SessionClaims | undefined;
  /** @throws {AuthError} session_invalid or session_expired */
  open(value: string): Promise<SessionClaims>;
}

const audience = 'session';
const longestCookie = 4096;
/** Browsers keep 4096 bytes with the name, and drop more without a word: the person would be sent round and round. */
const longestSealed = 3800;

/**
 * The session cookie as a JWT (HS256, RFC 7519).
 * @param secretKeys `SECRET_KEY`: the first seals, all open, so that a key can be changed without ending sessions
 */
export function createSessionSeal(secretKeys: readonly [string, ...string[]]): SessionSeal {
  const [first, ...others] = secretKeys;
  const sealing = purposeKey(first, audience);
  const opened = rememberVerified<SessionClaims>();
  const opening = [sealing, ...others.map((key) => purposeKey(key, audience))];
  const sign = ({ exp, groups = null, ...claims }: Omit<SessionClaims, 'groups'> & { groups?: unknown }) =>
    new SignJWT({ ...claims, groups })
      .setProtectedHeader({ alg: 'HS256' })
      .setIssuedAt()
      .setExpirationTime(exp)
      .setAudience(audience)
      .sign(sealing);
  return {
    async seal(claims) {
      const whole = await sign(claims);
      return whole.length <= longestSealed ? whole : await sign({ ...claims, groups: null });
    },
    known: opened.find,
    async open(value) {
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
    const options = {
      audience,
      algorithms: ['HS256'],
      requiredClaims: ['exp', 'iat', 'sub', 'sid', 'username', 'groups'],
    };
    const { payload } = await jwtVerify(value, key, options);
    return {
      ...(payload as unknown as SessionClaims),
      groups: Array.isArray(payload.groups) ? payload.groups : undefined,
    };
  } catch (error) {
    if (error instanceof errors.JWTExpired) throw new AuthError('session_expired', texts.session_expired);
    return undefined;
  }
}

function invalid(): AuthError {
  return new AuthError('session_invalid', texts.session_invalid);
}
