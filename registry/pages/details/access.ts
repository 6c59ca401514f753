import { expandMethods, type Policy, scopesOfGroups, wildcard } from '../../../policy/policy.ts';
import { covers } from '../../../policy/review/rule-shape.ts';
import { mayUseUi, type UiPermission } from '../../../policy/ui.ts';
import type { Person } from '../../access/guards.ts';

/** What a group of people, or a scope of agents, may do with one server. */
interface AccessRow {
  kind: 'group' | 'scope';
  name: string;
  /** The scopes of the group, or the scope itself. */
  scopes: readonly string[];
  /** Names and globs as in the policy. `*` means all; an empty list means none. */
  tools: readonly string[];
  prompts: readonly string[];
  resources: readonly string[];
  /** What it permits in the registry. */
  manages: readonly string[];
}

/** Who may use a server. */
export interface Access {
  rows: readonly AccessRow[];
  /** False if only the reader's own rights are listed. */
  isWhole: boolean;
}

const words: readonly [UiPermission, string][] = [
  ['list_service', 'see it'],
  ['health_check_service', 'check it'],
  ['toggle_service', 'enable and disable it'],
  ['modify_service', 'change and delete it'],
];

/**
 * Who may use the server called `server`, by the policy. A person who may change the server sees all groups and scopes,
 * everyone else only their own. Pure.
 */
export function accessTo(policy: Policy, person: Person, server: string): Access {
  const isWhole = mayUseUi(policy, person.scopes, 'modify_service', server);
  const { groups, scopes, ui } = policy.source;
  const ofGroup = (name: string) => row(policy, server, 'group', name, scopesOfGroups(policy, [name]));
  const ofScope = (name: string) => row(policy, server, 'scope', name, [name]);
  const grouped = new Set([...groups.values()].flat());
  // A scope that is named like a group is one for people; the others are for agents.
  const agents = [...new Set([...scopes.keys(), ...ui.keys()])].filter(
    (scope) => !groups.has(scope) || !grouped.has(scope),
  );
  if (isWhole) return { isWhole, rows: [...[...groups.keys()].map(ofGroup), ...agents.map(ofScope)].filter(grants) };
  const own =
    person.groups.length > 0
      ? person.groups.filter((group) => groups.has(group)).map(ofGroup)
      : person.scopes.map(ofScope);
  return { isWhole, rows: own.filter(grants) };
}

function grants({ tools, prompts, resources, manages }: AccessRow): boolean {
  return tools.length + prompts.length + resources.length + manages.length > 0;
}

function row(
  policy: Policy,
  server: string,
  kind: AccessRow['kind'],
  name: string,
  scopes: readonly string[],
): AccessRow {
  const rules = scopes
    .flatMap((scope) => policy.source.scopes.get(scope) ?? [])
    .filter((rule) => covers(rule.server, server));
  const named = (method: string, list: 'tools' | 'prompts' | 'resources') => {
    const all = rules
      .filter((rule) => expandMethods(rule.methods).has(method))
      .flatMap((rule) => rule[list].map(wildcard));
    return all.includes('*') ? ['*'] : [...new Set(all)];
  };
  return {
    kind,
    name,
    scopes,
    tools: named('tools/call', 'tools'),
    prompts: named('prompts/get', 'prompts'),
    resources: named('resources/read', 'resources'),
    manages: words.filter(([permission]) => mayUseUi(policy, scopes, permission, server)).map(([, word]) => word),
  };
}
