import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { AuthError, type AuthErrorCode } from './errors.ts';
import type { OriginalRequest } from './original-request.ts';
import type { Principal } from './principal.ts';
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
export type Throttle = (request: OriginalRequest, identify: () => Promise<Principal>) => Promise<Principal>;

/** A credential was shown, and it is none. Not `credentials_missing`: that is how each MCP client begins. */
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

const goodMilliseconds = 3_600_000;
/** The end of a token's signature, which nobody can choose: as good as a digest, and it costs nothing. */
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
  const good = new LRUCache<string, true>({ max: 50_000, ttl: goodMilliseconds, ttlResolution: 1_000 });

  const holdBack = (network: string, { authorization, cookie }: OriginalRequest['credentials']) => {
    const credential = authorization ?? cookie;
    if (credential === undefined) return;
    const same = perCredential.isEmpty() ? undefined : perCredential.waitFor(`${network} ${digest(credential)}`);
    if (same !== undefined) throw tooMany(same, 'This credential was refused too often. Get a new one');
    if (authorization === undefined || perAddress.isEmpty()) return;
    const all = perAddress.waitFor(network);
    if (all === undefined || good.has(authorization.slice(-tailLength))) return;
    throw tooMany(all, 'Too many credentials from your network were refused. Try again');
  };
  const noteFailure = (network: string, { authorization, cookie }: OriginalRequest['credentials'], error: unknown) => {
    const credential = authorization ?? cookie;
    if (credential === undefined || !(error instanceof AuthError) || !failures.has(error.code)) return;
    perCredential.note(`${network} ${digest(credential)}`);
    perAddress.note(network);
  };

  return async (request, identify) => {
    const { address, credentials } = request;
    const isQuiet = perCredential.isEmpty() && perAddress.isEmpty();
    if (!isQuiet && address !== undefined) holdBack(networkOf(address), credentials);
    let principal: Principal;
    try {
      principal = await identify();
    } catch (error) {
      if (address !== undefined) noteFailure(networkOf(address), credentials, error);
      throw error;
    }
    if (limits.failuresPerAddress > 0 && credentials.authorization !== undefined) {
      good.set(credentials.authorization.slice(-tailLength), true);
    }
    if (limits.requestsPerPrincipal > 0) {
      const who = `${principal.kind} ${principal.subject}`;
      const wait = perPrincipal.waitFor(who);
      if (wait !== undefined) throw tooMany(wait, 'You have sent more requests than are allowed in a minute. Go on');
      perPrincipal.note(who);
    }
    return principal;
  };
}

/** One host is easily given a whole /64 of IPv6 addresses: it counts as one. As in nginx/gate/maps.conf. */
function networkOf(address: string): string {
  return /^(?!::ffff:)(?:(?:[0-9a-f]{1,4}:){4}|[0-9a-f:]*?::)/i.exec(address)?.[0] ?? address;
}

function digest(credential: string): string {
  return hash('sha256', credential, 'base64');
}

function tooMany(seconds: number, message: string): AuthError {
  return new AuthError('too_many_requests', `${message} in ${seconds} s.`, { retryAfter: seconds });
}
