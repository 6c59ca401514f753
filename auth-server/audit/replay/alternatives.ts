import { isReadOnly, type KnownTools } from '../../../policy/known-tools.ts';
import { expandMethods, type Policy, type Rule, type ToolRule, wildcard } from '../../../policy/policy.ts';

/** A way in which a call of a tool may be allowed: what the arguments must be, and who must approve. */
export type Alternative = Pick<ToolRule, 'arguments' | 'only' | 'approve'>;

const unconditional: Alternative = { arguments: [], only: false };

/** All ways in which rules of `scopes` may allow the call of a tool. What has ended by the policy's time is left out. */
export function alternativesOf(
  policy: Policy,
  scopes: readonly string[],
  server: string,
  tool: string,
  tools: KnownTools,
): Alternative[] {
  const rules = scopes.flatMap((scope) => policy.source.scopes.get(scope) ?? []);
  const lasting = ({ until }: { until?: number | undefined }) => until === undefined || until > policy.at;
  return rules
    .filter((rule) => lasting(rule) && covers(rule.server, server) && expandMethods(rule.methods).has('tools/call'))
    .flatMap((rule): Alternative[] => [
      ...(isNamed(rule, tool) ? [unconditional] : []),
      ...rule.toolRules.filter(
        (entry) =>
          lasting(entry) &&
          (entry.pattern === undefined ? isReadOnly(tools, server, tool) : covers(entry.pattern, tool)),
      ),
    ]);
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
  const texts = (all: readonly Alternative[]) =>
    [
      ...new Set(
        all.map(({ arguments: args, only, approve }) => JSON.stringify([args.map(plain).sort(), only, held(approve)])),
      ),
    ]
      .sort()
      .join('\n');
  return texts(some) === texts(others);
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
