import { hkdfSync } from 'node:crypto';
import { SignJWT } from 'jose';

/** What stands in a session cookie that is signed here; `iat` and `exp` in seconds since 1970, eight hours at most. */
export interface LocalClaims {
  sub: string;
  username: string;
  groups: readonly string[];
  iat: number;
  exp: number;
}

const audience = 'local session';

/**
 * Signs a session cookie with `SECRET_KEY` (HS256, RFC 7519), as docs/operations/access.md says that gateways read it. The key
 * is derived for this one purpose (HKDF-SHA256, RFC 5869), so that the cookie can be taken for nothing else.
 * @param secretKey the gateway's; of `NEW,OLD` the first
 */
export function signLocalSession(secretKey: string, { iat, exp, ...claims }: LocalClaims): Promise<string> {
  const first = secretKey.split(',')[0]?.trim() ?? '';
  const key = new Uint8Array(hkdfSync('sha256', first, '', `mcp-gateway ${audience}`, 32));
  const jwt = new SignJWT({ ...claims }).setProtectedHeader({ alg: 'HS256' }).setAudience(audience);
  return jwt.setIssuedAt(iat).setExpirationTime(exp).sign(key);
}
