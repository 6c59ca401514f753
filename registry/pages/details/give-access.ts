import { stringify } from 'yaml';
import { isToolName } from '../../../policy/names.ts';
import { type Policy, type Rule, scopesOfGroups } from '../../../policy/policy.ts';
import { mayUseUi } from '../../../policy/ui.ts';
import type { accessTo } from '../../access/who-may-use.ts';
import type { ToolInfo } from '../../servers/tool.ts';

/** Lines of the policy file, and where they belong. */
interface Lines {
  id: string;
  /** What goes before the name of the place, and that name. */
  where: 'in' | 'under' | 'end';
  place: string;
  text: string;
}

/** The tools of a server that only read, as it says, and whose names a rule can have. `left`: how many others only read. */
export function readTools(tools: readonly ToolInfo[], isWaiting: (name: string) => boolean) {
  const reading = tools.filter(({ annotations }) => annotations?.readOnlyHint === true);
  const named = reading.map(({ name }) => name).filter((name) => isToolName(name) && !isWaiting(name));
  return { named, left: reading.length - named.length };
}

/**
 * How to let a group call the tools of `server` that only read: the groups that may not call all of its tools yet, one of
 * which is chosen, and the lines of the policy file for that one. Pure.
 * @param access who may use it already
 * @param wanted the group to choose; the one with the fewest rules if that is none of them
 * @param isOfSet `server` is a set, which any rule that names it opens
 * @returns undefined if every group may call all tools
 */
export function giveAccess(
  policy: Policy,
  server: string,
  access: ReturnType<typeof accessTo>,
  { wanted, tools, isOfSet = false }: { wanted: string; tools: readonly string[]; isOfSet?: boolean },
) {
  const hasAll = ({ tools: [first], servers }: (typeof access.rows)[number]) =>
    isOfSet ? servers.length > 0 : first === '*';
  const all = new Set(access.rows.filter((row) => row.kind === 'group' && hasAll(row)).map(({ name }) => name));
  const groups = [...policy.source.groups.keys()].filter((group) => !all.has(group));
  const rulesOf = (group: string) =>
    scopesOfGroups(policy, [group]).reduce((sum, scope) => sum + (policy.source.scopes.get(scope)?.length ?? 0), 0);
  const [fewest] = groups.toSorted((a, b) => rulesOf(a) - rulesOf(b));
  const group = groups.includes(wanted) ? wanted : fewest;
  if (group === undefined) return undefined;
  return { groups, group, lines: linesFor(policy, server, group, isOfSet ? undefined : tools) };
}

/** A scope of its own: it changes no list that other groups share, and another group can have it later. */
function linesFor(policy: Policy, server: string, group: string, tools: readonly string[] | undefined): Lines[] {
  const { scopes, ui } = policy.source;
  // Any rule opens a set; the rules for its servers say which tools may be called.
  const methods = tools ? ['tools/list', 'tools/call'] : ['tools/list'];
  const rule = { server, methods, tools: tools ?? [], toolRules: [] };
  const isFree = (name: string) => !scopes.has(name) && !ui.has(name);
  const isSame = (name: string) => grantsJust(scopes.get(name), rule);
  let scope = `${server}/read`;
  for (let number = 2; !isFree(scope) && !isSame(scope); number++) scope = `${server}/read-${number}`;
  const sees = mayUseUi(policy, [...scopesOfGroups(policy, [group]), scope], 'list_service', server);
  const see = [`  ${scalar(scope)}:`, `    list_service: [${server}]`];
  const rules = [
    `${scalar(scope)}:`,
    `  - server: ${scalar(server)}`,
    `    methods: [${rule.methods.join(', ')}]`,
    ...(!tools
      ? []
      : tools.length === 0
        ? ['    tools: []']
        : ['    tools:', ...tools.map((tool) => `      - ${scalar(tool)}`)]),
  ];
  return [
    { id: 'lines-group', where: 'in', place: `group_mappings: ${group}`, text: `    - ${scalar(scope)}` },
    ...(sees ? [] : [{ id: 'lines-see', where: 'under', place: 'UI-Scopes', text: see.join('\n') } as const]),
    ...(isFree(scope) ? [{ id: 'lines-rules', where: 'end', place: '', text: rules.join('\n') } as const] : []),
  ];
}

/** Whether the rules of a scope are these lines already. */
function grantsJust(
  rules: readonly Rule[] | undefined,
  { server, methods, tools }: Omit<Rule, 'at' | 'prompts' | 'resources'>,
) {
  const [rule, ...others] = rules ?? [];
  if (!rule || others.length > 0 || rule.server !== server) return false;
  const isSame = (a: readonly string[], b: readonly string[]) => a.toSorted().join('\n') === b.toSorted().join('\n');
  const nothingElse = rule.prompts.length + rule.resources.length === 0;
  return nothingElse && isSame(rule.methods, methods) && isSame(rule.tools, tools);
}

/** A text as YAML reads it back: `null`, `1.5` and `a: b` in quotes. */
function scalar(text: string): string {
  return stringify(text, { lineWidth: 0 }).trimEnd();
}
