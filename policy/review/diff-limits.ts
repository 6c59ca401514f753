import { limitsOf } from '../limits.ts';
import { expandMethods, type Limit, type Rule, wildcard } from '../policy.ts';
import type { Difference } from './compare/difference.ts';
import type { Side } from './compare/side.ts';
import { overlap, patternWithin } from './rule-shape.ts';
import { perWords, toolsWords } from './words.ts';

/**
 * Which limits hold a caller to fewer calls under one policy than under the other. A limit on tools that the caller may not
 * call is no difference. Pure.
 */
export function diffLimits(
  kind: Difference['kind'],
  who: string,
  [before, after]: readonly [Side, Side],
): Difference[] {
  const rules = [...before.rules, ...after.rules];
  const isAgent = kind === 'agent';
  const felt = ({ policy }: Side) =>
    limitsOf(policy, { isAgent, groups: [who], scopes: [who] }).filter((limit) => isFelt(limit, rules));
  const [old, fresh] = [felt(before), felt(after)];
  const told = (change: Difference['change'], limit: Limit, others: readonly Limit[]): Difference => ({
    ...{ kind, who, change, what: `calls of ${toolsWords(limit.tools)} beyond ${rate(limit)}` },
    server: wildcard(limit.server) === '*' ? 'every server' : limit.server,
    condition: change === 'gains' ? nextLimit(limit, others) : '',
    instead: '',
  });
  return [
    ...old.filter((limit) => !isHeld(limit, fresh)).map((limit) => told('gains', limit, fresh)),
    ...fresh.filter((limit) => !isHeld(limit, old)).map((limit) => told('loses', limit, old)),
  ];
}

/** Whether a caller with these rules may call a tool that the limit counts. */
export function isFelt(limit: Limit, rules: readonly Rule[]): boolean {
  return rules.some((rule) => {
    if (!overlap(wildcard(rule.server), wildcard(limit.server)) || !expandMethods(rule.methods).has('tools/call'))
      return false;
    const tools = [...rule.tools, ...rule.toolRules.map(({ pattern = '*' }) => pattern)];
    return tools.some((tool) => limit.tools.some((other) => overlap(wildcard(tool), wildcard(other))));
  });
}

/** Whether one of `others` lets no more calls through. */
export function isHeld(limit: Limit, others: readonly Limit[]): boolean {
  return others.some(
    (other) => other.calls <= limit.calls && other.seconds >= limit.seconds && countsAll(other, limit),
  );
}

/** Whether `wide` counts all calls that `narrow` counts. */
function countsAll(wide: Limit, narrow: Limit): boolean {
  const isWithin = (tool: string) => wide.tools.some((other) => patternWithin(wildcard(tool), wildcard(other)));
  return patternWithin(wildcard(narrow.server), wildcard(wide.server)) && narrow.tools.every(isWithin);
}

/** The limits that count the same calls as one that is gone. */
function nextLimit(limit: Limit, others: readonly Limit[]): string {
  const same = others.filter((other) => countsAll(other, limit) && countsAll(limit, other));
  return same.length === 0 ? '' : `up to ${same.map(rate).join(' and ')}`;
}

function rate({ calls, seconds }: Limit): string {
  return `${calls} ${perWords[seconds]}`;
}
