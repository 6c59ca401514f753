import type { RequestHandler } from 'express';
import { nowInSeconds } from '../../common/time/now.ts';
import { type Hold, isOwn, rightToAnswer } from '../holds/held-call.ts';
import { LoginFailure } from '../login/login-failure.ts';
import { isOwnForm } from '../login/own-form.ts';
import { beginLogin } from '../login/round-trip.ts';
import type { SessionRecord } from '../store/session-record.ts';
import { type ApprovalPagesDeps, approvalPath, looking, noSuchCall, viewerOf } from './deps.ts';
import { recordAnswer } from './record.ts';
import { toLogin } from './show.ts';

/**
 * `POST /approvals/:id` takes the answer. `refuse` counts at once, because it gives nothing; `approve` begins a login at the
 * provider, and counts when the person comes back from it.
 */
export function takeApproval(deps: ApprovalPagesDeps): RequestHandler {
  return async (req, res) => {
    const id = String(req.params.id);
    const own = await looking(deps, req);
    if (!own) return toLogin(res, approvalPath(id));
    if (!isOwnForm(req, deps.publicUrl))
      throw tryAgain(id, new LoginFailure(403, 'Nothing was answered', ['Another site has sent this form.']));
    const hold = await deps.holdAnswers.find(id, viewerOf(own));
    if (!hold) throw noSuchCall();
    const { answer } = (req.body ?? {}) as Record<string, unknown>;
    res.set('Cache-Control', 'no-store');
    if (answer === 'approve') {
      const next = await beginApproval(deps, own, hold, (attempt) => {
        deps.attempts.prune(req, res);
        return deps.attempts.keep(res, attempt);
      });
      return deps.pages.approvalSignIn(res, next.href, next.title);
    }
    if (answer !== 'refuse')
      throw tryAgain(id, new LoginFailure(400, 'Nothing was answered', ['The form was not complete.']));
    await refuse(deps, own, hold);
    res.redirect(303, approvalPath(id));
  };
}

async function beginApproval(
  { providers, publicUrl, holdAnswers }: ApprovalPagesDeps,
  own: SessionRecord,
  hold: Hold,
  keep: (attempt: Parameters<ApprovalPagesDeps['attempts']['keep']>[1]) => Promise<void>,
): Promise<{ href: string; title: string }> {
  const client = providers.get(own.provider);
  const right = rightToAnswer(hold, viewerOf(own));
  if (!client || !right || hold.state !== 'open')
    throw tryAgain(hold.id, new LoginFailure(403, 'You cannot approve this call', whyNot(hold, own)));
  // No one approves what they cannot have read.
  if ((await holdAnswers.textOf(hold.id, viewerOf(own))) === undefined) throw noSuchCall();
  const approval = { hold: hold.id, sid: own.sid, begun: nowInSeconds() };
  const { attempt, url } = await beginLogin(client, publicUrl, 'login');
  await keep({ ...attempt, next: approvalPath(hold.id), provider: client.settings.name, approval });
  return { href: url.href, title: client.settings.title };
}

function whyNot(hold: Hold, { sub: subject }: SessionRecord): string[] {
  if (hold.state !== 'open') return ['It has been answered meanwhile.'];
  const isCaller = isOwn(hold, { subject });
  return [
    isCaller ? 'It is your own, and another person has to approve it.' : 'You are in no group that may approve it.',
  ];
}

/** Those who may approve may refuse, and callers may take back their own. */
async function refuse(deps: ApprovalPagesDeps, own: SessionRecord, hold: Hold): Promise<void> {
  const right = rightToAnswer(hold, viewerOf(own)) ?? { group: null };
  const { sub: subject, sid } = own;
  const answered = { subject, sid, name: own.shownName ?? own.username, group: right.group, isFresh: false };
  if (await deps.holdAnswers.refuse(hold, answered)) recordAnswer(deps, 'approvals/refuse', own, hold, answered);
}

/** Lets the page of a failure lead back to the call. */
export function tryAgain(id: string, failure: LoginFailure): LoginFailure {
  return Object.assign(failure, { again: approvalPath(id) });
}
