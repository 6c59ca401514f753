import { type Decision, type DenyReason, decide } from '../decide.ts';
import type { Policy, Rule } from '../policy.ts';
import type { Access } from '../request/mcp-request.ts';
import { covers, decideByRule, listOf } from './rule-shape.ts';

/** Whether a rule allows an access, or the first part of it that does not fit. */
export type RuleOutcome = 'hit' | 'server' | 'method' | 'object';

/** What one rule says to an access. */
export interface RuleExplanation {
  rule: Rule;
  outcome: RuleOutcome;
  /** A glob whose letters fit a resource URI that, not being in normal form, no glob may match. */
  unheededGlob?: string;
}

/** What each rule of one held scope says; a scope that no rule defines has none. */
export interface ScopeExplanation {
  scope: string;
  rules: readonly RuleExplanation[];
}

/** The verdict and what led to it. */
export interface Explanation {
  decision: Decision;
  scopes: readonly ScopeExplanation[];
}

const missed: Record<DenyReason, RuleOutcome> = {
  no_scope: 'server',
  unknown_method: 'method',
  server_not_allowed: 'server',
  method_not_allowed: 'method',
  object_not_allowed: 'object',
  tool_changed: 'object',
};

/**
 * Why somebody who holds `scopes` may or may not do `access` on `server`. The verdict is the one of `decide`, which
 * `/validate` asks; what each rule says is `decide`'s verdict with that rule alone, so the two cannot drift apart.
 * A rule hits if and only if the verdict is "allowed". Pure.
 */
export function explain(policy: Policy, scopes: readonly string[], server: string, access: Access): Explanation {
  return {
    decision: decide(policy, scopes, server, [access]),
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
