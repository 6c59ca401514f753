import { hash } from 'node:crypto';
import { boundedCache } from '../../common/service/bounded-cache.ts';
import { AuthError } from '../denials/auth-error.ts';
import type { AuthErrorCode } from '../denials/codes.ts';
import { texts } from '../denials/texts.ts';
import type { Principal } from '../identity/principal.ts';
import type { OriginalRequest } from '../request/original-request.ts';
import { createTally, networkOf } from './rate-limit.ts';

/** Limits per minute, of each auth-server process; 0 for no limit. */
export interface ThrottleLimits {
  /** Rejections of one credential from one address. */
  failuresPerCredential: number;
  /** Rejections of any credentials from one address. */
  failuresPerAddress: number;
  /** Requests of one person or agent. */
  requestsPerPrincipal: number;
}

/**
 * Runs `identify`, unless the caller has to wait.
 * @throws {AuthError} too_many_requests, or what `identify` throws
 */
export type Throttle = (
  request: OriginalRequest,
  identify: () => Principal | Promise<Principal>,
) => Principal | Promise<Principal>;

/** The credential was rejected. Not `credentials_missing`: every MCP client starts without one. */
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
 * The failures that a stranger can produce at will. An expired or revoked token was once issued by the user pool: a company
 * whose agents all send yesterday's tokens must still be able to get new ones.
 */
const guesses: ReadonlySet<AuthErrorCode> = new Set<AuthErrorCode>(['authorization_unreadable', 'token_invalid']);

const goodMilliseconds = 3_600_000;
/** The end of a token's signature: finds a token without a digest of the whole. */
const tailLength = 43;

/**
 * Slows down callers that send bad credentials or too many requests. One address may be a whole company, so one broken
 * agent must not lock out the others:
 *
 * - A credential that was rejected too often has to wait; others do not.
 * - An address as a whole has to wait only if many different credentials from it were rejected, and only with tokens: not
 *   with a token that was good in the last hour, and not with a session, which is cheap to check.
 *
 * Without `X-Real-IP` nothing is counted, because all callers would look like one.
 */
export function createThrottle(limits: ThrottleLimits): Throttle {
  const perCredential = createTally(limits.failuresPerCredential);
  const perAddress = createTally(limits.failuresPerAddress);
  const perPrincipal = createTally(limits.requestsPerPrincipal);
  // Tail to digest of the whole token: the owner of one good token can append its tail to thousands of others.
  const good = boundedCache<string, string>(50_000, {
    ttl: goodMilliseconds,
    ttlResolution: 1_000,
    updateAgeOnGet: true,
  });
  const tailOf = (authorization: string) => authorization.slice(-tailLength);
  const isGood = (authorization: string) => good.get(tailOf(authorization)) === digest(authorization);
  const noteGood = (authorization: string) => {
    const tail = tailOf(authorization);
    if (good.get(tail) !== undefined) return;
    // Copied, because a substring keeps the whole string in memory.
    good.set(Buffer.from(tail, 'latin1').toString('latin1'), digest(authorization));
  };

  const holdBack = (network: string, { authorization, cookie }: OriginalRequest['credentials']) => {
    const credential = authorization ?? cookie;
    if (credential === undefined) return;
    const same = perCredential.isEmpty() ? undefined : perCredential.waitFor(`${network} ${digest(credential)}`);
    if (same !== undefined) throw tooMany(same, texts.credential_refused_too_often);
    if (authorization === undefined || perAddress.isEmpty()) return;
    const all = perAddress.waitFor(network);
    if (all === undefined || isGood(authorization)) return;
    throw tooMany(all, texts.network_refused_too_often);
  };
  const noteFailure = (network: string, { authorization, cookie }: OriginalRequest['credentials'], error: unknown) => {
    const credential = authorization ?? cookie;
    if (credential === undefined || !(error instanceof AuthError) || !failures.has(error.code)) return;
    perCredential.note(`${network} ${digest(credential)}`);
    // An address never has to wait with sessions, so they do not count for it.
    if (authorization !== undefined && guesses.has(error.code)) perAddress.note(network);
  };

  const passed = (
    principal: Principal,
    { credentials: { authorization }, address = '' }: OriginalRequest,
  ): Principal => {
    if (limits.failuresPerAddress > 0 && authorization !== undefined) noteGood(authorization);
    // What a broker asks for its caller was counted when the caller asked the broker.
    if (limits.requestsPerPrincipal > 0 && principal.delegated === undefined) {
      // Visitors of a public registry are told apart by their addresses.
      const place = principal.authMethod === 'public' ? ` ${networkOf(address)}` : '';
      const key = `${principal.kind} ${principal.subject}${place}`;
      const wait = perPrincipal.waitFor(key);
      if (wait !== undefined) throw tooMany(wait, texts.too_many_requests);
      perPrincipal.note(key);
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
    if (!(found instanceof Promise)) return passed(found, request);
    return found.then((principal) => passed(principal, request), failed);
  };
}

function digest(credential: string): string {
  return hash('sha256', credential, 'base64');
}

function tooMany(seconds: number, text: (seconds: number) => string): AuthError {
  return new AuthError('too_many_requests', text(seconds), { retryAfter: seconds });
}
