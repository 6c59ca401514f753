import { isReadOnly, type KnownTools } from '../../../policy/known-tools.ts';
import { expandMethods, type Policy, type Rule, type ToolRule, wildcard } from '../../../policy/policy.ts';

/** A way in which a call of a tool may be allowed: what the arguments must be, and who must approve. */
export type Alternative = Pick<ToolRule, 'arguments' | 'only' | 'approve'>;

const unconditional: Alternative = { arguments: [], only: false };

/** Finds the ways in which a policy may allow calls of tools. */
export type Ways = ReturnType<typeof createWays>;

/**
 * Makes what finds all ways in which rules of `scopes` may allow the call of a tool. What has ended by the policy's time is left
 * out. It remembers what it has found: a policy may have 10,000 rules, and be asked for each tool of each caller.
 */
export function createWays(policy: Policy, tools: KnownTools) {
  const lasts = ({ until }: { until?: number | undefined }) => until === undefined || until > policy.at;
  const calls = remembered(
    (rule: Rule) => rule,
    (rule) => lasts(rule) && expandMethods(rule.methods).has('tools/call'),
  );
  const rulesFor = remembered(
    (scopes: readonly string[], server: string) => JSON.stringify([scopes, server]),
    (scopes, server) => {
      const rules = scopes.flatMap((scope) => policy.source.scopes.get(scope) ?? []);
      return rules.filter((rule) => covers(rule.server, server) && calls(rule));
    },
  );
  const waysOf = (rule: Rule, server: string, tool: string): Alternative[] => [
    ...(isNamed(rule, tool) ? [unconditional] : []),
    ...rule.toolRules.filter(
      (entry) =>
        lasts(entry) && (entry.pattern === undefined ? isReadOnly(tools, server, tool) : covers(entry.pattern, tool)),
    ),
  ];
  return remembered(
    (scopes: readonly string[], server: string, tool: string) => JSON.stringify([scopes, server, tool]),
    (scopes, server, tool) => rulesFor(scopes, server).flatMap((rule) => waysOf(rule, server, tool)),
  );
}

/** A function that works once for each key. */
export function remembered<Input extends unknown[], Result>(
  keyOf: (...input: Input) => unknown,
  work: (...input: Input) => Result,
) {
  const found = new Map<unknown, Result>();
  return (...input: Input): Result => {
    const key = keyOf(...input);
    if (!found.has(key)) found.set(key, work(...input));
    return found.get(key) as Result;
  };
}

function isNamed({ tools }: Rule, tool: string): boolean {
  return tools.some((pattern) => covers(pattern, tool));
}

function covers(pattern: string, name: string): boolean {
  const plain = wildcard(pattern);
  return plain.endsWith('*') ? name.startsWith(plain.slice(0, -1)) : plain === name;
}

/** Whether two policies ask for the same of a call, in whatever order and words. */
export function areSame(some: readonly Alternative[], others: readonly Alternative[]): boolean {
  return textOf(some) === textOf(others);
}

/** Texts of lists that were compared: many callers have the same. */
const texts = new WeakMap<readonly Alternative[], string>();

function textOf(all: readonly Alternative[]): string {
  const found = texts.get(all) ?? JSON.stringify([...new Set(all.map(oneOf))].sort());
  texts.set(all, found);
  return found;
}

function oneOf({ arguments: args, only, approve }: Alternative): string {
  return JSON.stringify([args.map(plain).sort(), only, held(approve)]);
}

function plain({ path, values, min, max, optional, empty }: Alternative['arguments'][number]): string {
  const each = values?.map((value) => JSON.stringify(value)).sort();
  return JSON.stringify([path, each, min, max, optional, empty]);
}

function held(approve: Alternative['approve']) {
  return approve && [approve.person, [...approve.groups].sort()];
}

/** The names of the arguments that decide, for a sentence. */
export function argumentNames(all: readonly Alternative[]): string[] {
  const names = all.flatMap(({ arguments: args }) => args.map(({ name }) => name));
  return [...new Set(names)].sort();
}
