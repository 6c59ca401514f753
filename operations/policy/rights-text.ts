import type { Caller } from '../../policy/caller.ts';
import { limitsOf } from '../../policy/limits.ts';
import type { Limit, Rule } from '../../policy/policy.ts';
import { limitWords, namesOf, untilWords } from '../../policy/review/words.ts';
import { indent, list, names, scopesOf, unknownNotes, who } from './explain-text.ts';
import type { VersionedPolicy } from './files.ts';

/** Everything that a caller has by the policy. */
export interface Rights {
  file: string;
  policy: VersionedPolicy;
  caller: Caller;
  notes: readonly string[];
}

/** The rights for people: groups and scopes, then each rule, then the permissions in the registry. */
export function rightsAsText(rights: Rights): string {
  const { caller, file, policy, notes } = rights;
  const rules = rulesOf(rights);
  const limits = limitsOfRights(rights);
  const width = Math.max(0, ...rules.map(({ at }) => at.length));
  return [
    `What ${who(caller)} may do`,
    `  by version ${policy.version} of ${file}`,
    ...[...notes, ...unknownNotes(caller)].map((note) => `  note: ${note}`),
    '',
    ...scopesOf(caller, policy),
    '',
    'Rules of these scopes:',
    ...indent(rules.map((rule) => `${rule.at.padEnd(width)}  ${ruleWords(rule)}`)),
    ...(limits.length > 0
      ? ['', 'Limits:', ...indent(limits.map((limit) => `${limit.at}  ${limitWords(limit)}`))]
      : []),
    '',
    'Permissions in the registry (UI-Scopes):',
    ...indent(Object.entries(permissionsOf(rights)).map(([permission, servers]) => `${permission}: ${list(servers)}`)),
  ].join('\n');
}

/** The rights for programs: one JSON object. */
export function rightsAsJson(rights: Rights): string {
  const { caller, file, policy, notes } = rights;
  const groups = Object.fromEntries(caller.groups.map((group) => [group, policy.source.groups.get(group)]));
  const all = [...notes, ...unknownNotes(caller)];
  const content = { notes: all, file, version: policy.version, caller, groups };
  return JSON.stringify(
    { ...content, rules: rulesOf(rights), limits: limitsOfRights(rights), registry: permissionsOf(rights) },
    null,
    2,
  );
}

function rulesOf({ caller, policy }: Rights): Rule[] {
  return caller.scopes.flatMap((scope) => policy.source.scopes.get(scope) ?? []);
}

function limitsOfRights({ caller: { kind, groups, scopes, unknown }, policy }: Rights): readonly Limit[] {
  return limitsOf(policy, { isAgent: kind === 'agent', groups: [...groups, ...unknown], scopes });
}

function permissionsOf({ caller, policy }: Rights): Record<string, string[]> {
  const all: Record<string, string[]> = {};
  for (const scope of caller.scopes)
    for (const [permission, servers] of policy.source.ui.get(scope) ?? [])
      all[permission] = [...new Set([...(all[permission] ?? []), ...servers])];
  return all;
}

function ruleWords(rule: Rule): string {
  const { server, methods, prompts, resources, until } = rule;
  const tools = namesOf(rule, 'tool');
  const objects = Object.entries({ tools, prompts, resources }).filter(([, words]) => words.length > 0);
  return [
    `on ${server}: ${list(methods)}`,
    ...objects.map(([kind, words]) => `${kind} ${names(words)}`),
    ...(until === undefined ? [] : [untilWords(until)]),
  ].join('; ');
}
