import { decide } from '../../policy/decide.ts';
import type { KnownTools } from '../../policy/known-tools.ts';
import { type Policy, scopesOfGroups } from '../../policy/policy.ts';
import { unknownArguments } from '../../policy/request/mcp-request.ts';
import { covers } from '../../policy/review/rule-shape.ts';
import type { Person } from '../access/guards.ts';
import { mayEditPolicy } from '../access/policy.ts';
import { RegistryError } from '../errors/registry-error.ts';
import type { HintRight } from './approved-definitions.ts';

/** A group of people, or the scope of agents, and the tools of a server that they gain. */
export interface HintGain {
  kind: 'group' | 'agent';
  name: string;
  tools: string[];
}

/**
 * Who may call tools of `server` once their hint counts, and may not without it: by rules with `hint: read-only`. A call that then
 * waits for a person's approval is a gain too. Pure.
 */
export function hintGains(policy: Policy, server: string, tools: readonly string[]): HintGain[] {
  if (tools.length === 0) return [];
  const after: KnownTools = { readOnly: new Map([[server, new Set(tools)]]) };
  const before: KnownTools = { readOnly: new Map() };
  const hinted = new Set(hintedScopes(policy, server));
  const gains = (scopes: readonly string[], tool: string) => {
    const [was, is] = [before, after].map((known) => standing(policy, scopes, server, tool, known));
    return is !== was && is !== 'refused' && was !== 'allowed';
  };
  const gained = (kind: HintGain['kind'], name: string, scopes: readonly string[]) => {
    if (!scopes.some((scope) => hinted.has(scope))) return [];
    const own = tools.filter((tool) => gains(scopes, tool));
    return own.length > 0 ? [{ kind, name, tools: own }] : [];
  };
  const { groups } = policy.source;
  const ofPeople = new Set([...groups.values()].flat());
  return [
    ...[...groups.keys()].flatMap((group) => gained('group', group, scopesOfGroups(policy, [group]))),
    ...[...hinted].filter((scope) => !ofPeople.has(scope)).flatMap((scope) => gained('agent', scope, [scope])),
  ];
}

/**
 * What a person's approval may do for hints: if someone gains by it, the person needs `edit_policy`.
 * @returns undefined for an agent, whose approvals are not by a person
 */
export function hintRightOf(policy: Policy, person: Person, server: string): HintRight | undefined {
  // Only people have groups: a token with scopes but without groups belongs to an agent.
  if (person.authMethod === 'jwt' && person.groups.length === 0) return undefined;
  return (tools) => {
    if (mayEditPolicy(policy, person)) return;
    const gains = hintGains(policy, server, tools);
    if (gains.length === 0) return;
    const who = gains
      .slice(0, 5)
      .map(({ kind, name }) => (kind === 'group' ? `people in ${name}` : `agents with ${name}`));
    const gained = [...new Set(gains.flatMap(({ tools: own }) => own))].slice(0, 5).join(', ');
    throw new RegistryError(
      'not_permitted',
      `With this approval, rules for tools that only read let ${who.join(', ')} call ${gained}: it takes the permission edit_policy for all. Ask a person who has it to approve.`,
    );
  };
}

function hintedScopes({ source }: Policy, server: string): string[] {
  const isHinted = (scope: string) =>
    source.scopes
      .get(scope)
      ?.some((rule) => covers(rule.server, server) && rule.toolRules.some(({ hint }) => hint !== undefined));
  return [...source.scopes.keys()].filter(isHinted);
}

/**
 * How a call stands whatever its arguments: a tool that rules allow with some arguments only, and a hint with all, is a gain. Of a
 * call that waits for an approval, who may approve: a hint can add more.
 */
function standing(policy: Policy, scopes: readonly string[], server: string, name: string, known: KnownTools): string {
  const call = { method: 'tools/call', object: { kind: 'tool', name }, arguments: unknownArguments } as const;
  const decision = decide(policy, scopes, server, [call], known);
  if (decision.allowed) return 'allowed';
  if (!decision.hold) return 'refused';
  const { person, groups } = decision.hold.approvers;
  return JSON.stringify([person, [...groups].sort()]);
}
