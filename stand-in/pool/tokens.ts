import { randomUUID } from 'node:crypto';
import { createLocalJWKSet, type JSONWebKeySet, type JWTPayload, jwtVerify, SignJWT } from 'jose';
import type { SigningKey } from './keys.ts';
import type { Grant, Person, Pool } from './pool.ts';
import { accessTokenHash, newRefreshToken } from './secrets.ts';
import { type Client, OIDC_SCOPES } from './seed.ts';

/** The answer of the token endpoint (RFC 6749 section 5.1). */
export interface TokenAnswer {
  access_token: string;
  id_token?: string;
  refresh_token?: string;
  /** Seconds. */
  expires_in: number;
  token_type: 'Bearer';
}

/** Signs claims as a pool does: RS256, and a header of `kid` and `alg` only, without `typ`. */
export function signToken(key: SigningKey, claims: JWTPayload): Promise<string> {
  return new SignJWT(claims).setProtectedHeader({ kid: key.kid, alg: 'RS256' }).sign(key.privateKey);
}

/** The public keys of this pool, including rotated ones. */
export function jwks(pool: Pool): JSONWebKeySet {
  return { keys: [pool.keys.id, pool.keys.access, ...pool.keys.retired].map((key) => key.publicJwk) };
}

/**
 * Issues a person's tokens: access, id if `openid` was granted, refresh if `withRefresh`. It reads the groups now, so a
 * change shows in the next token and never in an old one.
 * Claims: Cognito, "Understanding the access token" and "Understanding the identity (ID) token".
 */
export async function issueUserTokens(
  pool: Pool,
  client: Client,
  person: Person,
  grant: Grant,
  withRefresh: boolean,
): Promise<TokenAnswer> {
  const issued = pool.seconds();
  const expires_in = client.access_token_validity;
  const times = { auth_time: grant.authTime, exp: issued + expires_in, iat: issued, jti: randomUUID() };
  // Absent, not [], without groups: clients that expect an empty list fail on the real pool.
  const groups = person.groups.length > 0 ? { 'cognito:groups': person.groups } : {};
  const event_id = randomUUID();
  const access_token = await signToken(pool.keys.access, {
    sub: person.sub,
    ...groups,
    iss: pool.issuer,
    version: 2,
    client_id: client.id,
    ...(grant.resource ? { aud: grant.resource } : {}),
    origin_jti: grant.originJti,
    event_id,
    token_use: 'access',
    scope: grant.scopes.join(' '),
    ...times,
    username: person.username,
  });
  const answer: TokenAnswer = { access_token, expires_in, token_type: 'Bearer' };
  if (grant.scopes.includes('openid')) {
    answer.id_token = await signToken(pool.keys.id, {
      at_hash: accessTokenHash(access_token),
      sub: person.sub,
      ...groups,
      ...attributes(person, client, grant.scopes, (is) => is),
      iss: pool.issuer,
      'cognito:username': person.username,
      ...(grant.nonce ? { nonce: grant.nonce } : {}),
      origin_jti: grant.originJti,
      aud: client.id,
      event_id,
      token_use: 'id',
      ...times,
      jti: randomUUID(),
    });
  }
  if (withRefresh) {
    answer.refresh_token = newRefreshToken();
    // A refreshed id token has no nonce: it answers no authorization request.
    pool.refreshTokens.put(answer.refresh_token, { ...grant, nonce: undefined }, client.refresh_token_validity);
  }
  return answer;
}

/** A machine's access token (client_credentials): its `sub` is the client id; no username, groups, aud or origin_jti. */
export async function issueAgentToken(pool: Pool, client: Client, scopes: readonly string[]): Promise<TokenAnswer> {
  const issued = pool.seconds();
  const expires_in = client.access_token_validity;
  const access_token = await signToken(pool.keys.access, {
    sub: client.id,
    token_use: 'access',
    scope: scopes.join(' '),
    auth_time: issued,
    iss: pool.issuer,
    exp: issued + expires_in,
    iat: issued,
    version: 2,
    jti: randomUUID(),
    client_id: client.id,
  });
  return { access_token, expires_in, token_type: 'Bearer' };
}

/**
 * Returns the claims about a person that these scopes allow and the client may read: all of them for `openid` alone or
 * with `profile`, otherwise those of `email` and `phone` (Cognito, "Authorize endpoint", scope).
 * @param verified the value that says whether an address is verified: a boolean in id tokens, text in userInfo
 */
export function attributes<V>(
  person: Person,
  client: Client,
  scopes: readonly string[],
  verified: (is: boolean) => V,
): Record<string, string | V> {
  const oidc = OIDC_SCOPES.filter((scope) => scopes.includes(scope));
  const all = oidc.length === 1 || oidc.includes('profile');
  const claims: Record<string, string | V> = {};
  if (all || oidc.includes('email'))
    Object.assign(claims, { email: person.email, email_verified: verified(person.email_verified ?? true) });
  if (person.phone_number && (all || oidc.includes('phone')))
    Object.assign(claims, { phone_number: person.phone_number, phone_number_verified: verified(true) });
  if (person.name && all) claims.name = person.name;
  if (person.preferred_username && all) claims.preferred_username = person.preferred_username;
  const readable = client.read_attributes;
  return readable ? Object.fromEntries(Object.entries(claims).filter(([name]) => readable.includes(name))) : claims;
}

/**
 * Returns the person of an access token: signed by this pool, not expired, not revoked, with `openid`, of a person who may
 * still sign in. Unlike local verification elsewhere, it knows revocations.
 */
export async function readAccessToken(
  pool: Pool,
  token: string,
): Promise<{ person: Person; client: Client; scopes: string[] } | undefined> {
  const verified = await jwtVerify(token, createLocalJWKSet(jwks(pool)), {
    issuer: pool.issuer,
    algorithms: ['RS256'],
    currentDate: new Date(pool.seconds() * 1000),
    requiredClaims: ['exp'],
  }).catch(() => undefined);
  const claims = verified?.payload;
  if (claims?.token_use !== 'access' || typeof claims.scope !== 'string') return undefined;
  const scopes = claims.scope.split(' ');
  const person = typeof claims.username === 'string' ? pool.people.get(claims.username) : undefined;
  const client = pool.clients.get(String(claims.client_id));
  if (!client || !person || person.status === 'DISABLED' || !scopes.includes('openid')) return undefined;
  if (typeof claims.origin_jti === 'string' && pool.revoked.get(claims.origin_jti)) return undefined;
  return { person, client, scopes };
}
