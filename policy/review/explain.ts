import { type Decision, type DenyReason, decide } from '../decide.ts';
import type { KnownTools } from '../known-tools.ts';
import type { Policy, Rule } from '../policy.ts';
import type { Access } from '../request/mcp-request.ts';
import { covers, decideByRule, listOf } from './rule-shape.ts';

/** Whether a rule allows an access, or the first part that does not match. */
export type RuleOutcome = 'hit' | 'server' | 'method' | 'object';

/** The outcome of one rule for an access. */
export interface RuleExplanation {
  rule: Rule;
  outcome: RuleOutcome;
  /** A glob whose prefix a resource URI starts with, although not every reader places the URI under it. */
  unheededGlob?: string;
}

/** The verdict and the reasons for it. */
export interface Explanation {
  decision: Decision;
  /** The outcomes of the rules of each held scope; empty for a scope without rules. */
  scopes: readonly { scope: string; rules: readonly RuleExplanation[] }[];
}

/** The reason of a denial, as the end of a sentence about people in groups or an agent with scopes. */
export const denialWords: Readonly<Record<DenyReason, string>> = {
  no_scope: 'they hold no scope at all',
  unknown_method: 'no rule could ever allow this method',
  server_not_allowed: 'no held scope has a rule for this server',
  method_not_allowed: 'a rule names the server, but none names the method',
  object_not_allowed: 'a rule names server and method, but none names this object',
  argument_not_allowed: 'a rule names the tool, but none allows these arguments',
  approval_needed: 'a rule allows it, but only after a person has approved the call',
  tool_changed: 'a rule allows it, but the tool is not approved as it is now',
};

const missed: Record<DenyReason, RuleOutcome> = {
  no_scope: 'server',
  unknown_method: 'method',
  server_not_allowed: 'server',
  method_not_allowed: 'method',
  object_not_allowed: 'object',
  argument_not_allowed: 'object',
  approval_needed: 'object',
  tool_changed: 'object',
};

/**
 * Explains why a caller with `scopes` may or may not do `access` on `server`. The verdict comes from `decide`, as it does
 * for `/validate`. The outcome of each rule is `decide`'s verdict with that rule alone, so the two cannot drift apart: a
 * rule hits if and only if the verdict is "allowed", or would be if the tool were approved. Pure.
 * @param tools as for `decide`
 */
export function explain(
  policy: Policy,
  scopes: readonly string[],
  server: string,
  access: Access,
  tools?: KnownTools,
): Explanation {
  return {
    decision: decide(policy, scopes, server, [access], tools),
    scopes: scopes.map((scope) => ({
      scope,
      rules: (policy.source.scopes.get(scope) ?? []).map((rule) => explainRule(rule, server, access)),
    })),
  };
}

function explainRule(rule: Rule, server: string, access: Access): RuleExplanation {
  const verdict = decideByRule(rule, server, access);
  if (verdict.allowed) return { rule, outcome: 'hit' };
  const outcome = missed[verdict.reason];
  const { object } = access;
  if (outcome !== 'object' || object?.kind !== 'resource') return { rule, outcome };
  const unheededGlob = rule[listOf.resource].find((pattern) => covers(pattern, object.name));
  return { rule, outcome, ...(unheededGlob !== undefined && { unheededGlob }) };
}
