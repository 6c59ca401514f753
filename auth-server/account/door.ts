import express, { Router } from 'express';
import { accountEnd } from '../../common/identity/account.ts';
import { answerDoor, type DoorDeps, DoorRefusal, refuseUnreadable } from './door-answer.ts';
import { accountOf, endAccess } from './records.ts';

/**
 * `GET /account` and `POST /account/end`, for the registry's page *My account*; nginx does not route to them. The registry
 * sends the assertion that was issued for the person and the registry. It has to name a browser's session with a record, and
 * opens only what belongs to the same person.
 */
export function accountDoor(deps: DoorDeps): Router {
  const router = Router({ caseSensitive: true, strict: true });
  router.get('/account', answerDoor(deps, { whose: 'a person', work: (own) => accountOf(deps, own) }));
  router.post('/account/end', express.json({ limit: '1kb', type: 'application/json' }));
  router.post(
    '/account/end',
    answerDoor(deps, {
      whose: 'a person',
      async work(own, req) {
        const what = accountEnd.safeParse(req.body);
        if (!what.success) throw notUnderstood();
        return { ended: await endAccess(deps, own, what.data) };
      },
    }),
  );
  router.use('/account', refuseUnreadable);
  return router;
}

function notUnderstood(): DoorRefusal {
  const message = 'Send {"id": "…"}, {"all": "clients"}, {"all": "tokens"} or {"all": "sessions"}.';
  return new DoorRefusal(400, 'input_invalid', message);
}
