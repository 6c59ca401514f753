import type { KnownTools } from '../../policy/known-tools.ts';
import type { Policy } from '../../policy/policy.ts';
import { type Access, anyArguments } from '../../policy/request/mcp-request.ts';
import { groupsThatHelp, scopeThatHelps } from '../../policy/review/remedy.ts';
import { mayUseUi } from '../../policy/ui.ts';
import type { Person } from '../access/guards.ts';
import type { SearchableServer } from './document.ts';
import { callable } from './rights.ts';

const mostGroups = 3;

/**
 * Explains an empty search result. It only considers servers that the caller may see, so that the answer reveals nothing
 * about others.
 * @param servers the enabled servers; only the requested one if the search named one
 */
export function whyNothing(
  policy: Policy,
  known: KnownTools | undefined,
  person: Person,
  servers: readonly SearchableServer[],
): { code: 'no_server_visible' | 'no_tool_known' | 'no_tool_allowed' | 'no_match'; message: string } {
  const { scopes } = person;
  const visible = servers.filter(({ server }) => mayUseUi(policy, scopes, 'list_service', server));
  const withTools = visible.filter(({ tools }) => tools.length > 0);
  const mayCall = callable(policy, scopes, known);
  if (visible.length === 0) {
    const message = 'There is no such server that you may see. The maintainer of the policy can give you list_service.';
    return { code: 'no_server_visible', message };
  }
  if (withTools.length === 0) {
    if (visible.every(({ wantsAccounts }) => wantsAccounts)) return { code: 'no_tool_known', message: onlyForPeople };
    const message = 'The registry has not read the tools of the servers that you may see yet. Try again in a minute.';
    return { code: 'no_tool_known', message };
  }
  if (!withTools.some(({ server, tools }) => tools.some((tool) => mayCall(server, tool.name)))) {
    const message = `You may see ${namesOf(withTools)}, and call no tool there. ${helpFor(policy, person, withTools)}`;
    return { code: 'no_tool_allowed', message };
  }
  return { code: 'no_match', message: 'No tool that you may call fits these words. Try others, or fewer.' };
}

const onlyForPeople =
  'These servers show their tools only to people with accounts of their own there, so the search does not know them: connect an account, and ask the server itself.';

function namesOf(servers: readonly SearchableServer[]): string {
  const names = servers.slice(0, 5).map(({ server }) => server);
  return [...names, ...(servers.length > 5 ? ['others'] : [])].join(', ');
}

/** The rule that would allow the first of these tools. */
function helpFor(policy: Policy, { scopes, groups, authMethod }: Person, servers: readonly SearchableServer[]): string {
  const [first] = servers;
  const [tool] = first?.tools ?? [];
  const ask = 'The maintainer of the policy can give you a rule with tools/call';
  if (!first || !tool) return `${ask}.`;
  const object = { kind: 'tool', name: tool.name } as const;
  const accesses: [Access] = [{ method: 'tools/call', object, arguments: anyArguments }];
  const denied = { scopes, server: first.server, accesses };
  const isAgent = authMethod === 'jwt' && groups.length === 0;
  const helpful = isAgent ? [scopeThatHelps(policy, denied) ?? []].flat() : groupsThatHelp(policy, denied, mostGroups);
  if (helpful.length === 0) return `${ask}.`;
  return `${ask}: for ${first.server}, the ${isAgent ? 'scope' : 'group'} ${helpful.join(' or ')} has one.`;
}
