import { hubName, isServerName, renameNeeded } from '../../names.ts';
import { expandMethods, isKnownScope, type Policy, type PolicySource, type Rule, wildcard } from '../../policy.ts';
import {
  extensionMethods,
  isExtensionMethod,
  kindsOf,
  lifecycle,
  methods,
  type ObjectKind,
} from '../../request/methods.ts';
import { covers, listOf, type RuleShape, shapeOf } from '../rule-shape.ts';
import { lintConditions } from './conditions.ts';
import { type Finding, info, warning } from './finding.ts';
import { lintLimits } from './limits.ts';
import { equalScopes, redundantRules } from './redundancy.ts';

/**
 * Finds what in a policy grants less than it seems to, nothing, or the same twice, and which conditions have no effect. Pure.
 * @param servers names of the existing servers; without it, unknown servers are not reported
 * @returns the findings in the order of the file's parts
 */
export function lint(policy: Policy, servers?: ReadonlySet<string>): Finding[] {
  const { source } = policy;
  return [
    ...(source.idle ?? []).map(({ at, message }) => warning(at, message)),
    ...lintGroups(policy),
    ...lintListing(policy),
    ...[...source.ui].flatMap(([scope, grants]) =>
      [...grants].flatMap(([permission, names]) =>
        names.flatMap((name) => lintServer(`UI-Scopes.${scope}.${permission}`, name, servers)),
      ),
    ),
    ...source.limits.flatMap(({ at, server }) => lintServer(at, server, servers)),
    ...lintLimits(source),
    ...[...source.scopes].flatMap(([scope, rules]) => lintScope(scope, rules, servers)),
    ...lintConditions(policy),
    ...equalScopes(source.scopes).map(([first, second]) =>
      warning(second, `has the same rules as ${first}: holding one or the other makes no difference`),
    ),
  ];
}

function lintGroups(policy: Policy): Finding[] {
  const { groups, scopes } = policy.source;
  const given = new Set([...groups.values()].flat());
  const undefinedScopes = [...groups].flatMap(([group, names]) =>
    names
      .filter((scope) => !isKnownScope(policy, scope))
      .map((scope) => warning(`group_mappings.${group}`, `gives ${scope}, which nothing defines: it grants nothing`)),
  );
  const ungiven = [...scopes.keys()]
    .filter((scope) => !given.has(scope))
    .map((scope) => info(scope, 'no group gives this scope: only an agent can hold it'));
  return [...undefinedScopes, ...ungiven];
}

/** Servers that may be called, but that the registry answers with 404 and the tool finder does not find. */
function lintListing({ source }: Policy): Finding[] {
  const given = new Set([...source.groups.values()].flat());
  return [
    ...[...source.groups].flatMap(([group, scopes]) => unlisted(source, `group_mappings.${group}`, scopes)),
    ...[...source.scopes.keys()]
      .filter((scope) => !given.has(scope))
      .flatMap((scope) => unlisted(source, scope, [scope]).map(({ at, message }) => info(at, message))),
  ];
}

function unlisted({ scopes: all, ui }: PolicySource, at: string, scopes: readonly string[]): Finding[] {
  const listed = scopes.flatMap((scope) => ui.get(scope)?.get('list_service') ?? []);
  const called = scopes.flatMap((scope) => all.get(scope) ?? []).map(({ server }) => wildcard(server));
  const hidden = [...new Set(called)].filter(
    (server) => server !== hubName && canBeServer(server) && !listed.some((pattern) => covers(pattern, server)),
  );
  if (hidden.length === 0) return [];
  const names = hidden.join(', ');
  return [
    warning(
      at,
      `gives the use of ${names} without list_service in UI-Scopes: the registry and the tool finder hide it`,
    ),
  ];
}

function lintScope(scope: string, rules: readonly Rule[], servers: ReadonlySet<string> | undefined): Finding[] {
  if (rules.length === 0) return [warning(scope, 'has no rules: it grants nothing on any server')];
  return [
    ...rules.flatMap((rule) => [
      ...lintServer(rule.at, rule.server, servers),
      ...rule.methods.flatMap((pattern) => lintMethod(rule, pattern)),
      ...lintObjects(shapeOf(rule)),
    ]),
    ...redundantRules(rules).map(([rule, by]) => warning(rule.at, `grants nothing that ${by.at} does not grant`)),
  ];
}

function lintServer(at: string, pattern: string, servers: ReadonlySet<string> | undefined): Finding[] {
  if (!canBeServer(pattern)) {
    const todo = renameNeeded(wildcard(pattern)) ?? 'a name is a-z, 0-9, _ and -, and not a reserved word';
    return [warning(at, `no server can ever be called ${pattern}: ${todo}`)];
  }
  if (pattern === hubName || !servers || [...servers].some((name) => covers(pattern, name))) return [];
  if (pattern.endsWith('*')) return [info(at, `no known server has a name like ${pattern}`)];
  return [warning(at, `there is no server ${pattern} among the known ones`)];
}

function canBeServer(pattern: string): boolean {
  const text = wildcard(pattern);
  if (!text.endsWith('*')) return text === hubName || isServerName(text);
  const prefix = text.slice(0, -1);
  // Two suffixes, because one of them may produce a reserved word; and none, for a prefix of maximum length.
  return ['', '0', 'y'].some((ending) => isServerName(prefix + ending));
}

function lintMethod(rule: Rule, pattern: string): Finding[] {
  const covered = [...expandMethods([pattern])];
  if (covered.length === 0) {
    const always = [...lifecycle].some((step) => covers(pattern, step));
    if (always) return [info(rule.at, `${pattern} need not be written: any rule for a server carries it`)];
    return [warning(rule.at, `no known method is called ${pattern}: it grants nothing`)];
  }
  if (looksMistyped(pattern))
    return [
      warning(
        rule.at,
        `no known method is called ${pattern}: it grants only one that a server's extension adds by that name`,
      ),
    ];
  const idle = covered.filter((method) => !canGrant(rule, method));
  const lists = [...new Set(idle.flatMap((method) => kindsOf(method)))].map((kind) => `"${listOf[kind]}"`);
  if (idle.length === 0) return [];
  const message = `${idle.join(', ')} grants nothing without ${lists.join(' or ')} in the same rule`;
  if (idle.length === covered.length) return [warning(rule.at, message)];
  return [info(rule.at, `${pattern} covers more than it grants: ${message}`)];
}

/** A name that the gateway does not know, in a namespace of MCP. Extensions mostly have their own. */
function looksMistyped(method: string): boolean {
  if (!isExtensionMethod(method) || extensionMethods.has(method)) return false;
  return methods.keys().some((known) => known.split('/')[0] === method.split('/')[0]);
}

function canGrant(rule: Rule, method: string): boolean {
  const kinds = kindsOf(method);
  if (kinds.length === 0 || method === 'subscriptions/listen') return true;
  return kinds.some((kind) => rule[listOf[kind]].length > 0 || (kind === 'tool' && rule.toolRules.length > 0));
}

function lintObjects(shape: RuleShape): Finding[] {
  const kinds: ObjectKind[] = ['tool', 'prompt', 'resource'];
  return kinds
    .filter(
      (kind) =>
        (shape.objects[kind].length > 0 || (kind === 'tool' && shape.toolRules.length > 0)) &&
        !shape.methods.values().some((method) => kindsOf(method).includes(kind)),
    )
    .map((kind) =>
      warning(shape.at, `"${listOf[kind]}" grants nothing without ${methodsNaming(kind).join(' or ')} in "methods"`),
    );
}

function methodsNaming(kind: ObjectKind): string[] {
  return [...methods].filter(([, kinds]) => kinds.includes(kind)).map(([method]) => method);
}
