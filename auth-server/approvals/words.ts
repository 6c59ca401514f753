import { reveal } from '../../common/text/reveal.ts';
import { nowInSeconds } from '../../common/time/now.ts';
import type { Approvers } from '../../policy/policy.ts';
import { readableCall } from '../holds/canonical-call.ts';
import { type Hold, isOwn, rightToAnswer, type Viewer } from '../holds/held-call.ts';
import type { ApprovalView } from '../login/pages.ts';

/** Text of a caller or a server, for a page: hidden characters are spelled out. */
export function plainly(text: string): string {
  return reveal(text).replace(/[\n\t]/g, ' ');
}

/** Who asks, in the words of a page. People may choose the name that is shown, so the user name stands beside it. */
export function callerOf(hold: Pick<Hold, 'owner' | 'username' | 'shownName'>): string {
  const { username, shownName } = hold;
  const name = plainly(shownName === undefined ? username : `${shownName} (${username})`);
  return hold.owner.startsWith('agent:') ? `the agent ${name}` : name;
}

/** Who may approve, in the words of a page. @param caller `you`, or a name */
function approversOf({ person, groups }: Approvers, caller: string): string {
  const members = groups.length === 0 ? [] : [`a member of ${groups.map(plainly).join(' or ')}`];
  return [...(person ? [caller] : []), ...members].join(', or ');
}

/** Minutes that are left, rounded up. @param expiresAt in seconds since 1970 */
export function minutesLeft(expiresAt: number): string {
  const minutes = Math.max(1, Math.ceil((expiresAt - nowInSeconds()) / 60));
  return minutes === 1 ? '1 minute' : `${minutes} minutes`;
}

/** What the page of a held call shows this person. @param text the canonical call; undefined when it is over */
export function viewOf(hold: Hold, viewer: Viewer, text: string | undefined, provider: string): ApprovalView {
  const own = isOwn(hold, viewer);
  const right = rightToAnswer(hold, viewer);
  const { id, server, tool, state, answered } = hold;
  return {
    ...{ id, server, state, isOwn: own, provider },
    tool: plainly(tool),
    caller: callerOf(hold),
    client: hold.client === undefined ? undefined : plainly(hold.client),
    mayApprove: right !== undefined && text !== undefined,
    group: right?.group === undefined || right.group === null ? undefined : plainly(right.group),
    approvers: approversOf(hold.approvers, own ? 'you' : callerOf(hold)),
    call: text === undefined ? undefined : reveal(readableCall(text)),
    left: minutesLeft(hold.expiresAt),
    answeredBy: answered && {
      name: plainly(answered.name),
      isViewer: answered.subject === viewer.subject,
      group: answered.group === null ? undefined : plainly(answered.group),
      isFresh: answered.isFresh,
    },
  };
}
