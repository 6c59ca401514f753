import { isReadOnly, type KnownTools } from '../known-tools.ts';
import type { Policy } from '../policy.ts';
import { conditionsOn, pairOf } from './compare/alternatives.ts';
import { sideOf } from './compare/side.ts';
import { conditionWords } from './words.ts';

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
  const side = sideOf(policy, scopes, policy.at);
  const pair = pairOf([side, side]);
  return (server, tool) => {
    const rules = conditionsOn(pair, side, server, tool).map(({ rule }) => rule);
    const holding = rules.filter(({ hint }) => !hint || !tools || isReadOnly(tools, server, tool));
    const words = holding.map((rule) => conditionWords(tools ? { ...rule, hint: undefined } : rule));
    return words.includes('') ? [''] : words;
  };
}
