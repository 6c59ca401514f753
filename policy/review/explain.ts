import { type Decision, type DenyReason, decide } from '../decide.ts';
import type { KnownTools } from '../known-tools.ts';
import type { Approvers, Policy, Rule } from '../policy.ts';
import type { Access } from '../request/mcp-request.ts';
import { callConditions } from './conditions.ts';
import { covers, decideByRule, listOf } from './rule-shape.ts';

/**
 * Whether a rule allows an access, or the first part that does not match. `approval`: it allows the call after an approval.
 * `ended`: it allowed the access until it ended.
 */
export type RuleOutcome = 'hit' | 'server' | 'method' | 'object' | 'argument' | 'approval' | 'ended';

/** The outcome of one rule for an access. */
export interface RuleExplanation {
  rule: Rule;
  outcome: RuleOutcome;
  /** With `argument`: the first argument that fails, as the rule names it. */
  argument?: string;
  /** With `approval`: who may approve the call. */
  approvers?: Approvers;
  /** With `ended`: when, in milliseconds since 1970. */
  ended?: number;
  /** A glob whose prefix a resource URI starts with, although not every reader places the URI under it. */
  unheededGlob?: string;
}

/** The verdict and the reasons for it. */
export interface Explanation {
  decision: Decision;
  /** Of a call: under which conditions this tool may be called, as `callConditions` says. */
  conditions: readonly string[];
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
  argument_not_allowed: 'argument',
  approval_needed: 'approval',
  tool_changed: 'object',
};

/**
 * Explains why a caller with `scopes` may or may not do `access` on `server`. The verdict comes from `decide`, as it does
 * for `/validate`. The outcome of each rule is `decide`'s verdict with that rule alone, so the two cannot drift apart: a
 * rule hits if and only if the verdict is "allowed", or would be if the tool were approved in the registry. Pure.
 * @param tools as for `decide`
 */
export function explain(
  policy: Policy,
  scopes: readonly string[],
  server: string,
  access: Access,
  tools?: KnownTools,
): Explanation {
  const { method, object } = access;
  const asked: Asked = { server, access, at: policy.at, tools };
  return {
    decision: decide(policy, scopes, server, [access], tools),
    conditions: method === 'tools/call' && object ? callConditions(policy, scopes, tools)(server, object.name) : [],
    scopes: scopes.map((scope) => ({
      scope,
      rules: (policy.source.scopes.get(scope) ?? []).map((rule) => explainRule(rule, asked)),
    })),
  };
}

interface Asked {
  server: string;
  access: Access;
  at: number;
  tools: KnownTools | undefined;
}

function explainRule(rule: Rule, { server, access, at, tools }: Asked): RuleExplanation {
  const verdictAt = (time: number) => decideByRule(rule, server, access, time, tools && { readOnly: tools.readOnly });
  const verdict = verdictAt(at);
  if (verdict.allowed) return { rule, outcome: 'hit' };
  const { argument, hold } = verdict;
  if (verdict.reason === 'approval_needed')
    return { rule, outcome: 'approval', ...(hold && { approvers: hold.approvers }) };
  const ended = endsOfRule(rule, at).find((end) => helps(verdictAt(end - 1)));
  if (ended !== undefined) return { rule, outcome: 'ended', ended };
  const outcome = missed[verdict.reason];
  if (outcome === 'argument') return { rule, outcome, ...(argument !== undefined && { argument }) };
  const { object } = access;
  if (outcome !== 'object' || object?.kind !== 'resource') return { rule, outcome };
  const unheededGlob = rule[listOf.resource].find((pattern) => covers(pattern, object.name));
  return { rule, outcome, ...(unheededGlob !== undefined && { unheededGlob }) };
}

/** When the rule or one of its entries ended, the last first. */
function endsOfRule({ until, toolRules }: Rule, at: number): number[] {
  const ends = [until, ...toolRules.map((tool) => tool.until)].filter((end) => end !== undefined && end <= at);
  return [...new Set(ends as number[])].sort((a, b) => b - a);
}

function helps(decision: Decision): boolean {
  return decision.allowed || decision.reason === 'approval_needed';
}
