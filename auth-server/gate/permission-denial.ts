import type { ToolGuard } from '../../common/policy/approved-tools-watch.ts';
import type { Decision } from '../../policy/decide.ts';
import type { KnownTools } from '../../policy/known-tools.ts';
import { listings } from '../../policy/listing.ts';
import { hubName, isToolName } from '../../policy/names.ts';
import type { Policy } from '../../policy/policy.ts';
import type { McpRequest } from '../../policy/request/mcp-request.ts';
import { type Denied, groupsThatHelp, mayKnow, scopeThatHelps } from '../../policy/review/remedy.ts';
import { AuthError } from '../denials/auth-error.ts';
import { texts } from '../denials/texts.ts';
import type { Principal } from '../identity/principal.ts';

type Denial = Extract<Decision, { allowed: false }>;

const mostGroups = 3;
/** Tools of one request that the address of the page names. */
const mostAskedFor = 5;

/**
 * The denial of a request that no rule allows. Its message says what was asked, which scopes the caller has, what would
 * help and who can grant it. An agent that could request a helpful scope from Cognito gets its name (`details.missing`). A
 * person is never sent for another token, which would carry the same groups; they get the address of the page on which they can ask.
 * @param publicUrl the gateway's origin
 * @param tools as for `decide`
 */
export function permissionDenied(
  policy: Policy,
  principal: Principal,
  server: string,
  { id, accesses, isModern }: McpRequest,
  { access, reason, argument }: Denial,
  { publicUrl, tools }: { publicUrl: string; tools: KnownTools | undefined },
): AuthError {
  const { kind, scopes: held } = principal;
  const denied = { scopes: held, server, accesses, tools };
  const scope = kind === 'agent' ? scopeThatHelps(policy, denied) : undefined;
  const groups = kind === 'agent' ? [] : groupsThatHelp(policy, denied, mostGroups);
  const remedy =
    kind === 'agent' ? remedyForAgent(scope) : remedyForPerson(groups) + whereToAsk(policy, denied, publicUrl);
  const method = access.method.slice(0, 128);
  if (reason === 'unknown_method') {
    const known = scope !== undefined || groups.length > 0;
    return new AuthError('method_unknown', texts.method_unknown(method, server, known ? ` ${remedy}` : ''), {
      id,
      isModern,
    });
  }
  const what = access.object ? `${method} ${access.object.name.slice(0, 128)}` : method;
  const holds = held.length > 0 ? held.join(', ').slice(0, 200) : 'no scope';
  const text =
    reason === 'argument_not_allowed'
      ? texts.argument_not_permitted({ what, server, argument: argumentWords(argument), holds, remedy })
      : texts.not_permitted({ what, server, reason, holds, remedy });
  return new AuthError('not_permitted', text, {
    id,
    argument,
    missing: scope === undefined ? undefined : { scope, held },
  });
}

/** Which argument was refused, never its value. */
function argumentWords(argument: string | undefined): string {
  return argument === undefined ? 'these arguments' : `this argument: ${argument.slice(0, 128)}`;
}

/** Where a person can ask for what was denied: only of a server that they may know, so that a refusal tells of no other. */
function whereToAsk(policy: Policy, { scopes, server, accesses }: Denied, publicUrl: string): string {
  // The hub is no server that someone could ask for.
  if (server === hubName || !mayKnow(policy, scopes, server)) return '';
  const tools = accesses.flatMap(({ object }) =>
    object?.kind === 'tool' && isToolName(object.name) ? [object.name] : [],
  );
  const asked = [['server', server], ...tools.slice(0, mostAskedFor).map((tool) => ['tool', tool])];
  return ` Or ask for it here: ${publicUrl}/requests/new?${new URLSearchParams(asked)}`;
}

function remedyForAgent(scope: string | undefined): string {
  if (scope === undefined) {
    return "Ask an administrator, who can change this agent's app client in Cognito, or the policy.";
  }
  return `The scope ${scope.slice(0, 128)} would allow it. The administrator of this agent's app client in Cognito can grant it: App clients > Login pages > Custom scopes.`;
}

/** What would help a person, and who can give it. @param groups the groups that would help */
export function remedyForPerson(groups: readonly string[]): string {
  const names = groups.map((group) => group.slice(0, 128));
  if (names.length === 0) return 'Ask an administrator, who can change your groups in Cognito, or the policy.';
  const which = names.length === 1 ? `The group ${names[0]}` : `Any of the groups ${names.join(', ')}`;
  return `${which} would allow it. Ask an administrator, who can add you in Cognito.`;
}

/**
 * The answer to a caller who asks for a list that no rule grants, of a server that a rule names: an empty one, in place of
 * the server's. Clients ask for every list that a server announces, and many give up at a refusal.
 * @returns undefined if that is not what was denied
 */
export function emptyList(
  server: string,
  { id, isModern }: McpRequest,
  { access, reason }: Denial,
): AuthError | undefined {
  const listing = id !== undefined && reason === 'method_not_allowed' ? listings.get(access.method) : undefined;
  if (!listing) return undefined;
  const hints = isModern && { resultType: 'complete', ttlMs: 0, cacheScope: 'private' };
  const result = { ...hints, [listing.field]: [] };
  return new AuthError('nothing_to_list', texts.nothing_to_list(access.method, server), { id, result });
}

/**
 * The denial of a tool that the policy allows but that is not approved. Use it only after the policy's verdict: a caller
 * without permission must not learn that a tool waits for approval.
 */
export function notApproved(
  guard: Pick<ToolGuard, 'known'>,
  server: string,
  { id }: McpRequest,
  { access }: Denial,
): AuthError {
  if (guard.known() === 'unreadable')
    return new AuthError('approved_tools_unavailable', texts.approved_tools_unavailable, { id });
  const tool = access.object?.name.slice(0, 128);
  return new AuthError('tool_changed', texts.tool_changed(tool, server), { id });
}
