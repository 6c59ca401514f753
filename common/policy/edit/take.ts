import { decide } from '../../../policy/decide.ts';
import type { ToolNames } from '../../../policy/known-tools.ts';
import { compilePolicy, type PolicySource, scopesOfGroups, wildcard } from '../../../policy/policy.ts';
import { type Access, anyArguments } from '../../../policy/request/mcp-request.ts';
import { type FileRule, type FileValue, listOf, openFile, rulesIn, sections, writeFile } from './file.ts';
import type { Holder, ToolEntry } from './grant.ts';
import { mayBeOfAgents } from './names.ts';
import { checkOthers, checkServers } from './others.ts';
import { EditRefused } from './refused.ts';
import { copyScope, groupsWith, isOwn } from './sharing.ts';

/** What is taken away. */
export interface Taken {
  from: Holder;
  server: string;
  /** Names and patterns as the rules write them; `hint: read-only` for an entry with that hint. */
  tools?: readonly string[];
  /** The tools that only read, by the registry: a rule with that hint may still grant them. */
  readOnly?: ToolNames;
  /** False: a scope that others hold too is changed for them as well. Default: they keep what they have. */
  split?: boolean;
}

/**
 * Takes tools of a server away from a group or an agent; all that it has there if `tools` is undefined. A scope that others
 * hold too is split, so that only `from` loses.
 * @param text of the policy file
 * @returns the new text, and who loses it too: groups, and scopes that agents may hold
 * @throws {EditRefused} if it cannot be taken away: there is nothing to take, or a wider rule grants it
 */
export function takeAway(text: string, taken: Taken): { text: string; alsoLose: string[] } {
  const file = openFile(text);
  const { source: before, value } = file;
  const { from } = taken;
  const held = from.kind === 'group' ? [...(value.groups[from.name] ?? [])] : [from.name];
  const parts: Part[] = [];
  for (const scope of held) {
    const rules = sections.has(scope) ? undefined : rulesIn(value, scope);
    const left = rules?.flatMap((rule) => withoutTools(rule, taken));
    if (!rules || !left || (left.length === rules.length && left.every((rule, index) => rule === rules[index])))
      continue;
    const part = partOf(value, scope, taken, before);
    parts.push(part);
    setRules(value, part.target, left, taken);
  }
  const { name, kind } = from;
  const who = kind === 'group' ? name : `the agent with ${name}`;
  if (parts.length === 0) {
    checkLeft(before, taken, who);
    throw new EditRefused(`No rule gives ${who} this on ${taken.server}.`);
  }
  const written = writeFile(file);
  checkLeft(written.source, taken, who);
  checkServers(before, written.source, from, taken.server);
  checkOthers(before, written.source, [from, ...parts.flatMap(({ concerned }) => concerned)]);
  return { text: written.text, alsoLose: [...new Set(parts.flatMap(({ alsoLose }) => alsoLose))].sort() };
}

/** What is left of a rule: the rule itself if nothing is taken, none if it would name no object. */
function withoutTools(rule: FileRule, { server, tools }: Taken): FileRule[] {
  if (rule.server !== server) return [rule];
  if (tools === undefined) return [];
  const isTaken = (entry: string | ToolEntry) => {
    const name = typeof entry === 'string' ? entry : (entry.name ?? `hint: ${entry.hint}`);
    return tools.some((tool) => wildcard(tool) === wildcard(name));
  };
  const had = listOf<string | ToolEntry>(rule.tools);
  const left = had.filter((entry) => !isTaken(entry));
  if (left.length === had.length) return [rule];
  const isEmpty = left.length + listOf(rule.prompts).length + listOf(rule.resources).length === 0;
  return isEmpty ? [] : [{ ...rule, tools: left }];
}

/** A scope that is to be changed. */
interface Part {
  target: string;
  /** Whom the change concerns besides `from`: those who lose too, and a scope that no agent holds. */
  concerned: readonly Holder[];
  alsoLose: readonly string[];
}

/** Finds the scope to change so that only `from` loses: the scope itself if no one else has it, or else a copy. */
function partOf(value: FileValue, scope: string, { from, split = true }: Taken, { scopes }: PolicySource): Part {
  const groups = groupsWith(value, scope).filter((group) => from.kind === 'agent' || group !== from.name);
  const all: Holder[] = [...groups.map((name): Holder => ({ kind: 'group', name })), { kind: 'agent', name: scope }];
  if (from.kind === 'agent') {
    if (split && groups.length > 0) copyScope(value, scope, groups, [scope, 'people']);
    return split ? { target: scope, concerned: [], alsoLose: [] } : { target: scope, concerned: all, alsoLose: groups };
  }
  if (isOwn(value, from.name, scope)) return { target: scope, concerned: all, alsoLose: [] };
  // Only people can approve: no agent holds such a scope, and it must stay the scope of a group.
  const isHeld = scopes.get(scope)?.some(({ toolRules }) => toolRules.some(({ approve }) => approve)) ?? false;
  if (!split || (isHeld && groups.length === 0))
    return { target: scope, concerned: all, alsoLose: [...groups, ...(mayBeOfAgents(scope) ? [scope] : [])] };
  return { target: copyScope(value, scope, [from.name], [from.name, scope]), concerned: [], alsoLose: [] };
}

/** A scope that grants nothing on the server does not show it in the registry either; one that grants nothing at all goes. */
function setRules({ all, ui, groups }: FileValue, scope: string, rules: FileRule[], { server }: Taken): void {
  all[scope] = rules;
  const permissions = ui[scope];
  if (permissions && !rules.some((rule) => rule.server === server)) {
    const listed = listOf(permissions.list_service);
    const left = listed.filter((each) => each !== server);
    if (left.length > 0 && left.length < listed.length) permissions.list_service = left;
    if (left.length === 0) delete permissions.list_service;
    if (Object.keys(permissions).length === 0) delete ui[scope];
  }
  if (rules.length > 0) return;
  delete all[scope];
  if (ui[scope]) return;
  for (const [group, scopes] of Object.entries(groups)) groups[group] = scopes.filter((each) => each !== scope);
}

/** @throws {EditRefused} if a rule still gives what was to be taken */
function checkLeft(source: PolicySource, { from, server, tools, readOnly = new Map() }: Taken, who: string): void {
  const policy = compilePolicy(source, 0);
  const scopes = from.kind === 'group' ? scopesOfGroups(policy, [from.name]) : [from.name];
  const asked: Access[] = tools
    ? tools.map((tool) => ({
        method: 'tools/call',
        object: { kind: 'tool', name: wildcard(tool) },
        arguments: anyArguments,
      }))
    : [{ method: 'initialize' }];
  for (const access of asked) {
    const decision = decide(policy, scopes, server, [access], { readOnly });
    const rule = decision.allowed ? decision.rule : undefined;
    if (rule === undefined) continue;
    const what = access.object ? `call ${access.object.name} on` : 'use';
    throw new EditRefused(
      `The rule ${rule}, which covers more, lets ${who} ${what} ${server} still. Narrow that rule by hand.`,
    );
  }
}
