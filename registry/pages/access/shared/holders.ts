import type { Holder } from '../../../../common/policy/edit/grant.ts';
import type { Policy } from '../../../../policy/policy.ts';
import { scopesOfGroups } from '../../../../policy/policy.ts';

/** Reads whom the form names; undefined if it names none. */
export function holderIn(to: string): Holder | undefined {
  const [, kind, name] = /^(group|agent):(.+)$/s.exec(to) ?? [];
  return name === undefined ? undefined : { kind: kind === 'agent' ? 'agent' : 'group', name };
}

/** A group or an agent as a form names it. */
export interface HolderChoice {
  /** `group:` or `agent:` and its name. */
  value: string;
  name: string;
}

/**
 * Whom the policy knows: groups of people, and scopes that no group holds, each of which stands for the agents that have it.
 * Pure.
 */
export function holdersOf({ source }: Policy): { groups: HolderChoice[]; agents: HolderChoice[] } {
  const held = new Set([...source.groups.values()].flat());
  const scopes = new Set([...source.scopes.keys(), ...source.ui.keys()]);
  return {
    groups: [...source.groups.keys()].map((name) => ({ value: `group:${name}`, name })),
    agents: [...scopes].filter((name) => !held.has(name)).map((name) => ({ value: `agent:${name}`, name })),
  };
}

/** The scopes that a group or an agent has; none while none is chosen. Pure. */
export function scopesOf(policy: Policy, to: string): string[] {
  const holder = holderIn(to);
  if (!holder) return [];
  return holder.kind === 'agent' ? [holder.name] : scopesOfGroups(policy, [holder.name]);
}

/** How a sentence calls them: `mcp-registry-user`, or `agents with x`. */
export function holderWords(to: string): string {
  const holder = holderIn(to);
  if (!holder) return '';
  return holder.kind === 'agent' ? `agents with ${holder.name}` : holder.name;
}
