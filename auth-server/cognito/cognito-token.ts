import { CognitoJwtVerifier } from 'aws-jwt-verify';
import {
  CognitoJwtInvalidClientIdError,
  CognitoJwtInvalidTokenUseError,
  FetchError,
  JwksNotAvailableInCacheError,
  JwtExpiredError,
  KidNotFoundInJwksError,
  WaitPeriodNotYetEndedJwkError,
} from 'aws-jwt-verify/error';
import { SimpleJwksCache } from 'aws-jwt-verify/jwk';
import type { LRUCache } from 'lru-cache';
import { poolIdPattern } from '../../common/identity/cognito.ts';
import { boundedCache } from '../../common/service/bounded-cache.ts';
import { AuthError } from '../denials/auth-error.ts';
import { texts } from '../denials/texts.ts';
import { createVerifiedCache } from './verified-cache.ts';

/** The claims of a valid Cognito access token that the gateway uses. */
export interface TokenClaims {
  sub: string;
  client_id: string;
  username: string | undefined;
  groups: readonly string[];
  scopes: readonly string[];
  exp: number;
  /** When it was issued, in seconds since 1970. */
  iat: number;
  /** When the person signed in, which is the same in all tokens of a sign-in, also refreshed ones; undefined if not said. */
  authTime?: number | undefined;
}

/** Decides whether a token is accepted. No field has a default: each is a check. */
interface TokenSettings {
  userPoolId: string;
  allowedClientIds: readonly string[];
  /** The gateway's public origin; a token bound to a resource must name it or something below it. */
  publicUrl: string;
  /** Fetches the pool's keys. Set for the local stand-in, whose host has to be rewritten. */
  jwksCache?: SimpleJwksCache;
  /** Called each time the pool's keys were fetched. */
  keysFetched?: () => void;
}

/** Verifies access tokens of one user pool. */
export type TokenVerifier = ReturnType<typeof createTokenVerifier>;

const maxClockSkewSeconds = 300;

/**
 * A verifier for Cognito access tokens (RS256, keys of the pool's JWKS): signature, issuer in both of Cognito's forms,
 * expiry, `token_use: access`, an allowed app client, and `aud` if present (Amazon Cognito Developer Guide, "Verifying
 * JSON web tokens", "Using the access token"). No I/O once the keys are known; an unknown key id makes it fetch the keys
 * again, at most every 10 s.
 */
export function createTokenVerifier(settings: TokenSettings) {
  const verified = createVerifiedCache<TokenClaims>();
  const keysFetched = () => {
    // A key may have been withdrawn: tokens that it signed must be verified again.
    verified.clear();
    settings.keysFetched?.();
  };
  const verifier = CognitoJwtVerifier.create(
    { userPoolId: settings.userPoolId, tokenUse: 'access', clientId: [...settings.allowedClientIds] },
    { jwksCache: countFetches(settings.jwksCache ?? new SimpleJwksCache(), keysFetched) },
  );
  const compact = createCompacter();
  const verify = async (token: string) => {
    try {
      return verifier.verifySync(token);
    } catch (error) {
      if (!(error instanceof KidNotFoundInJwksError || error instanceof JwksNotAvailableInCacheError)) throw error;
      return await verifier.verify(token);
    }
  };
  return {
    /** Fetches the pool's keys ahead of the first request. */
    warmUp: () => verifier.hydrate(),
    /** The claims of a token that was verified recently and is still valid. */
    known: verified.find,
    /** @throws {AuthError} token_invalid, token_expired or identity_provider_unavailable */
    async verify(token: string): Promise<TokenClaims> {
      // Cognito's refresh tokens are encrypted JWTs, in five parts.
      if (token.split('.').length === 5) throw refused(refreshToken);
      const payload = await verify(token).catch((error) => {
        throw explain(error, settings.userPoolId);
      });
      const claims = compact(readClaims(payload, settings));
      verified.keep(token, claims);
      return claims;
    },
  };
}

/** Counts fetches in the parser, because keys are parsed exactly once after each successful fetch. */
function countFetches(cache: SimpleJwksCache, keysFetched: () => void): SimpleJwksCache {
  const { fetcher, penaltyBox, jwksParser } = cache;
  return new SimpleJwksCache({
    fetcher,
    penaltyBox,
    jwksParser: (bytes) => {
      const keys = jwksParser(bytes);
      keysFetched();
      return keys;
    },
  });
}

/** Saves memory: many tokens name the same people, agents, groups and scopes, and then share one copy. */
function createCompacter(): (claims: TokenClaims) => TokenClaims {
  const lists = boundedCache<string, readonly string[]>(10_000);
  const texts = boundedCache<string, string>(10_000);
  const list = (items: readonly string[]) => shared(lists, JSON.stringify(items), items);
  const text = (value: string) => shared(texts, value, value);
  return (claims) => ({
    ...claims,
    sub: text(claims.sub),
    client_id: text(claims.client_id),
    username: claims.username === undefined ? undefined : text(claims.username),
    groups: list(claims.groups),
    scopes: list(claims.scopes),
  });
}

function shared<T extends object | string>(copies: LRUCache<string, T>, key: string, value: T): T {
  const kept = copies.get(key);
  if (kept === undefined) copies.set(key, value);
  return kept ?? value;
}

function readClaims(payload: Record<string, unknown>, settings: TokenSettings): TokenClaims {
  const { sub, client_id, username, exp, iat, aud, scope, auth_time } = payload;
  const groups = payload['cognito:groups'] ?? [];
  // The library checks `exp` only where there is one, and `iat` not at all.
  if (typeof exp !== 'number') throw refused('the token has no expiry');
  if (typeof iat !== 'number') throw refused('the token does not say when it was issued');
  const now = Date.now();
  const early = Math.round(iat - now / 1000);
  if (early > maxClockSkewSeconds) {
    const when = `${early} s in the future by this gateway's clock (${clockAt(now)})`;
    throw refused(`it was issued ${when}: one clock is wrong`);
  }
  if (!isForUs(aud, settings)) throw refused(`the token is for another server (aud ${shown([aud].flat().join(' '))})`);
  if (typeof sub !== 'string' || typeof client_id !== 'string') throw refused('the token names no subject');
  if (!Array.isArray(groups) || !groups.every((g) => typeof g === 'string')) throw refused('its groups are unreadable');
  const scopes = typeof scope === 'string' ? scope.split(' ').filter(Boolean) : [];
  const authTime = typeof auth_time === 'number' ? auth_time : undefined;
  const name = typeof username === 'string' ? username : undefined;
  return { sub, client_id, username: name, groups, scopes, exp, iat, authTime };
}

/**
 * Whether `aud` is missing, or names this gateway (RFC 8707 section 2.2) or only app clients that are allowed here: triggers
 * of the pool write the token's own app client (Amazon Cognito Developer Guide, "Pre token generation Lambda trigger").
 */
function isForUs(aud: unknown, { publicUrl, allowedClientIds }: TokenSettings): boolean {
  if (aud === undefined) return true;
  const audiences: readonly unknown[] = [aud].flat();
  const others = audiences.filter((a) => typeof a !== 'string' || !allowedClientIds.includes(a));
  if (others.length === 0) return audiences.length > 0;
  return others.some((a) => a === publicUrl || (typeof a === 'string' && a.startsWith(`${publicUrl}/`)));
}

function explain(error: unknown, userPoolId: string): AuthError {
  if (error instanceof JwtExpiredError) return expired(error);
  if (error instanceof FetchError || error instanceof WaitPeriodNotYetEndedJwkError) {
    return new AuthError('identity_provider_unavailable', texts.identity_provider_unavailable, { cause: error });
  }
  return refused(reason(error, userPoolId), error);
}

/** Tells how long ago and by which clock, because with a wrong clock every token looks expired. */
function expired(error: JwtExpiredError): AuthError {
  const now = Date.now();
  const ago = Math.max(1, Math.round(now / 1000 - Number(error.failedAssertion.actual)));
  return new AuthError('token_expired', texts.token_expired(ago, clockAt(now)), { cause: error });
}

function clockAt(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(11, 19)}Z`;
}

/** Text from an unverified token, made safe to repeat to its sender. */
function shown(text: unknown): string {
  return String(text)
    .replace(/[^\w:/. -]/g, '?')
    .slice(0, 128);
}

const refreshToken =
  'it looks like a refresh token, not an access token: revoke it, because it must never leave its owner';

function reason(error: unknown, userPoolId: string): string {
  if (error instanceof CognitoJwtInvalidTokenUseError) {
    const { actual } = error.failedAssertion;
    return actual === 'id' ? 'it is an ID token; send the access token' : 'it is not an access token';
  }
  if (error instanceof CognitoJwtInvalidClientIdError) {
    const client = shown(error.failedAssertion.actual);
    return `its app client is not allowed here: ${client} is not in COGNITO_ALLOWED_CLIENT_IDS`;
  }
  if (error instanceof KidNotFoundInJwksError) return "it is not signed by the gateway's user pool";
  const issuer =
    error instanceof Error ? /^issuer not (?:configured|allowed).*?(\S*)$/i.exec(error.message)?.[1] : undefined;
  if (issuer === undefined) return 'it is not an access token of this user pool';
  const pool = issuer.slice(issuer.lastIndexOf('/') + 1);
  const which = poolIdPattern.test(pool) ? ` (${pool}; this gateway trusts ${userPoolId})` : '';
  return `it comes from another user pool${which}`;
}

function refused(why: string, cause?: unknown): AuthError {
  return new AuthError('token_invalid', texts.token_invalid(why), { cause });
}
