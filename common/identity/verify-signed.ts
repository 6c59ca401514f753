import { type JWTPayload, type JWTVerifyGetKey, type JWTVerifyOptions, jwtVerify } from 'jose';

/** How many seconds the clocks of the gateway's services may differ. */
export const skewSeconds = 5;

/**
 * The `typ` of assertions and tickets, which their audiences tell apart. It stays `JWT`: libraries of MCP servers accept no other,
 * and a relay or registry of another release runs beside this one during an upgrade. Access tokens have a `typ` and keys of
 * their own.
 */
const typ = 'JWT';

/**
 * Verifies an assertion or a ticket, which the auth-server has signed (EdDSA: RFC 8037), and which has a subject, an issue time
 * and an expiry.
 * @param keys finds the auth-server's public key for assertions
 * @param publicUrl the gateway's origin, which must be the issuer
 * @param audience the accepted audiences, such as `<publicUrl>/<server>`
 * @param other further or different requirements
 * @returns its claims
 * @throws jose's errors
 */
export async function verifySigned(
  token: string,
  keys: JWTVerifyGetKey,
  publicUrl: string,
  audience: string | string[],
  other: JWTVerifyOptions = {},
): Promise<JWTPayload> {
  const { payload } = await jwtVerify(token, keys, {
    algorithms: ['EdDSA', 'Ed25519'],
    typ,
    issuer: publicUrl,
    audience,
    requiredClaims: ['sub', 'iat', 'exp'],
    clockTolerance: skewSeconds,
    ...other,
  });
  return payload;
}
