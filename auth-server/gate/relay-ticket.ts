import type { BrokerName } from '../../common/identity/broker.ts';
import type { Ticket } from '../../common/identity/ticket.ts';
import type { KnownTools } from '../../policy/known-tools.ts';
import { isSomeListFiltered } from '../../policy/listing.ts';
import type { Policy } from '../../policy/policy.ts';
import type { Endpoint, McpRequest } from '../../policy/request/mcp-request.ts';
import { cacheable, isExtensionMethod } from '../../policy/request/methods.ts';
import { perPrincipal } from '../identity/per-principal.ts';
import type { Principal } from '../identity/principal.ts';
import { revocationKeysOf } from '../store/revocation-feed.ts';
import type { AccountUse } from './account/token.ts';

/** Longer lists would not fit a header. Without its URIs a subscription ends, and is judged again, at each policy change. */
const longestUris = 4096;

/** An MCP request that the policy allows. */
export interface AllowedRequest {
  principal: Principal;
  server: string;
  endpoint: Endpoint;
  asked: McpRequest;
  /** With `/messages`: path and query at the upstream. */
  target: string | undefined;
  /** As for `decide`. */
  tools?: KnownTools | undefined;
  /** The broker that the request leads to. */
  broker?: BrokerName | undefined;
  /** Set if the server wants each person's own account: the relay has to see whether the server accepts it. */
  use?: Pick<AccountUse, 'account' | 'mark'> | undefined;
  /** Set if the call has used an approval: the relay has to see whether the server lets it go on. */
  hold?: string | undefined;
}

/** The owner of the sessions and tasks that this principal creates. A person owns them however they log in. */
export function ownerOf({ kind, subject }: Principal): string {
  return `${kind}:${subject}`;
}

/**
 * The ticket for a request whose answer the relay has to see. Undefined if nginx can forward the request to the server
 * directly.
 */
export function relayTicket(policy: Policy, request: AllowedRequest): Ticket | undefined {
  if (!needsRelay(policy, request)) return undefined;
  const { principal, server, asked, target, broker, use, hold } = request;
  const uris = asked.accesses.flatMap(({ object }) => object?.name ?? []);
  return {
    server,
    method: asked.method,
    owner: ownerOf(principal),
    kind: principal.kind,
    ...(asked.method === 'subscriptions/listen' && uris.join().length <= longestUris && { uris }),
    ...(target !== undefined && { target }),
    ...(broker !== undefined && { broker }),
    ...(asked.method === 'initialize' && asked.opensPages && { opensPages: true }),
    ...(use && { account: use.account }),
    ...(hold !== undefined && { hold }),
    ends: endOf(principal, asked.method),
    marks: use ? [...revocationKeysOf(principal), use.mark] : revocationKeysOf(principal),
  };
}

/** Requests whose answer lasts as long as the client likes; it opens another one when this one ends. */
const streams = new Set(['(stream)', 'subscriptions/listen']);
/** Bounds the answer to a request with a token of the identity provider, which has no record that could end. */
const longestAnswerSeconds = 86_400;

/**
 * Until when the answer may last, in seconds since 1970. A stream is judged only when it opens: it ends with the credential, or
 * when its groups expire, so that it is reopened with current ones. The answer to a call is not cut by either, because the
 * effects of the call would be done and its result lost. A revocation, a change of the policy and the end of the record end both.
 */
function endOf({ sessionId, expiresAt, groupsValidUntil = expiresAt }: Principal, method: string): number {
  if (streams.has(method)) return Math.min(expiresAt, groupsValidUntil);
  // Not counted from now: requests with one token would not share their tickets.
  return sessionId === undefined ? expiresAt + longestAnswerSeconds : expiresAt;
}

/**
 * A client takes a list from any answer of its server, also from that to a ping: a server could answer a pending
 * `tools/list` there. So the relay sees all answers to callers for whom some list of the server is filtered.
 */
function needsRelay(policy: Policy, request: AllowedRequest): boolean {
  const { principal, server, endpoint, asked, tools, broker, use, hold } = request;
  if (use || hold !== undefined) return true;
  // The hub's lists are not filtered: what is behind them is judged when it is used. It says itself who may cache them.
  if (broker === 'hub' && endpoint === 'mcp') return relayedToHub.has(asked.method) || asked.mayCreateTask === true;
  if (endpoint !== 'mcp' || relayed.has(asked.method) || isExtensionMethod(asked.method)) return true;
  if (asked.method === 'tools/call' && asked.mayCreateTask === true) return true;
  return hasFilteredList(policy, principal, server, tools);
}

/**
 * The relay forbids others to use what one caller may cache, also where nothing of the answer is removed. Extensions define
 * results that clients cache, such as those of `skills/list`; of MCP's own only the cacheable ones are.
 */
const relayedToHub = new Set(['initialize', '(stream)', '(end)', 'subscriptions/listen', 'tasks/list']);
const relayed = new Set([...relayedToHub, ...cacheable]);

type Known = { policy: Policy; tools: KnownTools | undefined; servers: Map<string, boolean> };
const known = perPrincipal((): { now: Known | undefined } => ({ now: undefined }));

/** Remembered for each principal and server until the policy or the approved tools change. */
function hasFilteredList(policy: Policy, principal: Principal, server: string, tools: KnownTools | undefined): boolean {
  const kept = known(principal);
  if (kept.now?.policy !== policy || kept.now.tools !== tools) kept.now = { policy, tools, servers: new Map() };
  const { servers } = kept.now;
  const found = servers.get(server) ?? isSomeListFiltered({ policy, scopes: principal.scopes, server, tools });
  servers.set(server, found);
  return found;
}
