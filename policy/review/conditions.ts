import { isReadOnly, type KnownTools } from '../known-tools.ts';
import { expandMethods, type Policy, wildcard } from '../policy.ts';
import { conditionsOn, pairOf } from './compare/alternatives.ts';
import type { Condition } from './compare/side.ts';
import { sideOf } from './compare/side.ts';
import { covers, patternWithin } from './rule-shape.ts';
import { conditionWords, untilWords } from './words.ts';

/**
 * Under which conditions a caller with `scopes` may call tools, as the policy is compiled: what has ended by then does not
 * count. Use it for one answer: it remembers what it has read of the policy.
 * @param tools which tools only read; without it, the words say that a rule is for such tools only
 * @returns a function of a server and a tool: none if it may never be called, one empty text for "always", or the words of
 *   each condition that suffices, such as `when repo is acme/support, until 2026-12-28 17:00 UTC`
 */
export function callConditions(
  policy: Policy,
  scopes: readonly string[],
  tools?: KnownTools,
): (server: string, tool: string) => string[] {
  const needsOf = callNeeds(policy, scopes, tools);
  return (server, tool) => needsOf(server, tool).words;
}

/** What every call of a tool needs, whichever rule allows it: an approval, certain arguments, or to come before a time. */
export type Need = 'approval' | 'arguments' | 'time';

/** As {@link callConditions}, with what all of these conditions need; undefined if there are none. */
export function callNeeds(
  policy: Policy,
  scopes: readonly string[],
  tools?: KnownTools,
): (server: string, tool: string) => { words: string[]; need: Need | undefined } {
  const side = sideOf(policy, scopes, policy.at);
  const pair = pairOf([side, side]);
  return (server, tool) => {
    const rules = conditionsOn(pair, side, server, tool).map(({ rule }) => rule);
    const holding = rules.filter(({ hint }) => !hint || !tools || isReadOnly(tools, server, tool));
    const words = holding.map((rule) => conditionWords(tools ? { ...rule, hint: undefined } : rule));
    return words.includes('') ? { words: [''], need: undefined } : { words, need: needOf(holding) };
  };
}

function needOf(all: readonly Condition[]): Need | undefined {
  const isHeld = ({ approve }: Condition) => approve !== undefined;
  const isJudged = ({ arguments: rules, only }: Condition) => rules.length > 0 || only;
  if (all.length === 0) return undefined;
  if (all.every(isHeld)) return 'approval';
  return all.every((each) => isHeld(each) || isJudged(each)) ? 'arguments' : 'time';
}

/** Tools that rules for a server name. */
export interface NamedTools {
  /** Names and globs of tools that may be called without a condition: `*` alone if all may. */
  plain: readonly string[];
  /** Names and globs of others (`*` with a hint), each with its condition in words. */
  conditional: readonly { name: string; words: string }[];
}

/** The tools of a server that rules of `scopes` name, as the policy is compiled: what has ended by then does not count. Pure. */
export function toolsOn(policy: Policy, scopes: readonly string[], server: string): NamedTools {
  const lasts = ({ until }: { until?: number | undefined }) => until === undefined || until > policy.at;
  const rules = scopes
    .flatMap((scope) => policy.source.scopes.get(scope) ?? [])
    .filter((rule) => lasts(rule) && covers(rule.server, server) && expandMethods(rule.methods).has('tools/call'));
  const all = rules.flatMap((rule) => (rule.until === undefined ? rule.tools.map(wildcard) : []));
  const plain = all.includes('*') ? ['*'] : [...new Set(all)];
  const conditional = rules.flatMap(({ tools, toolRules, until }) => [
    ...(until === undefined ? [] : tools.map((tool) => ({ name: wildcard(tool), words: untilWords(until) }))),
    ...toolRules.filter(lasts).map((tool) => ({
      name: wildcard(tool.pattern ?? '*'),
      words: conditionWords({ ...tool, until: earlier(tool.until, until) }),
    })),
  ]);
  const needed = conditional.filter(({ name }) => !plain.some((pattern) => patternWithin(name, pattern)));
  return { plain, conditional: [...new Map(needed.map((each) => [JSON.stringify(each), each])).values()] };
}

function earlier(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined || (other !== undefined && other < one) ? other : one;
}
