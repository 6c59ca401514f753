import { nowInSeconds } from '../../common/time/now.ts';
import { personInGroups } from '../../policy/caller.ts';
import type { Policy } from '../../policy/policy.ts';
import type { OriginalRequest } from '../request/original-request.ts';
import type { Principal } from './principal.ts';

/** What a public registry is decided by. */
export interface PublicRegistry {
  /** The group whose servers everyone may see; undefined where the registry is not public. */
  publicGroup?: string | undefined;
  policy: () => Policy;
  publicUrl: string;
  allowedOrigins: readonly string[];
  cookieName: string;
}

/** The only addresses that are ever public: those of the MCP registry API. nginx passes on the path that it was asked for. */
const publicPath = /^\/v0\.1\//;
const hourSeconds = 3_600;

/**
 * The visitor of a public registry (`PUBLIC_REGISTRY`): a reading request for the MCP registry API that shows no credential, or
 * that a page of another site sends. What such a page could add without the person's knowledge does not count, so it learns
 * nothing that is not public.
 * @returns undefined if the request has to show who sends it
 */
export function publicVisitor(deps: PublicRegistry, request: OriginalRequest): Principal | undefined {
  const { publicGroup, policy } = deps;
  const isPublic = request.target.resource === 'registry' && request.method === 'GET' && publicPath.test(request.uri);
  if (publicGroup === undefined || !isPublic) return undefined;
  if (!isFromElsewhere(deps, request) && showsCredential(deps, request)) return undefined;
  return {
    ...personInGroups(policy(), [publicGroup]),
    subject: '#public',
    username: 'public',
    clientId: undefined,
    authMethod: 'public',
    sessionId: undefined,
    // The same for an hour, so that visitors share assertions.
    expiresAt: (Math.floor(nowInSeconds() / hourSeconds) + 2) * hourSeconds,
  };
}

function showsCredential({ cookieName }: PublicRegistry, { credentials }: OriginalRequest): boolean {
  const { authorization, cookie = '' } = credentials;
  return authorization !== undefined || cookie.split(';').some((pair) => pair.trim().startsWith(`${cookieName}=`));
}

/** Whether a page of another site sent it. One of ALLOWED_ORIGINS may show a token of its own. */
function isFromElsewhere({ publicUrl, allowedOrigins }: PublicRegistry, request: OriginalRequest): boolean {
  const { origin, fetchSite } = request.browser;
  if (origin === publicUrl) return false;
  if (origin !== undefined)
    return !(allowedOrigins.includes(origin) && request.credentials.authorization !== undefined);
  return fetchSite !== undefined && fetchSite !== 'same-origin' && fetchSite !== 'none';
}
