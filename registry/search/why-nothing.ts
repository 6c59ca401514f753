import type { ApprovedTools } from '../../policy/approved-tools.ts';
import type { Policy } from '../../policy/policy.ts';
import type { Access } from '../../policy/request/mcp-request.ts';
import { groupsThatHelp, scopeThatHelps } from '../../policy/review/remedy.ts';
import { mayUseUi } from '../../policy/ui.ts';
import type { Person } from '../access/guards.ts';
import type { SearchableServer } from './document.ts';
import { callable } from './rights.ts';

/** Why a search found no tool, from "you see no server" to "none has your words", and what to do. */
export interface WhyNothing {
  code: 'no_server_visible' | 'no_tool_known' | 'no_tool_allowed' | 'no_match';
  message: string;
}

/** By what is decided what somebody may call. */
export interface Rules {
  policy: Policy;
  approved: ApprovedTools | undefined;
}

const mostGroups = 3;

/**
 * Finds out why somebody was shown nothing. Only servers that they may see take part, so that the answer tells nothing
 * about others.
 * @param servers those that could have been found: enabled, and the one asked for if one was
 */
export function whyNothing(
  { policy, approved }: Rules,
  person: Person,
  servers: readonly SearchableServer[],
): WhyNothing {
  const { scopes } = person;
  const visible = servers.filter(({ server }) => mayUseUi(policy, scopes, 'list_service', server));
  const withTools = visible.filter(({ tools }) => tools.length > 0);
  const mayCall = callable(policy, scopes, approved);
  if (visible.length === 0) {
    const message =
      'There is no such server that you may see. Whoever looks after the policy can give you list_service.';
    return { code: 'no_server_visible', message };
  }
  if (withTools.length === 0) {
    const message = 'None of the servers that you may see has told the registry its tools yet. Try again in a minute.';
    return { code: 'no_tool_known', message };
  }
  if (!withTools.some(({ server, tools }) => tools.some((tool) => mayCall(server, tool.name)))) {
    const message = `You may see ${namesOf(withTools)}, and call no tool there. ${helpFor(policy, person, withTools)}`;
    return { code: 'no_tool_allowed', message };
  }
  return { code: 'no_match', message: 'No tool that you may call fits these words. Try others, or fewer.' };
}

function namesOf(servers: readonly SearchableServer[]): string {
  const names = servers.slice(0, 5).map(({ server }) => server);
  return [...names, ...(servers.length > 5 ? ['others'] : [])].join(', ');
}

/** What would open the first of these tools, in the words of the policy. */
function helpFor(policy: Policy, { scopes, groups, authMethod }: Person, servers: readonly SearchableServer[]): string {
  const [first] = servers;
  const [tool] = first?.tools ?? [];
  const ask = 'Whoever looks after the policy can give you a rule with tools/call';
  if (!first || !tool) return `${ask}.`;
  const accesses: [Access] = [{ method: 'tools/call', object: { kind: 'tool', name: tool.name } }];
  const denied = { scopes, server: first.server, accesses };
  const isAgent = authMethod === 'jwt' && groups.length === 0;
  const helpful = isAgent ? [scopeThatHelps(policy, denied) ?? []].flat() : groupsThatHelp(policy, denied, mostGroups);
  if (helpful.length === 0) return `${ask}.`;
  return `${ask}: for ${first.server}, the ${isAgent ? 'scope' : 'group'} ${helpful.join(' or ')} has one.`;
}
