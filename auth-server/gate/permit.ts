import { type ToolGuard, toolsBy } from '../../common/policy/approved-tools-watch.ts';
import { decide } from '../../policy/decide.ts';
import type { Approvers, Policy } from '../../policy/policy.ts';
import { type Access, type McpRequest, unknownArguments } from '../../policy/request/mcp-request.ts';
import { isWithin } from '../delegation/asks.ts';
import { AuthError } from '../denials/auth-error.ts';
import { texts } from '../denials/texts.ts';
import type { Principal } from '../identity/principal.ts';
import type { McpTarget } from '../request/original-request.ts';
import { emptyList, notApproved, permissionDenied } from './permission-denial.ts';

export interface PermitDeps {
  policy: () => Policy;
  toolGuard: Pick<ToolGuard, 'known'>;
  publicUrl: string;
}

export interface Permitted {
  /** The rule that allows the request. */
  rule: string;
  /** Who has to approve it first. */
  approvers?: Approvers;
  /** Whether no rule allows the call whatever its arguments are: then no header may say others than the body. */
  isByArguments: boolean;
}

const opening: readonly [Access] = [{ method: 'initialize' }];

/** Asks the policy about a request. @throws {AuthError} if no rule allows it */
export function permit(deps: PermitDeps, principal: Principal, target: McpTarget, asked: McpRequest): Permitted {
  const policy = deps.policy();
  if (principal.delegated && !isWithin(principal.delegated.asks, target, asked))
    throw new AuthError('not_delegated', texts.not_delegated(principal.delegated.via), { id: asked.id });
  // The hub is open to any rule that names it: each of its requests to other servers is judged by itself.
  const isHub = target.broker === 'hub';
  const accesses = isHub ? opening : asked.accesses;
  const tools = isHub ? undefined : toolsBy(deps.toolGuard);
  const decision = decide(policy, principal.scopes, target.server, accesses, tools);
  const hold = decision.allowed ? undefined : decision.hold;
  const isPermitted = decision.allowed || decision.reason === 'tool_changed' || hold !== undefined;
  const empty = isPermitted || target.endpoint !== 'mcp' ? undefined : emptyList(target.server, asked, decision);
  if (!isPermitted && !empty)
    throw permissionDenied(policy, principal, target.server, asked, decision, { publicUrl: deps.publicUrl, tools });
  // Only after the verdict: a caller without permission must not learn whether a server exists.
  if (!target.routed) {
    const text = texts.server_not_found(target.server, target.endpoint);
    throw new AuthError('server_not_found', text, { id: asked.id });
  }
  if (empty) throw empty;
  if (hold) return { ...hold, isByArguments: true };
  if (!decision.allowed) throw notApproved(deps.toolGuard, target.server, asked, decision);
  const [access] = accesses;
  const isByArguments =
    access.object?.kind === 'tool' &&
    !decide(policy, principal.scopes, target.server, [{ ...access, arguments: unknownArguments }], tools).allowed;
  return { rule: decision.rule, isByArguments };
}
