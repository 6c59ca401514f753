import { Patterns } from './patterns.ts';
import { extensionMethods, isExtensionMethod, kindsOf, methods, type ObjectKind } from './request/methods.ts';

/** One rule as the policy file writes it. `at` is its place: `mcp-servers-restricted/read[2]`. */
export interface Rule {
  at: string;
  server: string;
  methods: readonly string[];
  /** Names and patterns of tools that may be called without a condition. */
  tools: readonly string[];
  /** Tools that may be called under a condition. */
  toolRules: readonly ToolRule[];
  prompts: readonly string[];
  resources: readonly string[];
  /** When the rule ends, in milliseconds since 1970. */
  until?: number | undefined;
}

/** Who may approve a call that is held: the caller (`person`), or members of these groups. */
export interface Approvers {
  person: boolean;
  groups: readonly string[];
}

/** What one argument of a call must be. With neither values nor bounds it may be anything. */
export interface ArgumentRule {
  /** As the file writes it: a key of the arguments, or a JSON pointer (RFC 6901). */
  name: string;
  /** The keys that lead to it. */
  path: readonly string[];
  /** Values that it may have; a string that ends with `*` is a glob. */
  values?: readonly (string | number | boolean)[] | undefined;
  min?: number | undefined;
  max?: number | undefined;
  /** It may be missing. */
  optional: boolean;
  /** It may be an empty array. */
  empty: boolean;
}

/** Tools that may be called under a condition: those of a name or pattern, or those that a hint covers. */
export interface ToolRule {
  pattern?: string | undefined;
  hint?: 'read-only' | undefined;
  arguments: readonly ArgumentRule[];
  /** No other top-level arguments are allowed than those that are named. */
  only: boolean;
  approve?: Approvers | undefined;
  /** When the entry ends, in milliseconds since 1970. */
  until?: number | undefined;
}

/** How often a caller may call tools, as the policy file writes it. */
export interface Limit {
  /** Its place: `limits[0]`. */
  at: string;
  /** Groups of people, or scopes of agents; undefined for everyone. */
  who?: readonly string[] | undefined;
  /** A name or pattern. */
  server: string;
  /** Names and patterns. */
  tools: readonly string[];
  calls: number;
  seconds: 60 | 3600 | 86_400;
}

/** The values of the policy file before compilation. */
export interface PolicySource {
  groups: ReadonlyMap<string, readonly string[]>;
  scopes: ReadonlyMap<string, readonly Rule[]>;
  ui: ReadonlyMap<string, ReadonlyMap<string, readonly string[]>>;
  limits: readonly Limit[];
  /** Parts of the file that have no effect: where they are, and why. */
  idle?: readonly { at: string; message: string }[];
}

/** The grant of one scope for one method of a server: the rule, and the objects by kind. */
export interface MethodGrant {
  rule: string;
  objects: Record<ObjectKind, Patterns<string>>;
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
  const scopes = new Map(
    [...source.scopes].map(([name, rules]) => [name, compileScope(rules.filter((rule) => lasts(rule, at)))]),
  );
  const ui = new Map(
    [...source.ui].map(([scope, grants]) => [
      scope,
      new Map([...grants].map(([permission, names]) => [permission, asPatterns(names)])),
    ]),
  );
  return { source, at, scopes, ui };
}

function lasts({ until }: { until?: number | undefined }, at: number): boolean {
  return until === undefined || until > at;
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
  return slash > 0 && !namespaces.has(pattern.slice(0, slash));
}

function asPatterns(names: readonly string[]): Patterns<string> {
  const patterns = new Patterns<string>();
  for (const name of names) patterns.at(wildcard(name), () => name);
  return patterns;
}

/** The Python original writes `all` for `*`. */
export function wildcard(pattern: string): string {
  return pattern === 'all' ? '*' : pattern;
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
