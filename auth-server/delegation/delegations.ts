import { decodeProtectedHeader, errors, jwtVerify, SignJWT } from 'jose';
import { delegationSeconds, gateAudience } from '../../common/identity/broker.ts';
import { skewSeconds } from '../../common/identity/verify-signed.ts';
import { boundedCache } from '../../common/service/bounded-cache.ts';
import { nowInSeconds } from '../../common/time/now.ts';
import { createVerifiedCache } from '../cognito/verified-cache.ts';
import { AuthError, asAuthError } from '../denials/auth-error.ts';
import { texts } from '../denials/texts.ts';
import type { SigningKeys } from '../keys/signing-keys.ts';
import { type Delegation, delegationClaims } from './claims.ts';

/** The `typ` of delegations. Every verifier of another token of the gateway names another one. */
const typ = 'delegation+jwt';
const mostReused = 10_000;
const reuseMilliseconds = 60_000;

export type Delegations = ReturnType<typeof createDelegations>;

/**
 * Makes and verifies delegations: JWTs with which a broker calls other servers for its caller. Only the gate reads them.
 * @param keys of the purpose `assertion`
 * @param publicUrl the gateway's origin
 */
export function createDelegations(keys: SigningKeys, publicUrl: string) {
  const audience = gateAudience(publicUrl);
  const verified = createVerifiedCache<Delegation>();
  const made = boundedCache<string, { signed: string; at: number }>(mostReused);
  return {
    /**
     * A delegation that admits for two minutes, and never after its caller's access has ended. The same one for the same
     * request of a minute.
     */
    async mint(content: Omit<Delegation, 'iat' | 'exp'>): Promise<string> {
      const key = JSON.stringify(content);
      const kept = made.get(key);
      const age = kept === undefined ? Number.NaN : Date.now() - kept.at;
      if (kept !== undefined && age >= 0 && age < reuseMilliseconds) return kept.signed;
      const { kid, alg, key: signingKey } = await keys.current();
      const now = nowInSeconds();
      const signed = await new SignJWT({ ...content })
        .setProtectedHeader({ alg, kid, typ })
        .setIssuer(publicUrl)
        .setAudience(audience)
        .setIssuedAt(now)
        .setExpirationTime(Math.min(now + delegationSeconds, content.caller.ends))
        .sign(signingKey);
      made.set(key, { signed, at: Date.now() });
      return signed;
    },
    /** Drops those that are reused: after a change of the policy they may name other groups. */
    forget: () => made.clear(),
    /** What a delegation says that was verified recently and is still valid. */
    known: verified.find,
    /**
     * Verifies signature, `typ`, issuer, audience and expiry. Whether its caller still has access is the caller's to check.
     * @throws {AuthError} token_invalid or token_expired; store_unavailable if the keys cannot be read
     */
    async verify(token: string): Promise<Delegation> {
      // First, so that no key is looked for to verify another token.
      if (typeOf(token) !== typ) throw refused();
      const checks = { algorithms: [keys.alg, 'Ed25519'], issuer: publicUrl, audience, typ };
      const options = { ...checks, clockTolerance: skewSeconds, currentDate: new Date(Date.now()) };
      const { payload } = await jwtVerify(token, keys.find, options).catch((error: unknown) => {
        throw explain(error);
      });
      const read = delegationClaims.safeParse(payload).data;
      if (!read) throw refused();
      verified.keep(token, read);
      return read;
    },
  };
}

function explain(error: unknown): AuthError {
  if (error instanceof errors.JWTExpired) {
    const now = Date.now();
    const ago = Math.max(1, Math.round(now / 1000 - Number(error.payload.exp)));
    const clock = `${new Date(now).toISOString().slice(11, 19)}Z`;
    return new AuthError('token_expired', texts.token_expired(ago, clock), { cause: error });
  }
  return error instanceof errors.JOSEError ? refused(error) : asAuthError(error);
}

/** Longer ones are not read: no header of nginx holds them. */
const longestToken = 32_768;

function typeOf(token: string): unknown {
  if (token.length > longestToken) return undefined;
  try {
    return decodeProtectedHeader(token).typ;
  } catch {
    return undefined;
  }
}

function refused(cause?: unknown): AuthError {
  return new AuthError('token_invalid', texts.token_invalid('it is not a delegation of this gateway'), { cause });
}
