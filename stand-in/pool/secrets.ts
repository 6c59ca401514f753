import { hash, randomBytes, timingSafeEqual } from 'node:crypto';

/** Compares two texts in constant time. */
export function sameSecret(a: string, b: string): boolean {
  return timingSafeEqual(hash('sha256', a, 'buffer'), hash('sha256', b, 'buffer'));
}

/** The S256 code challenge of a verifier (RFC 7636 section 4.2). */
export function challengeOf(verifier: string): string {
  return hash('sha256', verifier, 'base64url');
}

/** The `at_hash` of an access token signed with RS256: the left half of its SHA-256 (OpenID Connect Core 3.1.3.6). */
export function accessTokenHash(token: string): string {
  return hash('sha256', token, 'buffer').subarray(0, 16).toString('base64url');
}

/**
 * Generates a refresh token that looks like Cognito's: an encrypted JWT of five parts, about 1.7 kB long. It has no
 * content; its length and shape test the sessions that store it and the people who paste it.
 */
export function newRefreshToken(): string {
  const header = Buffer.from('{"cty":"JWT","enc":"A256GCM","alg":"RSA-OAEP"}').toString('base64url');
  return [header, ...[256, 12, 960, 16].map((bytes) => randomBytes(bytes).toString('base64url'))].join('.');
}
