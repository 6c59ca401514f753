import { decide } from '../../policy/decide.ts';
import { expandMethods, type Policy, scopesOfGroups, wildcard } from '../../policy/policy.ts';
import { toolsOn } from '../../policy/review/conditions.ts';
import { covers } from '../../policy/review/rule-shape.ts';
import { limitWords } from '../../policy/review/words.ts';
import { mayUseUi, type UiPermission } from '../../policy/ui.ts';
import type { Person } from './guards.ts';

const words: readonly [UiPermission, string][] = [
  ['list_service', 'see it'],
  ['health_check_service', 'check it'],
  ['toggle_service', 'enable and disable it'],
  ['modify_service', 'change and delete it'],
];

/**
 * Who may use the server called `server`, by the policy: groups of people, and scopes of agents. A person who may change
 * the server sees all (`isWhole`), everyone else only their own. A set is opened by any rule that names it (`isOfSet`). Pure.
 */
export function accessTo(policy: Policy, person: Person, server: string, isOfSet = false) {
  const isWhole = mayUseUi(policy, person.scopes, 'modify_service', server);
  const { groups, scopes, ui } = policy.source;
  const ofGroup = (name: string) => row(policy, server, 'group', name, scopesOfGroups(policy, [name]));
  const ofScope = (name: string) => row(policy, server, 'scope', name, [name]);
  const grouped = new Set([...groups.values()].flat());
  // A scope that is named like a group is one for people; the others are for agents.
  const agents = [...new Set([...scopes.keys(), ...ui.keys()])].filter(
    (scope) => !groups.has(scope) || !grouped.has(scope),
  );
  const own =
    person.groups.length > 0
      ? person.groups.filter((group) => groups.has(group)).map(ofGroup)
      : person.scopes.map(ofScope);
  const rows = isWhole ? [...[...groups.keys()].map(ofGroup), ...agents.map(ofScope)] : own;
  const grants = ({ servers, tools, conditional, prompts, resources, manages }: (typeof rows)[number]) =>
    (isOfSet ? servers : [...tools, ...conditional, ...prompts, ...resources]).length + manages.length > 0;
  return { isWhole, rows: rows.filter(grants), limits: limitsOn(policy, person, server, isWhole) };
}

/** The limits on calls of the server: whom they hold, in words, and how many calls they allow. */
function limitsOn({ source }: Policy, { groups, scopes }: Person, server: string, isWhole: boolean) {
  const held = groups.length > 0 ? groups : scopes;
  return source.limits
    .filter((limit) => covers(limit.server, server))
    .filter(({ who }) => isWhole || who === undefined || who.some((name) => held.includes(name)))
    .map((limit) => ({ who: isWhole ? (limit.who ?? []) : [], words: limitWords(limit) }));
}

/** Whether a caller with `scopes` may open a set, or the hub: any rule that names it is enough. Pure. */
export function mayOpen(policy: Policy, scopes: readonly string[], name: string): boolean {
  return decide(policy, scopes, name, [{ method: 'initialize' }]).allowed;
}

/** Whether a caller with `scopes` may call any tool of `server`. Pure. */
export function mayCallSome(policy: Policy, scopes: readonly string[], server: string): boolean {
  const { plain, conditional } = toolsOn(policy, scopes, server);
  return plain.length + conditional.length > 0;
}

/**
 * The groups whose people may call tools, or open the set, of the rows of {@link accessTo}: `named` by a rule for this server or for some
 * servers, `everywhere` by rules for every server only, as administrators have them.
 */
export function callersOf(rows: ReturnType<typeof accessTo>['rows'], isOfSet = false) {
  const uses = ({ tools, conditional, servers }: (typeof rows)[number]) =>
    (isOfSet ? servers : [...tools, ...conditional]).length > 0;
  const callers = rows.filter((each) => each.kind === 'group' && uses(each));
  const isNamed = ({ servers }: (typeof callers)[number]) => servers.some((pattern) => pattern !== '*');
  return {
    named: callers.filter(isNamed).map(({ name }) => name),
    everywhere: callers.filter((each) => !isNamed(each)).map(({ name }) => name),
  };
}

/**
 * Names and globs as in the policy: `*` means all, an empty list none. `conditional` are further tools, each with its condition
 * in words; `servers` is what its rules name, `manages` what it permits in the registry.
 */
function row(policy: Policy, server: string, kind: 'group' | 'scope', name: string, scopes: readonly string[]) {
  const rules = scopes
    .flatMap((scope) => policy.source.scopes.get(scope) ?? [])
    .filter(({ server: on, until }) => covers(on, server) && (until === undefined || until > policy.at));
  const { plain, conditional } = toolsOn(policy, scopes, server);
  const named = (method: string, list: 'prompts' | 'resources') => {
    const all = rules
      .filter((rule) => expandMethods(rule.methods).has(method))
      .flatMap((rule) => rule[list].map(wildcard));
    return all.includes('*') ? ['*'] : [...new Set(all)];
  };
  return {
    kind,
    name,
    servers: [...new Set(rules.map((rule) => wildcard(rule.server)))],
    tools: plain,
    conditional,
    prompts: named('prompts/get', 'prompts'),
    resources: named('resources/read', 'resources'),
    manages: words.filter(([permission]) => mayUseUi(policy, scopes, permission, server)).map(([, word]) => word),
  };
}
