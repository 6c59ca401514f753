import { SignJWT } from 'jose';
import { purposeKey } from '../../../common/identity/purpose-key.ts';

/** The claims of a locally signed session cookie; `iat` and `exp` in seconds since 1970, at most eight hours apart. */
export interface LocalClaims {
  sub: string;
  username: string;
  groups: readonly string[];
  iat: number;
  exp: number;
}

const audience = 'local session';

/**
 * Signs a session cookie with `SECRET_KEY` (HS256, RFC 7519; see docs/operations/access.md). Its key is derived for
 * this purpose only, so that the cookie cannot pass for anything else.
 * @param secretKey the gateway's key; the first one of `NEW,OLD` signs
 */
export function signLocalSession(secretKey: string, { iat, exp, ...claims }: LocalClaims): Promise<string> {
  const first = secretKey.split(',')[0]?.trim() ?? '';
  const jwt = new SignJWT({ ...claims }).setProtectedHeader({ alg: 'HS256' }).setAudience(audience);
  return jwt.setIssuedAt(iat).setExpirationTime(exp).sign(purposeKey(first, audience));
}
