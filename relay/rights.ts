import { allTools, type ToolGuard } from '../common/policy/approved-tools-watch.ts';
import type { ApprovedTools } from '../policy/approved-tools.ts';
import { agentWithScopes, personInGroups } from '../policy/caller.ts';
import { decide } from '../policy/decide.ts';
import type { Viewer } from '../policy/listing.ts';
import type { Policy } from '../policy/policy.ts';
import type { Access } from '../policy/request/mcp-request.ts';
import type { Caller } from './caller.ts';

/** What a caller may do under the policy as it is now. */
export interface Rights {
  viewer(caller: Caller): Viewer;
  /** Whether what the caller was let through for would still be allowed. */
  mayGoOn(caller: Caller): boolean;
}

const noTools: ApprovedTools = new Map();

/**
 * @param policy the policy in force; asked again each time, because it may have changed while a stream was open
 * @param guard the approved tools; while they cannot be read, no tool may be used
 */
export function createRights(policy: () => Policy, guard: Pick<ToolGuard, 'approved'> = allTools): Rights {
  const verdicts = new WeakMap<Caller, { policy: Policy; approved: ApprovedTools | undefined; verdict: boolean }>();
  const approvedNow = () => {
    const approved = guard.approved();
    return approved === 'unreadable' ? noTools : approved;
  };
  const scopesOf = ({ ticket, groups, scopes }: Caller, now: Policy) =>
    ticket.kind === 'agent' ? agentWithScopes(now, scopes).scopes : personInGroups(now, groups).scopes;
  return {
    viewer(caller) {
      const now = policy();
      return { policy: now, scopes: scopesOf(caller, now), server: caller.ticket.server, approved: approvedNow() };
    },
    mayGoOn(caller) {
      const now = policy();
      const known = verdicts.get(caller);
      const approved = approvedNow();
      if (known?.policy === now && known.approved === approved) return known.verdict;
      const { server, method, uris = [] } = caller.ticket;
      // Nobody can tell then what it would have to be allowed: its client asks the gate again.
      const untold = known && method === 'subscriptions/listen' && !caller.ticket.uris;
      const resources = uris.map((name): Access => ({ method, object: { kind: 'resource', name } }));
      const whole: Access =
        caller.tool === undefined ? { method } : { method, object: { kind: 'tool', name: caller.tool } };
      const verdict = !untold && decide(now, scopesOf(caller, now), server, [whole, ...resources], approved).allowed;
      verdicts.set(caller, { policy: now, approved, verdict });
      return verdict;
    },
  };
}
