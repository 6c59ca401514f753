import { ToolGrants } from './arguments/tool-grants.ts';
import { Patterns, wildcard } from './patterns/patterns.ts';
import { extensionMethods, isExtensionMethod, kindsOf, methods, type ObjectKind } from './request/methods.ts';
import type { PolicySource, Rule } from './source.ts';

export { wildcard } from './patterns/patterns.ts';
export type { Approvers, ArgumentRule, Limit, PolicySource, Rule, ToolRule } from './source.ts';

/** The grant of one scope for one method of a server: the rule, and the objects by kind. */
export interface MethodGrant {
  rule: string;
  /** Objects that are granted without a condition. */
  objects: Record<ObjectKind, Patterns<string>>;
  /** Tools that are granted under a condition, if there are any. */
  tools?: ToolGrants;
}

/** The grants of one scope on one server pattern. */
export interface ServerGrant {
  rule: string;
  methods: Map<string, MethodGrant>;
}

/** A compiled policy. Look-up time does not depend on the number of rules. */
export interface Policy {
  source: PolicySource;
  /** The time that it was compiled for: what has ended by then grants nothing. */
  at: number;
  scopes: ReadonlyMap<string, Patterns<ServerGrant>>;
  ui: ReadonlyMap<string, ReadonlyMap<string, Patterns<string>>>;
}

/** When the next rule or entry of a policy ends after `at` (both in milliseconds since 1970). */
export function nextEnd(source: PolicySource, at: number): number | undefined {
  return endsOf(source).find((end) => end > at);
}

/** When the rules and entries of a policy end, each time once, the first first. In milliseconds since 1970. */
export function endsOf({ scopes }: PolicySource): number[] {
  const ends = [...scopes.values()].flat().flatMap(({ until, toolRules }) => [until, ...toolRules.map((r) => r.until)]);
  return [...new Set(ends)].filter((end) => end !== undefined).sort((a, b) => a - b);
}

/**
 * Compiles a policy. It expands method globs here, so that they only ever match methods known today.
 * @param at for when, in milliseconds since 1970: what has ended by then grants nothing. Default: all that ends has ended
 */
export function compilePolicy(source: PolicySource, at = Number.POSITIVE_INFINITY): Policy {
  const scopes = new Map([...source.scopes].map(([name, rules]) => [name, compileScope(lasting(rules, at))]));
  const ui = new Map(
    [...source.ui].map(([scope, grants]) => [
      scope,
      new Map([...grants].map(([permission, names]) => [permission, asPatterns(names)])),
    ]),
  );
  return { source, at, scopes, ui };
}

/** What is left of rules when those rules and entries that have ended by `at` are taken out. */
export function lasting(rules: readonly Rule[], at: number): Rule[] {
  const lasts = ({ until }: { until?: number | undefined }) => until === undefined || until > at;
  return rules
    .filter(lasts)
    .map((rule) => (rule.toolRules.every(lasts) ? rule : { ...rule, toolRules: rule.toolRules.filter(lasts) }));
}

function compileScope(rules: readonly Rule[]): Patterns<ServerGrant> {
  const servers = new Patterns<ServerGrant>();
  // Most rules name the same few methods: expanding their globs for each rule would take half of the time.
  const opened = new Map<string, Set<string>>();
  for (const rule of rules) {
    const key = rule.methods.join('\n');
    const covered = opened.get(key) ?? expandMethods(rule.methods);
    opened.set(key, covered);
    const grant = servers.at(wildcard(rule.server), () => ({ rule: rule.at, methods: new Map() }));
    for (const method of covered) addMethod(grant, method, rule);
  }
  return servers;
}

function addMethod(grant: ServerGrant, method: string, rule: Rule): void {
  let entry = grant.methods.get(method);
  if (!entry) {
    entry = { rule: rule.at, objects: { tool: new Patterns(), prompt: new Patterns(), resource: new Patterns() } };
    grant.methods.set(method, entry);
  }
  const named: Record<ObjectKind, readonly string[]> = {
    tool: rule.tools,
    prompt: rule.prompts,
    resource: rule.resources,
  };
  for (const kind of kindsOf(method)) {
    for (const pattern of named[kind]) entry.objects[kind].at(wildcard(pattern), () => rule.at);
    if (kind !== 'tool') continue;
    for (const toolRule of rule.toolRules) {
      entry.tools ??= new ToolGrants();
      entry.tools.add(rule.at, toolRule);
    }
  }
}

/**
 * The methods that the names and globs of a rule grant: those of MCP that match, and those of extensions that are named.
 * Of globs, only one for an extension's own namespace (`skills/*`) covers what is known of it.
 */
export function expandMethods(patterns: readonly string[]): Set<string> {
  const wanted = asPatterns(patterns);
  const found = [...methods.keys()].filter((method) => !wanted.matching(method).next().done);
  const own = asPatterns(patterns.filter(isOfExtension));
  const known = [...extensionMethods.keys()].filter((method) => !own.matching(method).next().done);
  return new Set([...found, ...known, ...patterns.filter(isExtensionMethod)]);
}

const namespaces = new Set([...methods.keys()].map((method) => method.split('/')[0]));

function isOfExtension(pattern: string): boolean {
  const slash = pattern.indexOf('/');
  return slash !== -1 && !namespaces.has(pattern.slice(0, slash));
}

function asPatterns(names: readonly string[]): Patterns<string> {
  const patterns = new Patterns<string>();
  for (const name of names) patterns.at(wildcard(name), () => name);
  return patterns;
}

/**
 * Returns the scopes of `groups`, without repeats, in the order of the file. A group that the policy does not know gives
 * none.
 */
export function scopesOfGroups(policy: Policy, groups: readonly string[]): string[] {
  return [...new Set(groups.flatMap((group) => policy.source.groups.get(group) ?? []))];
}

/** Whether the policy file has a rule or a registry permission for a scope. */
export function isKnownScope(policy: Policy, scope: string): boolean {
  return policy.scopes.has(scope) || policy.ui.has(scope);
}
