import { allTools, type ToolGuard, toolsBy } from '../../common/policy/approved-tools-watch.ts';
import { agentWithScopes, personInGroups } from '../../policy/caller.ts';
import { decide, methodGrants } from '../../policy/decide.ts';
import type { KnownTools } from '../../policy/known-tools.ts';
import type { Viewer } from '../../policy/listing.ts';
import type { Policy } from '../../policy/policy.ts';
import { type Access, anyArguments } from '../../policy/request/mcp-request.ts';
import { kindsOf } from '../../policy/request/methods.ts';
import type { Caller } from './caller.ts';

/** What a caller may do under the policy in force. */
export type Rights = ReturnType<typeof createRights>;

/**
 * @param policy returns the policy in force; called each time, because it may change while a stream is open
 * @param guard the approved tools; while they cannot be read, no tool may be used
 */
export function createRights(policy: () => Policy, guard: Pick<ToolGuard, 'known'> = allTools) {
  const verdicts = new WeakMap<Caller, { policy: Policy; tools: KnownTools; verdict: boolean }>();
  const scopesOf = ({ ticket, groups, scopes }: Caller, now: Policy) =>
    ticket.kind === 'agent' ? agentWithScopes(now, scopes).scopes : personInGroups(now, groups).scopes;
  return {
    viewer(caller: Caller): Viewer {
      const now = policy();
      const { server, broker } = caller.ticket;
      const viewer = { policy: now, scopes: scopesOf(caller, now), server, tools: toolsBy(guard) };
      return broker === 'hub' ? { ...viewer, seesAll: true } : viewer;
    },
    /** Whether the request that the caller was admitted for would still be allowed. */
    mayContinue(caller: Caller): boolean {
      const now = policy();
      const known = verdicts.get(caller);
      const tools = toolsBy(guard);
      if (known?.policy === now && known.tools === tools) return known.verdict;
      const { server, broker, uris = [] } = caller.ticket;
      // Any rule that names the hub or a set opens it.
      if (broker === 'hub') return decide(now, scopesOf(caller, now), server, [{ method: 'initialize' }]).allowed;
      const { method } = caller.ticket;
      // The ticket left out its resources, so they cannot be checked again: the client has to ask the gate.
      const isUncheckable = known && method === 'subscriptions/listen' && !caller.ticket.uris;
      const resources = uris.map((name): Access => ({ method, object: { kind: 'resource', name } }));
      const whole: Access =
        caller.tool === undefined
          ? { method }
          : // The gate has judged its arguments, and an approval was used up: a call that runs is not cut for them.
            { method, object: { kind: 'tool', name: caller.tool }, arguments: anyArguments };
      const scopes = scopesOf(caller, now);
      // Tickets of other requests than calls and subscriptions do not say what was named: any right to the method will do.
      const isUnnamed = whole.object === undefined && uris.length === 0 && kindsOf(method).length > 0;
      const mayNow =
        isUnnamed && method !== 'subscriptions/listen'
          ? methodGrants(now, scopes, server, method).length > 0
          : decide(now, scopes, server, [whole, ...resources], tools).allowed;
      const verdict = !isUncheckable && mayNow;
      verdicts.set(caller, { policy: now, tools, verdict });
      return verdict;
    },
  };
}
