import { ownSession } from '../account/own-session.ts';
import { sameSubjects } from '../cognito/providers.ts';
import { rightToAnswer } from '../holds/held-call.ts';
import { revokeAtProvider } from '../login/end-at-provider.ts';
import type { LoginDeps } from '../login/login.ts';
import { LoginFailure } from '../login/login-failure.ts';
import { tryAgain } from './answer.ts';
import { type ApprovalPagesDeps, approvalPath, noSuchCall, viewerOf } from './deps.ts';
import { recordAnswer } from './record.ts';

/** How far the provider's clock may differ from ours, in seconds. */
const skewSeconds = 60;

/**
 * Approves a call when the person who pressed the button comes back from the login for it.
 * @returns the last step of such a login. It throws a {@link LoginFailure} if another person came back, their session has
 *   ended since, or they may no longer approve it
 */
export function approvalFinish(deps: ApprovalPagesDeps): LoginDeps['finishApproval'] {
  const { holdAnswers, providers, log } = deps;
  return async (res, client, person, { hold: id, sid, begun }) => {
    // The login shows who is there, and opens nothing. Not awaited: nothing of ours depends on it.
    if (person.refreshToken !== undefined) void revokeAtProvider(client, person.refreshToken, log);
    const own = await ownSession(deps, { sid, sub: person.subject, auth_method: 'session_cookie' });
    if (!own || !sameSubjects(providers, own.provider).includes(client.settings.name))
      throw tryAgain(
        id,
        new LoginFailure(403, 'Nothing was approved', [
          'Another person has signed in than the one who pressed the button, or that sign-in has ended since.',
        ]),
      );
    const hold = await holdAnswers.find(id, viewerOf(own));
    if (!hold) throw noSuchCall();
    // The provider has just named the groups. The session may have lost one of them, and the person too.
    const groups = own.groups.filter((group) => person.groups.includes(group));
    const right = rightToAnswer(hold, { subject: own.sub, groups });
    if (!right)
      throw tryAgain(id, new LoginFailure(403, 'Nothing was approved', ['You are in no group that may approve it.']));
    const isFresh = person.signedInAt !== undefined && person.signedInAt >= begun - skewSeconds;
    const answered = { subject: own.sub, sid, name: own.shownName ?? own.username, group: right.group, isFresh };
    // If it was answered meanwhile, the page says so.
    if (await holdAnswers.approve(hold, answered)) recordAnswer(deps, 'approvals/approve', own, hold, answered);
    res.set('Cache-Control', 'no-store').redirect(303, approvalPath(id));
  };
}
