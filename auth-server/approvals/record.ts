import { actorOf } from '../decisions/events.ts';
import type { Answered, Hold } from '../holds/held-call.ts';
import type { SessionRecord } from '../store/session-record.ts';
import type { ApprovalPagesDeps } from './deps.ts';

/** Records in the audit, the log and the metrics that a person has answered. Never an argument. */
export function recordAnswer(
  { auditEvents, metrics, log }: Pick<ApprovalPagesDeps, 'auditEvents' | 'metrics' | 'log'>,
  method: 'approvals/approve' | 'approvals/refuse',
  own: SessionRecord,
  { owner, username, shownName, server, tool }: Hold,
  { group, isFresh }: Answered,
): void {
  const isApproval = method === 'approvals/approve';
  const inWhoseName = group === null ? 'their own call' : `as a member of ${group}`;
  const proof = isFresh ? 'after a new sign-in' : 'the provider did not say that they had just signed in';
  const about = { about: owner.slice(owner.indexOf(':') + 1), about_name: shownName ?? username };
  const detail = isApproval ? `${inWhoseName}, ${proof}` : inWhoseName;
  auditEvents.approval(method, actorOf(own), { ...about, server, object: tool, detail });
  metrics.approval(isApproval ? 'approved' : 'refused');
  const words = isApproval ? 'a person has approved a call' : 'a person has refused a call';
  log.info({ subject: own.sub, username: own.username, caller: owner, server, tool, group, fresh: isFresh }, words);
}
