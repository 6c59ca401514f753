import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { AuthError, type AuthErrorCode } from '../denials/auth-error.ts';
import type { Principal } from '../identity/principal.ts';
import type { OriginalRequest } from '../request/original-request.ts';
import { networkOf } from './network.ts';
import { createTally } from './rate-limit.ts';

/** How much is taken in a minute, by each auth-server process; 0 for no limit. */
export interface ThrottleLimits {
  /** Refusals of one credential from one address. */
  failuresPerCredential: number;
  /** Refusals of all credentials from one address. */
  failuresPerAddress: number;
  /** Requests of one person or agent. */
  requestsPerPrincipal: number;
}

/**
 * Lets somebody be identified, unless they are to wait.
 * @throws {AuthError} too_many_requests, or what `identify` throws
 */
export type Throttle = (
  request: OriginalRequest,
  identify: () => Principal | Promise<Principal>,
) => Principal | Promise<Principal>;

/** A credential was shown, and it is no good. Not `credentials_missing`: that is how each MCP client begins. */
const failures: ReadonlySet<AuthErrorCode> = new Set<AuthErrorCode>([
  'authorization_unreadable',
  'credentials_ambiguous',
  'token_invalid',
  'token_expired',
  'session_invalid',
  'session_expired',
  'session_ended',
  'session_idle',
  'access_revoked',
]);

/**
 * What of these a stranger can make up. A token that has run out, or was revoked, was given out by the user pool: a company
 * whose agents all come with yesterday's must not be kept from getting new ones.
 */
const guesses: ReadonlySet<AuthErrorCode> = new Set<AuthErrorCode>(['authorization_unreadable', 'token_invalid']);

const goodMilliseconds = 3_600_000;
/** The end of a token's signature: finds it without a digest of the whole. */
const tailLength = 43;

/**
 * Slows down who shows bad credentials, and who asks for too much. Behind one address may be a whole company, so one
 * broken agent must not lock out the others:
 *
 * - A credential that was refused too often waits, by itself.
 * - Only an address from which many different ones are refused waits as a whole, and then only with tokens: not with one
 *   that was good in the last hour, and not with a session, which costs next to nothing to check.
 *
 * Without `X-Real-IP` nothing is counted: all callers would look like one.
 */
export function createThrottle(limits: ThrottleLimits): Throttle {
  const perCredential = createTally(limits.failuresPerCredential);
  const perAddress = createTally(limits.failuresPerAddress);
  const perPrincipal = createTally(limits.requestsPerPrincipal);
  // By the tail, the digest of the whole: whoever has one good token can put its tail to thousands of others.
  const good = new LRUCache<string, string>({
    max: 50_000,
    ttl: goodMilliseconds,
    ttlResolution: 1_000,
    updateAgeOnGet: true,
  });
  const tailOf = (authorization: string) => authorization.slice(-tailLength);
  const isGood = (authorization: string) => good.get(tailOf(authorization)) === digest(authorization);
  const noteGood = (authorization: string) => {
    const tail = tailOf(authorization);
    if (good.get(tail) !== undefined) return;
    // Copied: a part of a string keeps all of it in memory.
    good.set(Buffer.from(tail, 'latin1').toString('latin1'), digest(authorization));
  };

  const holdBack = (network: string, { authorization, cookie }: OriginalRequest['credentials']) => {
    const credential = authorization ?? cookie;
    if (credential === undefined) return;
    const same = perCredential.isEmpty() ? undefined : perCredential.waitFor(`${network} ${digest(credential)}`);
    if (same !== undefined) throw tooMany(same, 'This credential was refused too often. Get a new one');
    if (authorization === undefined || perAddress.isEmpty()) return;
    const all = perAddress.waitFor(network);
    if (all === undefined || isGood(authorization)) return;
    throw tooMany(all, 'Too many credentials from your network were refused. Try again');
  };
  const noteFailure = (network: string, { authorization, cookie }: OriginalRequest['credentials'], error: unknown) => {
    const credential = authorization ?? cookie;
    if (credential === undefined || !(error instanceof AuthError) || !failures.has(error.code)) return;
    perCredential.note(`${network} ${digest(credential)}`);
    // Sessions do not wait as a whole, so they do not count either.
    if (authorization !== undefined && guesses.has(error.code)) perAddress.note(network);
  };

  const passed = (principal: Principal, { authorization }: OriginalRequest['credentials']): Principal => {
    if (limits.failuresPerAddress > 0 && authorization !== undefined) noteGood(authorization);
    if (limits.requestsPerPrincipal > 0) {
      const who = `${principal.kind} ${principal.subject}`;
      const wait = perPrincipal.waitFor(who);
      if (wait !== undefined) throw tooMany(wait, 'You have sent more requests than are allowed in a minute. Go on');
      perPrincipal.note(who);
    }
    return principal;
  };

  return (request, identify) => {
    const { address, credentials } = request;
    const isQuiet = perCredential.isEmpty() && perAddress.isEmpty();
    if (!isQuiet && address !== undefined) holdBack(networkOf(address), credentials);
    const failed = (error: unknown): never => {
      if (address !== undefined) noteFailure(networkOf(address), credentials, error);
      throw error;
    };
    let found: Principal | Promise<Principal>;
    try {
      found = identify();
    } catch (error) {
      return failed(error);
    }
    if (!(found instanceof Promise)) return passed(found, credentials);
    return found.then((principal) => passed(principal, credentials), failed);
  };
}

function digest(credential: string): string {
  return hash('sha256', credential, 'base64');
}

function tooMany(seconds: number, message: string): AuthError {
  return new AuthError('too_many_requests', `${message} in ${seconds} s.`, { retryAfter: seconds });
}
