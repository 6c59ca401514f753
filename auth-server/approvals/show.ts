import type { RequestHandler, Response } from 'express';
import { isOwn } from '../holds/held-call.ts';
import { type ApprovalPagesDeps, approvalPath, listPath, looking, noSuchCall, viewerOf } from './deps.ts';
import { callerOf, minutesLeft, plainly, viewOf } from './words.ts';

/** `GET /approvals` lists the calls that wait for this person, and their own that wait for others. */
export function showList(deps: ApprovalPagesDeps): RequestHandler {
  return async (req, res) => {
    const own = await looking(deps, req);
    if (!own) return toLogin(res, listPath);
    const viewer = viewerOf(own);
    const all = await deps.holdAnswers.waiting(viewer);
    const rows = all.map((hold) => ({
      address: approvalPath(hold.id),
      server: hold.server,
      tool: plainly(hold.tool),
      caller: isOwn(hold, viewer) ? 'you' : callerOf(hold),
      client: hold.client === undefined ? undefined : plainly(hold.client),
      left: minutesLeft(hold.expiresAt),
      mayAnswer: hold.mayAnswer,
    }));
    const others = rows.filter(({ mayAnswer }) => !mayAnswer);
    deps.pages.approvals(res, {
      waiting: rows.filter(({ mayAnswer }) => mayAnswer),
      others,
      person: own.shownName ?? own.username,
    });
  };
}

/** `GET /approvals/:id` shows a held call to its caller and to those who may approve it. It changes nothing. */
export function showApproval(deps: ApprovalPagesDeps): RequestHandler {
  return async (req, res) => {
    const id = String(req.params.id);
    const own = await looking(deps, req);
    if (!own) return toLogin(res, approvalPath(id));
    const viewer = viewerOf(own);
    const hold = await deps.holdAnswers.find(id, viewer);
    if (!hold) throw noSuchCall();
    const text =
      hold.state === 'open' || hold.state === 'approved' ? await deps.holdAnswers.textOf(id, viewer) : undefined;
    const provider = deps.providers.get(own.provider)?.settings.title ?? own.provider;
    deps.pages.approval(res, { ...viewOf(hold, viewer, text, provider), person: own.shownName ?? own.username });
  };
}

/** Sends a person without a session to the login, and back. */
export function toLogin(res: Response, path: string): void {
  res.set('Cache-Control', 'no-store').redirect(303, `/login?redirect_uri=${encodeURIComponent(path)}`);
}
