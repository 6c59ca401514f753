import { isDeepStrictEqual } from 'node:util';
import { hubName } from '../../../policy/names.ts';
import { compilePolicy, expandMethods, type PolicySource, scopesOfGroups } from '../../../policy/policy.ts';
import { mayUseUi } from '../../../policy/ui.ts';
import { checkGrant } from './check-grant.ts';
import { type FileRule, type FileValue, listOf, openFile, rulesIn, sections, writeFile } from './file.ts';
import type { Grant, Holder, ToolEntry } from './grant.ts';
import { checkOthers, checkServers } from './others.ts';
import { EditRefused } from './refused.ts';
import { copyScope, freeScope, groupsWith, isOwn } from './sharing.ts';

/**
 * Gives a group or an agent tools of a server: a rule in a scope that only they hold, and `list_service` for the server.
 * Comments, order and quoting of the file survive. No tools at all open a set, or let its holder connect to a server.
 * @param text of the policy file
 * @returns the new text, and the scope that has the rule; the same text if that scope grants all of it already
 * @throws {EditRefused} if it cannot be given
 */
export function giveAccess(text: string, grant: Grant): { text: string; scope: string } {
  checkGrant(grant);
  const file = openFile(text);
  const { source: before, value } = file;
  const scope = grant.to.kind === 'agent' ? scopeOfAgent(value, grant.to.name) : scopeOfGroup(value, grant);
  addRule(value, scope, grant);
  const { groups } = value;
  const { to } = grant;
  if (to.kind === 'group' && !groups[to.name]?.includes(scope)) groups[to.name] = [...(groups[to.name] ?? []), scope];
  if (grant.server !== hubName && !seesServer(before, grant.to, scope, grant.server))
    addListing(value, scope, grant.server);
  const written = writeFile(file);
  checkOthers(before, written.source, [to, { kind: 'agent', name: scope }]);
  checkServers(before, written.source, to, grant.server);
  return { text: written.text, scope };
}

/** An agent's token names its scope, so the rule goes there. Groups that hold it too get a copy without the rule. */
function scopeOfAgent(value: FileValue, scope: string): string {
  if (sections.has(scope)) throw new EditRefused(`"${scope}" is a section of the file, and no scope.`);
  const groups = groupsWith(value, scope);
  if (groups.length > 0) copyScope(value, scope, groups, [scope, 'people']);
  return scope;
}

/** The group's own scope for the server, or a new one. */
function scopeOfGroup(value: FileValue, { to: { name }, server }: Grant): string {
  const own = (value.groups[name] ?? []).find((scope) => {
    const rules = rulesIn(value, scope) ?? [];
    return rules.length > 0 && rules.every((rule) => rule.server === server) && isOwn(value, name, scope);
  });
  return own ?? freeScope(value, [name, server]);
}

function addRule(value: FileValue, scope: string, grant: Grant): void {
  const { server, until } = grant;
  const rules = rulesIn(value, scope) ?? [];
  value.all[scope] = rules;
  const wanted = ruleOf(grant);
  const present = rules.find(
    (rule) => rule.server === server && rule.until === until && rule.approve === undefined && hasMethods(rule, wanted),
  );
  if (!present) {
    rules.push(wanted);
    return;
  }
  for (const kind of ['tools', 'prompts', 'resources'] as const) {
    const had = listOf<string | ToolEntry>(present[kind]);
    const added = listOf<string | ToolEntry>(wanted[kind]).filter(
      (one) => !had.some((other) => isDeepStrictEqual(one, other)),
    );
    if (added.length > 0) present[kind] = [...had, ...added] as string[];
  }
}

function ruleOf({ server, tools, until, alsoPrompts = false, alsoResources = false }: Grant): FileRule {
  const methods = [
    'tools/list',
    ...(tools.length > 0 ? ['tools/call'] : []),
    ...(alsoPrompts ? ['prompts/list', 'prompts/get'] : []),
    ...(alsoResources ? ['resources/*'] : []),
    ...(alsoPrompts || alsoResources ? ['completion/complete'] : []),
  ];
  return {
    server,
    ...(until !== undefined && { until }),
    methods,
    ...(tools.length > 0 && { tools: unique(tools.map(entryOf)) }),
    ...(alsoPrompts && { prompts: ['*'] }),
    ...(alsoResources && { resources: ['*'] }),
  };
}

function unique<T>(all: readonly T[]): T[] {
  return all.filter((one, index) => all.findIndex((other) => isDeepStrictEqual(one, other)) === index);
}

/** An entry as the file writes it, its members in one order; a name without a condition is only the name. */
function entryOf(tool: string | ToolEntry): string | ToolEntry {
  if (typeof tool === 'string') return tool;
  const { name, hint, arguments: args, only, approve, until } = tool;
  const rest = {
    ...(args && Object.keys(args).length > 0 && { arguments: args }),
    ...(only === true && { only }),
    ...(approve !== undefined && { approve }),
    ...(until !== undefined && { until }),
  };
  if (name !== undefined && Object.keys(rest).length === 0) return name;
  return structuredClone({ ...(name !== undefined && { name }), ...(hint !== undefined && { hint }), ...rest });
}

/**
 * Whether a rule grants just the methods of another, so that it can have its tools too. What else one rule grants for a tool or a
 * prompt would be granted for all of them.
 */
function hasMethods(rule: FileRule, wanted: FileRule): boolean {
  const methods = ({ methods: names }: FileRule) => [...expandMethods(listOf(names))].sort();
  return isDeepStrictEqual(methods(rule), methods(wanted));
}

/** Whether the holder sees the server in the registry already. */
function seesServer(source: PolicySource, to: Holder, scope: string, server: string): boolean {
  const policy = compilePolicy(source, 0);
  const held = to.kind === 'group' ? scopesOfGroups(policy, [to.name]) : [scope];
  return mayUseUi(policy, held, 'list_service', server);
}

function addListing({ ui }: FileValue, scope: string, server: string): void {
  const permissions = ui[scope] ?? {};
  ui[scope] = permissions;
  const listed = listOf(permissions.list_service);
  if (!listed.some((each) => ['all', '*', server].includes(each))) permissions.list_service = [...listed, server];
}
