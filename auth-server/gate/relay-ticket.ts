import type { Ticket } from '../../common/identity/ticket.ts';
import type { ApprovedTools } from '../../policy/approved-tools.ts';
import { isAllVisible, listings } from '../../policy/listing.ts';
import type { Policy } from '../../policy/policy.ts';
import type { Endpoint, McpRequest } from '../../policy/request/mcp-request.ts';
import type { Principal } from '../identity/principal.ts';
import { revocationKeysOf } from '../store/revocation-keys.ts';

/** Longer ones would swell a header; whoever listens to that many resources is asked anew after each policy change. */
const longestUris = 4096;

/** An MCP request that the policy allows. */
export interface AllowedRequest {
  principal: Principal;
  server: string;
  endpoint: Endpoint;
  asked: McpRequest;
  /** With `/messages`: where at the upstream they go. */
  target: string | undefined;
  /** The approved tools, where that is asked: as for `decide`. */
  approved?: ApprovedTools | undefined;
}

/** Whose sessions and tasks are whose. A person's are theirs however they come in. */
export function ownerOf({ kind, subject }: Principal): string {
  return `${kind}:${subject}`;
}

/**
 * What the relay has to know of a request whose answer has to be seen; undefined if nobody needs to see it, and nginx
 * takes it to the server itself.
 */
export function relayTicket(policy: Policy, request: AllowedRequest): Ticket | undefined {
  if (!needsRelay(policy, request)) return undefined;
  const { principal, server, asked, target } = request;
  const { kind, expiresAt, groupsValidUntil = expiresAt } = principal;
  const uris = asked.accesses.flatMap(({ object }) => object?.name ?? []);
  return {
    server,
    method: asked.method,
    owner: ownerOf(principal),
    kind,
    ...(asked.method === 'subscriptions/listen' && uris.join().length <= longestUris && { uris }),
    ...(target !== undefined && { target }),
    // On a stream nobody asks again: it ends, and whoever opens it anew is judged by the groups of then.
    ends: Math.min(expiresAt, groupsValidUntil),
    marks: revocationKeysOf(principal),
  };
}

function needsRelay(policy: Policy, { principal, server, endpoint, asked, approved }: AllowedRequest): boolean {
  if (endpoint !== 'mcp') return true;
  const listing = listings.get(asked.method);
  if (listing) return !isAllVisible({ policy, scopes: principal.scopes, server, approved }, listing);
  const seen = ['initialize', '(stream)', '(end)', 'subscriptions/listen', 'tasks/list'];
  return seen.includes(asked.method) || (asked.method === 'tools/call' && asked.mayCreateTask === true);
}
