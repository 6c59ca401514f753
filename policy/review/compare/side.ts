import { type Decision, decide } from '../../decide.ts';
import { compilePolicy, expandMethods, type Policy, type Rule, type ToolRule, wildcard } from '../../policy.ts';
import type { Access } from '../../request/mcp-request.ts';

/** When a right ends that does not end. */
export const never = Number.POSITIVE_INFINITY;

/** The condition of a tool: all that has to hold beside its name. */
export type Condition = Pick<ToolRule, 'hint' | 'arguments' | 'only' | 'approve' | 'until'>;

/** One way to be allowed a tool: what has to hold, and when it ends (milliseconds since 1970, or `never`). */
export interface Alternative {
  rule: Condition;
  end: number;
  /** The rule that has it. */
  at?: string;
}

/** What one caller may do by one policy, at each time from `at` on. */
export interface Side {
  policy: Policy;
  scopes: readonly string[];
  rules: readonly Rule[];
  /** All conditions of tools, each with the earlier of its own end and its rule's. */
  conditions: readonly Condition[];
  /** When rights of this caller end, the latest first, after `never`. */
  ends: readonly number[];
  /** The verdict just before a time. @param readOnly whether a person approved the tool as one that only reads */
  before(end: number, server: string, access: Access, readOnly?: boolean): Decision;
  /** The conditions under which a tool of a server may be called. */
  alternatives(server: string, tool: string): Alternative[];
}

/**
 * A caller with `scopes` under a policy.
 * @param at what ended by then does not count
 */
export function sideOf(policy: Policy, scopes: readonly string[], at: number): Side {
  const { source } = policy;
  const rules = scopes.flatMap((scope) => source.scopes.get(scope) ?? []).filter((rule) => lasts(endOf(rule), at));
  const own = { ...source, groups: new Map(), scopes: new Map([['own', rules]]), limits: [] };
  const conditions = rules.flatMap((rule) => conditionsOf(rule, at));
  const ends = new Set([...rules.map(endOf), ...conditions.map(({ alternative }) => alternative.end)]);
  // Nothing of this caller ends, so the policy decides at all times as it does now.
  const isEndless = scopes.every((scope) => source.scopes.get(scope)?.every(isWithoutEnd) ?? true);
  const onServer = new Map<string, typeof conditions>();
  const compiled = new Map<number, Policy>();
  const justBefore = (end: number): Policy => {
    const known = compiled.get(end) ?? compilePolicy(own, end === never ? never : end - 1);
    compiled.set(end, known);
    return known;
  };
  return {
    policy,
    scopes,
    rules,
    conditions: conditions.map(({ alternative }) => alternative.rule),
    ends: [never, ...[...ends].filter((end) => end !== never).sort((a, b) => b - a)],
    before: (end, server, access, readOnly = false) => {
      const tool = readOnly && access.object ? [access.object.name] : [];
      const tools = { readOnly: new Map([[server, new Set(tool)]]) };
      return isEndless
        ? decide(policy, scopes, server, [access], tools)
        : decide(justBefore(end), ['own'], server, [access], tools);
    },
    alternatives: (server, tool) => {
      const here = onServer.get(server) ?? conditions.filter((each) => each.isOn(server));
      onServer.set(server, here);
      return here.filter((each) => each.isFor(tool)).map(({ alternative }) => alternative);
    },
  };
}

function conditionsOf(rule: Rule, at: number) {
  if (!expandMethods(rule.methods).has('tools/call')) return [];
  return rule.toolRules.flatMap((toolRule) => {
    const end = Math.min(endOf(rule), endOf(toolRule));
    if (!lasts(end, at)) return [];
    const alternative: Alternative = {
      rule: { ...toolRule, until: end === never ? undefined : end },
      end,
      at: rule.at,
    };
    return { isOn: matcherOf(rule.server), isFor: matcherOf(toolRule.pattern ?? '*'), alternative };
  });
}

function lasts(end: number, at: number): boolean {
  return end === never || end > at;
}

function isWithoutEnd({ until, toolRules }: Rule): boolean {
  return until === undefined && toolRules.every((rule) => rule.until === undefined);
}

function endOf({ until }: { until?: number | undefined }): number {
  return until ?? never;
}

/** By characters, as names of servers and tools are matched. */
function matcherOf(pattern: string): (name: string) => boolean {
  const whole = wildcard(pattern);
  if (!whole.endsWith('*')) return (name) => name === whole;
  const prefix = whole.slice(0, -1);
  return (name) => name.startsWith(prefix);
}
