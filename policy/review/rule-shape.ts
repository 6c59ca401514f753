import { decide } from '../decide.ts';
import type { KnownTools } from '../known-tools.ts';
import { Patterns } from '../patterns/patterns.ts';
import { compilePolicy, expandMethods, type Rule, type ToolRule, wildcard } from '../policy.ts';
import type { Access } from '../request/mcp-request.ts';
import type { ObjectKind } from '../request/methods.ts';

/** A rule with its shorthands expanded: `all` becomes `*`, method globs become the known methods that they match. */
export interface RuleShape {
  at: string;
  server: string;
  methods: ReadonlySet<string>;
  /** What it names without a condition. */
  objects: Record<ObjectKind, readonly string[]>;
  /** Its tools with a condition; a hint's pattern is `*`. Each ends when the rule ends. */
  toolRules: readonly (ToolRule & { pattern: string })[];
  /** When it ends, in milliseconds since 1970. */
  until: number | undefined;
}

/** The policy file's key for each kind of object. */
export const listOf = { tool: 'tools', prompt: 'prompts', resource: 'resources' } as const satisfies Record<
  ObjectKind,
  keyof Rule
>;

/** Expands the shorthands of a rule as `compilePolicy` does. Pure. */
export function shapeOf(rule: Rule): RuleShape {
  return {
    at: rule.at,
    server: wildcard(rule.server),
    methods: expandMethods(rule.methods),
    objects: {
      tool: rule.tools.map(wildcard),
      prompt: rule.prompts.map(wildcard),
      resource: rule.resources.map(wildcard),
    },
    toolRules: rule.toolRules.map((tool) => ({ ...tool, pattern: wildcard(tool.pattern ?? '*') })),
    until: rule.until,
  };
}

/** Whether a name or glob of the policy file matches a name by its characters; URIs get no special treatment. */
export function covers(pattern: string, name: string): boolean {
  const one = new Patterns<string>();
  one.at(wildcard(pattern), () => pattern);
  return !one.matching(name).next().done;
}

/**
 * The verdict of `decide` if `rule` were the only rule and the caller held its scope. Pure.
 * @param at for when, as for `compilePolicy`
 * @param tools as for `decide`
 */
export function decideByRule(
  rule: Rule,
  server: string,
  access: Access,
  at?: number,
  tools?: KnownTools,
): ReturnType<typeof decide> {
  const scopes = new Map([['only', [rule]]]);
  const policy = compilePolicy({ groups: new Map(), ui: new Map(), limits: [], scopes }, at);
  return decide(policy, ['only'], server, [access], tools);
}

/** Whether a pattern of `resources` grants reading `uri`, as `decide` does. Pure. */
export function readsResource(pattern: string, uri: string): boolean {
  const nothing = { at: '', tools: [], toolRules: [], prompts: [] };
  const rule: Rule = { ...nothing, server: '*', methods: ['resources/read'], resources: [pattern] };
  return decideByRule(rule, 'any', { method: 'resources/read', object: { kind: 'resource', name: uri } }).allowed;
}

/** Whether all that a name or glob matches by its characters is matched by another one. `all` must be written as `*`. */
export function patternWithin(narrow: string, wide: string): boolean {
  if (!wide.endsWith('*')) return narrow === wide;
  return (narrow.endsWith('*') ? narrow.slice(0, -1) : narrow).startsWith(wide.slice(0, -1));
}

/** Whether two names or globs have a name in common: then one of them is within the other. */
export function overlap(one: string, other: string): boolean {
  return patternWithin(one, other) || patternWithin(other, one);
}
