import { Conditions, type Hold } from './arguments/conditions.ts';
import type { ToolGrants } from './arguments/tool-grants.ts';
import { isApproved, isReadOnly, type KnownTools } from './known-tools.ts';
import { staysUnder, templateStaysUnder } from './patterns/resource-uri.ts';
import type { MethodGrant, Policy, ServerGrant } from './policy.ts';
import type { Access } from './request/mcp-request.ts';
import { kindsOf, lifecycle, methods, type ObjectKind } from './request/methods.ts';

/** Why an access is denied, from "nothing at all" to "everything but this object". */
export type DenyReason =
  | 'no_scope'
  | 'server_not_allowed'
  /** MCP has no such method, and no rule names it as one of an extension. */
  | 'unknown_method'
  | 'method_not_allowed'
  | 'object_not_allowed'
  /** A rule names the tool, but no rule allows these arguments. */
  | 'argument_not_allowed'
  /** A rule allows it once a person has approved the call. */
  | 'approval_needed'
  /** A rule allows it, but the tool is new or has changed and is not approved. */
  | 'tool_changed';

/** A verdict that denies: the first access that no rule allows, and why. */
export interface Denial {
  allowed: false;
  reason: DenyReason;
  access: Access;
  /** With `argument_not_allowed`: the first argument that fails, as the rule names it. Never its value. */
  argument?: string | undefined;
  /** With `approval_needed`: a rule that allows the call once it is approved, and all who may approve it. */
  hold?: Hold;
}

/** The verdict: the rule that allowed (the first access's), or why not. */
export type Decision = { allowed: true; rule: string } | Denial;

/**
 * Decides whether a caller with `scopes` may do all of `accesses` on `server`. Default deny: an access is allowed if one
 * rule of one scope names the server, the method and, where the method names an object, the object.
 * @param tools what the registry says about tools; undefined where tools need no approval and none is known to only read
 * Pure. The time depends on the number of scopes and accesses, not on the number of rules.
 */
export function decide(
  policy: Policy,
  scopes: readonly string[],
  server: string,
  accesses: readonly [Access, ...Access[]],
  tools?: KnownTools,
): Decision {
  let rule = '';
  for (const access of accesses) {
    const verdict = decideOne(policy, scopes, server, access, tools);
    const isGranted = verdict.allowed || verdict.reason === 'approval_needed';
    if (!isGranted) return verdict;
    // Last of all: a caller who may not use a tool must not learn that it waits for approval.
    if (access.object?.kind === 'tool' && !isApproved(tools, server, access.object.name))
      return { allowed: false, reason: 'tool_changed', access };
    if (!verdict.allowed) return verdict;
    rule ||= verdict.rule;
  }
  return { allowed: true, rule };
}

function decideOne(
  policy: Policy,
  scopes: readonly string[],
  server: string,
  access: Access,
  tools: KnownTools | undefined,
): Decision {
  const deny = (reason: DenyReason): Decision => ({ allowed: false, reason, access });
  if (scopes.length === 0) return deny('no_scope');
  const isLifecycle = lifecycle.has(access.method);

  let nearest: DenyReason = 'server_not_allowed';
  let conditional: ToolGrants[] | undefined;
  for (const grant of grantsOn(policy, scopes, server)) {
    if (isLifecycle) return { allowed: true, rule: grant.rule };
    const method = grant.methods.get(access.method);
    if (!method) {
      if (nearest === 'server_not_allowed') nearest = withoutMethod(access.method);
      continue;
    }
    const rule = access.object ? objectRule(method, access.method, access.object) : plainRule(method, access.method);
    if (rule !== undefined) return { allowed: true, rule };
    nearest = 'object_not_allowed';
    if (!method.tools) continue;
    conditional ??= [];
    conditional.push(method.tools);
  }
  return (conditional && underConditions(conditional, server, access, tools)) ?? deny(nearest);
}

function withoutMethod(method: string): DenyReason {
  return methods.has(method) ? 'method_not_allowed' : 'unknown_method';
}

/** What the rules say together that allow the tool under a condition; undefined if there is none. */
function underConditions(
  grants: readonly ToolGrants[],
  server: string,
  access: Access,
  tools: KnownTools | undefined,
): Decision | undefined {
  if (access.object?.kind !== 'tool') return undefined;
  const { name } = access.object;
  const conditions = new Conditions();
  for (const grant of grants) {
    for (const verdict of grant.verdicts(name, access.arguments ?? {}, () => isReadOnly(tools, server, name))) {
      if (verdict.is === 'allowed') return { allowed: true, rule: verdict.rule };
      conditions.add(verdict);
    }
  }
  const unmet = conditions.unmet();
  return unmet && { allowed: false, access, ...unmet };
}

/** What the rules of `scopes` grant for one method of a server. */
export function methodGrants(
  policy: Policy,
  scopes: readonly string[],
  server: string,
  method: string,
): readonly MethodGrant[] {
  return [...grantsOn(policy, scopes, server)].flatMap((grant) => grant.methods.get(method) ?? []);
}

function* grantsOn(policy: Policy, scopes: readonly string[], server: string): Generator<ServerGrant> {
  for (const scope of scopes) {
    const servers = policy.scopes.get(scope);
    if (servers) yield* servers.matching(server);
  }
}

/** A method that must name an object grants nothing without one. Only `subscriptions/listen` may name none. */
function plainRule(grant: MethodGrant, method: string): string | undefined {
  const mustName = kindsOf(method);
  return mustName.length === 0 || method === 'subscriptions/listen' ? grant.rule : undefined;
}

/** A glob of resources covers only what every reader places under its prefix; those of tools and prompts go by letters. */
function objectRule(
  grant: MethodGrant,
  method: string,
  { kind, name }: { kind: ObjectKind; name: string },
): string | undefined {
  const ofUris = method === 'completion/complete' ? templateStaysUnder : staysUnder;
  const found = grant.objects[kind].matching(name, kind === 'resource' ? ofUris : undefined);
  return found.next().value ?? undefined;
}
