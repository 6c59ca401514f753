import express, { type ErrorRequestHandler, type Request, type RequestHandler, Router } from 'express';
import { type Account, accountEnd } from '../../common/identity/account.ts';
import type { AssertionSigner } from '../identity/assertion.ts';
import { readRegistryAssertion } from '../identity/registry-assertion.ts';
import type { RevocationStore } from '../store/revocation.ts';
import type { SessionRecord } from '../store/session-record.ts';
import { ownSession } from './own-session.ts';
import { type AccountDeps, accountOf, endAccess } from './records.ts';

export interface AccountDoorDeps extends AccountDeps {
  publicUrl: string;
  assertions: AssertionSigner;
  revocations: RevocationStore;
}

/**
 * `GET /account` and `POST /account/end`, for the registry's page *My account*; nginx does not route to them. The registry
 * sends the assertion that was issued for the person and the registry. It has to name a browser's session with a record, and
 * opens only what belongs to the same person.
 */
export function accountDoor(deps: AccountDoorDeps): Router {
  const router = Router({ caseSensitive: true, strict: true });
  router.get(
    '/account',
    answer(deps, (own) => accountOf(deps, own)),
  );
  router.post('/account/end', express.json({ limit: '1kb', type: 'application/json' }));
  router.post(
    '/account/end',
    answer(deps, async (own, req) => {
      const what = accountEnd.safeParse(req.body);
      return what.success ? { ended: await endAccess(deps, own, what.data) } : undefined;
    }),
  );
  router.use('/account', refuseUnreadable);
  return router;
}

/** @param work returns the answer; undefined if the request cannot be understood */
function answer(
  deps: AccountDoorDeps,
  work: (own: SessionRecord, req: Request) => Promise<Account | { ended: number } | undefined>,
): RequestHandler {
  return async (req, res) => {
    res.set('Cache-Control', 'no-store');
    const refuse = (status: number, code: string, message: string) =>
      void res.status(status).json({ error: { code, message } });
    try {
      const claims = await readRegistryAssertion(deps, req.get('x-mcp-assertion'));
      if (!claims) return refuse(401, 'assertion_refused', 'There is no good assertion for the registry.');
      const own = await ownSession(deps, claims);
      if (!own) return refuse(403, 'session_needed', 'This takes a sign-in in a browser that has not ended.');
      const done = await work(own, req);
      if (!done)
        return refuse(
          400,
          'input_invalid',
          'Send {"id": "…"}, {"all": "clients"}, {"all": "tokens"} or {"all": "sessions"}.',
        );
      res.json(done);
    } catch (err) {
      deps.log.error({ err }, 'the access of a person cannot be read or ended');
      refuse(503, 'store_unavailable', 'The access cannot be read or ended at the moment.');
    }
  };
}

/** A body that is no JSON or too large is the registry's mistake: no failure of ours. */
export const refuseUnreadable: ErrorRequestHandler = (error, _req, res, next) => {
  const { status } = error as { status?: number };
  if (status === undefined || status >= 500) return next(error);
  res.sendStatus(status);
};
