import type { Approvers } from '../../../policy/policy.ts';
import { approveKey } from '../../../policy/request/client-pages.ts';
import type { AuditEvents } from '../../decisions/events.ts';
import type { Metrics } from '../../decisions/metrics.ts';
import { AuthError } from '../../denials/auth-error.ts';
import { texts } from '../../denials/texts.ts';
import type { Answered, HeldCall } from '../../holds/held-call.ts';
import { type Holds, mostPerCaller } from '../../holds/holds.ts';
import { requestQuery } from '../../store/request-query.ts';
import { shownTool } from './held.ts';
import { type ClientAsking, pageDenial, pageFormFor } from './page.ts';

export interface ApprovalDeps {
  holds: Pick<Holds, 'pass'>;
  publicUrl: string;
  auditEvents: Pick<AuditEvents, 'approval'>;
  metrics: Pick<Metrics, 'approval'>;
}

/**
 * Lets a call pass that takes an approval and has one, and uses the approval up. Call it last of all: what fails after it costs
 * the approval.
 * @param address of the caller, for the audit
 * @returns the id of the hold, for the relay's ticket
 * @throws {AuthError} approval_needed, with the page on which the call is approved; store_unavailable
 */
export async function passHeld(
  deps: ApprovalDeps,
  client: ClientAsking,
  { call, approvers }: { call: HeldCall; approvers: Approvers },
  address: string | undefined,
): Promise<string> {
  // It may run twice, on a connection that was lost: at worst the approval is used up and no call is made.
  const outcome = await requestQuery(() => deps.holds.pass(call, approvers));
  if (outcome.is === 'passed') {
    deps.metrics.approval(outcome.isRound ? 'continued' : 'used');
    if (!outcome.isRound) recordUse(deps, client, call, outcome.answered, address);
    return outcome.id;
  }
  const { server } = call;
  const tool = shownTool(call.tool);
  const { id, wasAskedToApprove = false } = client.asked;
  if (outcome.is === 'waiting') {
    deps.metrics.approval(outcome.isNew ? 'asked' : 'repeated');
    const url = `${deps.publicUrl}/approvals/${outcome.id}`;
    const say = (page: string) =>
      texts[wasAskedToApprove ? 'approval_awaited' : 'approval_needed'](tool, server, byWhom(approvers), page);
    const page = { url, message: say(''), key: approveKey };
    const form = pageFormFor(client, wasAskedToApprove);
    throw pageDenial('approval_needed', say(` at ${url}`), page, { form, id, data: { approve: url } });
  }
  deps.metrics.approval(outcome.is === 'refused' ? 'refused_again' : 'not_held');
  throw new AuthError('approval_needed', sentences[outcome.is](tool, server, deps.publicUrl), { id });
}

const sentences = {
  refused: texts.approval_refused,
  'too many': (_tool: string, _server: string, publicUrl: string) =>
    texts.approvals_too_many(mostPerCaller, `${publicUrl}/approvals`),
  'without approvers': texts.approval_for_people,
} as const;

const mostGroups = 3;

/** Who may approve, for a sentence. */
function byWhom({ person, groups }: Approvers): string {
  const named = groups.slice(0, mostGroups).map((group) => group.slice(0, 128));
  const more = groups.length > mostGroups ? ' (or another group)' : '';
  const member = named.length === 0 ? [] : [`a member of ${named.join(' or ')}${more}`];
  return [...(person ? ['you yourself'] : []), ...member].join(', or ');
}

function recordUse(
  { auditEvents }: ApprovalDeps,
  { principal }: ClientAsking,
  { server, tool }: HeldCall,
  answered: Answered,
  address: string | undefined,
): void {
  const { subject, username, shownName, clientId, authMethod, delegated } = principal;
  const who = { subject, username, shown_name: shownName, client_id: clientId, auth_method: authMethod };
  const by = answered.group === null ? 'approved by themselves' : `approved by a member of ${answered.group}`;
  auditEvents.approval(
    'approvals/use',
    { ...who, address: delegated?.address ?? address },
    { server, object: tool, about: answered.subject, about_name: answered.name, detail: by },
  );
}
