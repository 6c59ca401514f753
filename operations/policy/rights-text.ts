import type { Caller } from '../../policy/caller.ts';
import type { Rule } from '../../policy/policy.ts';
import { indent, list, scopesOf, unknownNotes, who } from './explain-text.ts';
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
  return JSON.stringify({ ...content, rules: rulesOf(rights), registry: permissionsOf(rights) }, null, 2);
}

function rulesOf({ caller, policy }: Rights): Rule[] {
  return caller.scopes.flatMap((scope) => policy.source.scopes.get(scope) ?? []);
}

function permissionsOf({ caller, policy }: Rights): Record<string, string[]> {
  const all: Record<string, string[]> = {};
  for (const scope of caller.scopes)
    for (const [permission, servers] of policy.source.ui.get(scope) ?? [])
      all[permission] = [...new Set([...(all[permission] ?? []), ...servers])];
  return all;
}

function ruleWords({ server, methods, tools, prompts, resources }: Rule): string {
  const objects = Object.entries({ tools, prompts, resources }).filter(([, names]) => names.length > 0);
  return [`on ${server}: ${list(methods)}`, ...objects.map(([kind, names]) => `${kind} ${list(names)}`)].join('; ');
}
