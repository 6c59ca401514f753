import { type JWTPayload, type JWTVerifyGetKey, type JWTVerifyOptions, jwtVerify } from 'jose';

/** How many seconds the clocks of the gateway's services may differ. */
export const skewSeconds = 5;

/**
 * Verifies a token that the auth-server has signed (EdDSA: RFC 8037) and that has a subject, an issue time and an expiry.
 * @param keys finds the auth-server's public key
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
    issuer: publicUrl,
    audience,
    requiredClaims: ['sub', 'iat', 'exp'],
    clockTolerance: skewSeconds,
    ...other,
  });
  return payload;
}
