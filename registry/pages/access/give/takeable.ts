import type { Policy } from '../../../../policy/policy.ts';

/**
 * What can be taken of a server, as its rules write it: names, patterns, and `hint: read-only`. Rules for several servers are left
 * out: they are narrowed by hand. Pure.
 * @param scopes those of the group or agent
 */
export function takeable({ source }: Policy, scopes: readonly string[], server: string): string[] {
  const rules = scopes.flatMap((scope) => source.scopes.get(scope) ?? []).filter((rule) => rule.server === server);
  const entries = rules.flatMap(({ tools, toolRules }) => [
    ...tools,
    ...toolRules.map(({ pattern, hint }) => pattern ?? `hint: ${hint}`),
  ]);
  return [...new Set(entries)].sort();
}
