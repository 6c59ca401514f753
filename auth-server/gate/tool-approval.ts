import type { ToolGuard } from '../../common/policy/approved-tools-watch.ts';
import type { ApprovedTools } from '../../policy/approved-tools.ts';
import type { Decision } from '../../policy/decide.ts';
import type { McpRequest } from '../../policy/request/mcp-request.ts';
import { AuthError } from '../denials/auth-error.ts';
import { texts } from '../denials/texts.ts';

const noTools: ApprovedTools = new Map();

/** The approved tools for the policy: none while they cannot be read. */
export function approvedBy(guard: Pick<ToolGuard, 'approved'>): ApprovedTools | undefined {
  const approved = guard.approved();
  return approved === 'unreadable' ? noTools : approved;
}

/**
 * The denial of a tool that the policy allows but that is not approved. Use it only after the policy's verdict: a caller
 * without permission must not learn that a tool waits for approval.
 */
export function notApproved(
  guard: Pick<ToolGuard, 'approved'>,
  server: string,
  { id }: McpRequest,
  { access }: Extract<Decision, { allowed: false }>,
): AuthError {
  if (guard.approved() === 'unreadable')
    return new AuthError('approved_tools_unavailable', texts.approved_tools_unavailable, { id });
  const tool = access.object?.name.slice(0, 128);
  return new AuthError('tool_changed', texts.tool_changed(tool, server), { id });
}
