import { Patterns } from './patterns.ts';
import { extensionMethods, isExtensionMethod, kindsOf, methods, type ObjectKind } from './request/methods.ts';

/** One rule as the policy file writes it. `at` is its place: `mcp-servers-restricted/read[2]`. */
export interface Rule {
  at: string;
  server: string;
  methods: readonly string[];
  tools: readonly string[];
  prompts: readonly string[];
  resources: readonly string[];
}

/** The values of the policy file before compilation. */
export interface PolicySource {
  groups: ReadonlyMap<string, readonly string[]>;
  scopes: ReadonlyMap<string, readonly Rule[]>;
  ui: ReadonlyMap<string, ReadonlyMap<string, readonly string[]>>;
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
  scopes: ReadonlyMap<string, Patterns<ServerGrant>>;
  ui: ReadonlyMap<string, ReadonlyMap<string, Patterns<string>>>;
}

/** Compiles a policy. It expands method globs here, so that they only ever match methods known today. */
export function compilePolicy(source: PolicySource): Policy {
  const scopes = new Map([...source.scopes].map(([name, rules]) => [name, compileScope(rules)]));
  const ui = new Map(
    [...source.ui].map(([scope, grants]) => [
      scope,
      new Map([...grants].map(([permission, names]) => [permission, asPatterns(names)])),
    ]),
  );
  return { source, scopes, ui };
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
