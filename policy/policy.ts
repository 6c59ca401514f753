import { Patterns } from './patterns.ts';
import { lifecycle, methods, type ObjectKind } from './request/methods.ts';

/** One rule as the policy file writes it; `at` says where: `mcp-servers-restricted/read[2]`. */
export interface Rule {
  at: string;
  server: string;
  methods: readonly string[];
  tools: readonly string[];
  prompts: readonly string[];
  resources: readonly string[];
}

/** The policy file as values, before it is compiled for look-up. */
export interface PolicySource {
  groups: ReadonlyMap<string, readonly string[]>;
  scopes: ReadonlyMap<string, readonly Rule[]>;
  ui: ReadonlyMap<string, ReadonlyMap<string, readonly string[]>>;
}

/** What one scope grants for one method of a server: the rule that grants it, and the objects by kind. */
export interface MethodGrant {
  rule: string;
  objects: Record<ObjectKind, Patterns<string>>;
}

/** What one scope grants on one server pattern. */
export interface ServerGrant {
  rule: string;
  methods: Map<string, MethodGrant>;
}

/** A compiled policy: every look-up takes the same time however many rules there are. */
export interface Policy {
  source: PolicySource;
  scopes: ReadonlyMap<string, Patterns<ServerGrant>>;
  ui: ReadonlyMap<string, ReadonlyMap<string, Patterns<string>>>;
}

/** Compiles a policy. Globs over methods are opened here, so that only methods known today are ever covered. */
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
  // Most rules name the same few methods: opening the globs anew for each would take half of the time.
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
  for (const kind of methods.get(method) ?? []) {
    for (const pattern of named[kind]) entry.objects[kind].at(wildcard(pattern), () => rule.at);
  }
}

/** The known methods that names or globs of a rule cover. */
export function expandMethods(patterns: readonly string[]): Set<string> {
  const wanted = asPatterns(patterns);
  return new Set([...methods.keys()].filter((method) => !wanted.matching(method).next().done));
}

function asPatterns(names: readonly string[]): Patterns<string> {
  const patterns = new Patterns<string>();
  for (const name of names) patterns.at(wildcard(name), () => name);
  return patterns;
}

/** The Python original writes `all` where we also take `*`. */
export function wildcard(pattern: string): string {
  return pattern === 'all' ? '*' : pattern;
}

/**
 * The scopes that membership of `groups` gives, without repeats, in the file's order. A group the policy does not know
 * gives nothing.
 */
export function scopesOfGroups(policy: Policy, groups: readonly string[]): string[] {
  return [...new Set(groups.flatMap((group) => policy.source.groups.get(group) ?? []))];
}

/** Whether the policy file says anything about a scope: a rule, or a permission in the registry. */
export function isKnownScope(policy: Policy, scope: string): boolean {
  return policy.scopes.has(scope) || policy.ui.has(scope);
}

/** Whether `method` is one that any rule could ever allow. */
export function isKnownMethod(method: string): boolean {
  return lifecycle.has(method) || methods.has(method);
}
