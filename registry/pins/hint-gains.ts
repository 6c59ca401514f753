import { decide } from '../../policy/decide.ts';
import type { KnownTools } from '../../policy/known-tools.ts';
import { type Policy, scopesOfGroups } from '../../policy/policy.ts';
import { unknownArguments } from '../../policy/request/mcp-request.ts';
import { covers } from '../../policy/review/rule-shape.ts';
import { mayEditPolicy } from '../access/edit-policy.ts';
import type { Person } from '../access/guards.ts';
import { RegistryError } from '../errors/registry-error.ts';
import type { HintRight } from './approved-definitions.ts';

/** Callers and tools that a refusal names. */
const mostNamed = 5;

/** A group of people, or the scope of agents, and the tools of a server that they gain. */
export interface HintGain {
  kind: 'group' | 'agent';
  name: string;
  tools: string[];
}

/**
 * Who may call tools of `server` once their hint counts, and may not without it: by rules with `hint: read-only`. A call that then
 * waits for a person's approval is a gain too. Pure, and looked for one by one: there may be many groups and tools.
 */
export function* hintGains(policy: Policy, server: string, tools: readonly string[]): Generator<HintGain> {
  if (tools.length === 0) return;
  const after: KnownTools = { readOnly: new Map([[server, new Set(tools)]]) };
  const before: KnownTools = { readOnly: new Map() };
  const gains = (scopes: readonly string[], tool: string) => {
    const was = standing(policy, scopes, server, tool, before);
    if (was === 'allowed') return false;
    const is = standing(policy, scopes, server, tool, after);
    return is !== was && is !== 'refused';
  };
  for (const { kind, name, scopes } of hintedCallers(policy, server)) {
    const own = tools.filter((tool) => gains(scopes, tool));
    if (own.length > 0) yield { kind, name, tools: own };
  }
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
    const gains = hintGains(policy, server, tools).take(mostNamed).toArray();
    if (gains.length === 0) return;
    const who = gains.map(({ kind, name }) => (kind === 'group' ? `people in ${name}` : `agents with ${name}`));
    const gained = [...new Set(gains.flatMap(({ tools: own }) => own))].slice(0, mostNamed).join(', ');
    throw new RegistryError(
      'not_permitted',
      `With this approval, rules for tools that only read let ${who.join(', ')} call ${gained}: it takes the permission edit_policy for all. Ask a person who has it to approve.`,
    );
  };
}

/** Groups and agents that hold a rule with a hint for this server. */
function* hintedCallers(policy: Policy, server: string) {
  const { scopes: rules, groups } = policy.source;
  const isHinted = (scope: string) =>
    rules
      .get(scope)
      ?.some((rule) => covers(rule.server, server) && rule.toolRules.some(({ hint }) => hint !== undefined));
  const hinted = new Set([...rules.keys()].filter(isHinted));
  for (const name of groups.keys()) {
    const scopes = scopesOfGroups(policy, [name]);
    if (scopes.some((scope) => hinted.has(scope))) yield { kind: 'group' as const, name, scopes };
  }
  const ofPeople = new Set([...groups.values()].flat());
  for (const name of hinted) if (!ofPeople.has(name)) yield { kind: 'agent' as const, name, scopes: [name] };
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
