import { decide } from '../../policy/decide.ts';
import type { KnownTools } from '../../policy/known-tools.ts';
import { isAllVisible, listings } from '../../policy/listing.ts';
import type { Policy } from '../../policy/policy.ts';
import { type Access, anyArguments } from '../../policy/request/mcp-request.ts';
import { mayUseUi } from '../../policy/ui.ts';

const toolsList = listings.get('tools/list');

/**
 * Returns a check whether a caller with `scopes` may see a server in the registry and call its tool, as the gate decides: with some
 * arguments at least, or after an approval.
 * It caches answers, so use it for one search only.
 */
export function callable(
  policy: Policy,
  scopes: readonly string[],
  tools: KnownTools | undefined,
): (server: string, tool: string) => boolean {
  const servers = new Map<string, 'none' | 'some' | 'all'>();
  const ofServer = (server: string) => {
    if (!mayUseUi(policy, scopes, 'list_service', server)) return 'none';
    return toolsList && isAllVisible({ policy, scopes, server, tools }, toolsList) ? 'all' : 'some';
  };
  return (server, tool) => {
    let known = servers.get(server);
    if (known === undefined) {
      known = ofServer(server);
      servers.set(server, known);
    }
    if (known !== 'some') return known === 'all';
    const access: Access = { method: 'tools/call', object: { kind: 'tool', name: tool }, arguments: anyArguments };
    return decide(policy, scopes, server, [access], tools).allowed;
  };
}
