import { decide } from '../../../../policy/decide.ts';
import type { KnownTools } from '../../../../policy/known-tools.ts';
import type { Policy } from '../../../../policy/policy.ts';
import { type Access, anyArguments, unknownArguments } from '../../../../policy/request/mcp-request.ts';

/** What callers with some scopes may do with one tool: call it always, only with limits or an approval, or not at all. */
export type Reach = 'all' | 'some' | 'none';

/** Makes the question about one tool of a server. Tools that wait for approval count: the policy allows them. */
export function reachOf(policy: Policy, scopes: readonly string[], server: string, known: KnownTools) {
  const tools: KnownTools = { readOnly: known.readOnly };
  const may = (name: string, args: NonNullable<Access['arguments']>) => {
    const access: Access = { method: 'tools/call', object: { kind: 'tool', name }, arguments: args };
    return decide(policy, scopes, server, [access], tools).allowed;
  };
  return (name: string): Reach => (may(name, unknownArguments) ? 'all' : may(name, anyArguments) ? 'some' : 'none');
}
