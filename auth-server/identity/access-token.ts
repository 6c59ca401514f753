import { randomBytes } from 'node:crypto';
import { decodeJwt, decodeProtectedHeader, errors, jwtVerify, SignJWT } from 'jose';
import * as z from 'zod';
import { skewSeconds } from '../../common/identity/verify-signed.ts';
import { nowInSeconds } from '../../common/time/now.ts';
import { createVerifiedCache } from '../cognito/verified-cache.ts';
import { AuthError, asAuthError } from '../denials/auth-error.ts';
import { texts } from '../denials/texts.ts';
import type { SigningKeys } from '../keys/signing-keys.ts';

/** The life of an access token in seconds. VS Code and Claude Code refresh without end below 300. */
export const accessTokenSeconds = 600;
/** The `typ` of access tokens (RFC 9068 section 2.1). No other token of the gateway has it. */
const typ = 'at+jwt';

const payload = z.object({
  sub: z.string().min(1),
  sid: z.string().min(1),
  client_id: z.string().min(1),
  aud: z.string(),
  iat: z.number(),
  exp: z.number(),
});

/** What an access token says. It names no groups: its record does, as with a cookie. */
export interface AccessClaims {
  sub: string;
  /** The record that it refers to. */
  sid: string;
  /** The OAuth client: the digest of its id, or the address of its metadata document. */
  client: string;
  /** The audience, as `resourceOf` spells it. */
  resource: string;
  iat: number;
  exp: number;
}

export type AccessTokens = ReturnType<typeof createAccessTokens>;

/**
 * Makes and verifies the access tokens of OAuth clients: JWTs (RFC 9068) that refer to a record.
 * @param keys of the purpose `access-token`
 * @param publicUrl the gateway's origin, the issuer
 */
export function createAccessTokens(keys: SigningKeys, publicUrl: string) {
  const verified = createVerifiedCache<AccessClaims>();
  const start = Buffer.from(`{"alg":"${keys.alg}",`).toString('base64url').slice(0, 16);
  return {
    /** A token that is valid for ten minutes. */
    async mint({ sub, sid, client, resource }: Omit<AccessClaims, 'iat' | 'exp'>): Promise<string> {
      const { kid, alg, key } = await keys.current();
      const now = nowInSeconds();
      return new SignJWT({ sid, client_id: client, scope: 'mcp', jti: randomBytes(16).toString('base64url') })
        .setProtectedHeader({ alg, kid, typ })
        .setIssuer(publicUrl)
        .setAudience(resource)
        .setSubject(sub)
        .setIssuedAt(now)
        .setExpirationTime(now + accessTokenSeconds)
        .sign(key);
    },
    /** The claims of a token that was verified recently and is still valid. */
    known: verified.find,
    /** Whether a token begins as these do. Verifies nothing. */
    looksOurs: (token: string) => token.startsWith(start),
    /**
     * Whether a token names this gateway as its issuer, and therefore has to be one of these. Verifies nothing.
     * @param token of any kind and length
     */
    isOurs: (token: string) => issuerOf(token) === publicUrl,
    /**
     * Verifies signature, `typ`, issuer and expiry. Whether its record still stands, and whether the audience is the asked
     * one, is the caller's to check.
     * @throws {AuthError} token_invalid or token_expired; store_unavailable if the keys cannot be read
     */
    async verify(token: string): Promise<AccessClaims> {
      // First, so that no key is looked for to verify an assertion.
      if (typeOf(token) !== typ) throw refused('it is not an access token');
      const checks = { algorithms: [keys.alg], issuer: publicUrl, typ, clockTolerance: skewSeconds };
      const options = { ...checks, currentDate: new Date(Date.now()) };
      const { payload: said } = await jwtVerify(token, keys.find, options).catch((error: unknown) => {
        throw explain(error);
      });
      const read = payload.safeParse(said).data;
      if (!read) throw refused('its claims are not those of an access token');
      const { sub, sid, client_id: client, aud: resource, iat, exp } = read;
      const claims = { sub, sid, client, resource, iat, exp };
      verified.keep(token, claims);
      return claims;
    },
    /** The public keys, as `/oauth2/jwks` serves them (RFC 7517). */
    jwks: keys.jwks,
  };
}

function explain(error: unknown): AuthError {
  if (error instanceof errors.JWTExpired) {
    const now = Date.now();
    const ago = Math.max(1, Math.round(now / 1000 - Number(error.payload.exp)));
    return new AuthError('token_expired', texts.token_expired(ago, `${new Date(now).toISOString().slice(11, 19)}Z`), {
      cause: error,
    });
  }
  if (!(error instanceof errors.JOSEError)) return asAuthError(error);
  return refused('it is not an access token that this gateway has signed', error);
}

/** Longer ones are not read: no header of nginx holds them. */
const longestToken = 32_768;

const issuerOf = (token: string) => unverified(token, decodeJwt)?.iss;
const typeOf = (token: string) => unverified(token, decodeProtectedHeader)?.typ;

function unverified<T>(token: string, read: (token: string) => T): T | undefined {
  if (token.length > longestToken) return undefined;
  try {
    return read(token);
  } catch {
    return undefined;
  }
}

function refused(why: string, cause?: unknown): AuthError {
  return new AuthError('token_invalid', texts.token_invalid(why), { cause });
}
