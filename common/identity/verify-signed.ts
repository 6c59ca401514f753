import { type JWTPayload, type JWTVerifyGetKey, type JWTVerifyOptions, jwtVerify } from 'jose';

/** By how many seconds the clocks of the gateway's services may differ. */
export const skewSeconds = 5;

/**
 * Verifies a token that the auth-server has signed (EdDSA: RFC 8037), which says whom it is about and since and until when.
 * @param keys finds the auth-server's public key
 * @param publicUrl the gateway's origin, which it names as its issuer
 * @param audience whom it must be for, one of these: `<publicUrl>/<server>`, for instance
 * @param other what is asked otherwise, or besides
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
