import { decide, methodGrants } from '../../decide.ts';
import type { Policy } from '../../policy.ts';
import { anyArguments } from '../../request/mcp-request.ts';
import type { Finding } from './finding.ts';

/** A set of tools, as a file of servers and the registry write it. */
export interface ListedSet {
  name: string;
  /** Of each server, its tools in the set; null for all of them. */
  members: readonly { server: string; tools: readonly string[] | null }[];
}

/** Names in one finding. */
const mostNames = 10;

/**
 * Finds what sets offer and no group may call, and sets that no group may open: being in a set grants nothing. Pure.
 * @returns at most one finding on each set itself, and two on each of its servers
 */
export function lintSets(policy: Policy, sets: readonly ListedSet[]): Finding[] {
  const ofGroups = [...new Set([...policy.source.groups.values()].flat())];
  const ofAll = [...policy.scopes.keys()];
  return sets.flatMap(({ name, members }) => {
    const at = `set ${name}`;
    const mayOpen = decide(policy, ofGroups, name, [{ method: 'initialize' }]).allowed;
    const closed: Finding = { level: 'warning', at, message: 'no group may open it: no rule of a group names it' };
    const offered = members.flatMap(({ server, tools }): Finding[] => {
      const refused = refusedTo(policy, ofGroups, server, tools);
      const forAgents = refused.filter((tool) => !refusedTo(policy, ofAll, server, tools).includes(tool));
      const forNone = refused.filter((tool) => !forAgents.includes(tool));
      const message = (of: readonly string[], who: string) =>
        `offers ${listed(of)} of ${server}, which ${who} may call`;
      return [
        ...(forNone.length > 0 ? [{ level: 'warning', at, message: message(forNone, 'no group') } as const] : []),
        ...(forAgents.length > 0 ? [{ level: 'info', at, message: message(forAgents, 'only agents') } as const] : []),
      ];
    });
    return [...(mayOpen ? [] : [closed]), ...offered];
  });
}

/** What a set has of a server that none of the scopes may call. */
function refusedTo(
  policy: Policy,
  scopes: readonly string[],
  server: string,
  tools: readonly string[] | null,
): readonly string[] {
  if (tools === null) {
    const some = methodGrants(policy, scopes, server, 'tools/call').some(
      ({ objects, tools: conditional }) => conditional !== undefined || objects.tool.overlaps(''),
    );
    return some ? [] : ['every tool'];
  }
  const mayCall = (name: string) =>
    decide(policy, scopes, server, [{ method: 'tools/call', object: { kind: 'tool', name }, arguments: anyArguments }])
      .allowed;
  return tools.filter((tool) => !mayCall(tool));
}

function listed(names: readonly string[]): string {
  const rest = names.length - mostNames;
  return rest > 0 ? `${names.slice(0, mostNames).join(', ')} and ${rest} more` : names.join(', ');
}
