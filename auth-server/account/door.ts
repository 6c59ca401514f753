import express, { Router } from 'express';
import { accountEnd } from '../../common/doors/account.ts';
import { accountDisconnect } from '../../common/doors/accounts.ts';
import type { HoldAnswers } from '../holds/answers.ts';
import { connectedOf, disconnect } from './connected.ts';
import { answerDoor, type DoorDeps, DoorRefusal, refuseUnreadable } from './door-answer.ts';
import { type OwnLimitsDeps, ownLimits } from './limits.ts';
import { accountOf, endAccess } from './records.ts';

interface ApprovalsDeps {
  holdAnswers: Pick<HoldAnswers, 'waiting'>;
}

/**
 * `GET /account`, `GET /account/connected`, `GET /account/limits`, `GET /account/approvals`, `POST /account/end` and `POST /account/disconnect`, for the registry's page *My account*; nginx does not route to them. The registry
 * sends the assertion that was issued for the person and the registry. It has to name a browser's session with a record, and
 * opens only what belongs to the same person.
 */
export function accountDoor(deps: DoorDeps & OwnLimitsDeps & ApprovalsDeps): Router {
  const router = Router({ caseSensitive: true, strict: true });
  router.get('/account', answerDoor(deps, { about: 'the access of a person', work: (own) => accountOf(deps, own) }));
  router.post('/account/end', express.json({ limit: '1kb', type: 'application/json' }));
  router.post(
    '/account/end',
    answerDoor(deps, {
      about: 'the access of a person',
      async work(own, req) {
        const what = accountEnd.safeParse(req.body);
        if (!what.success) throw notUnderstood();
        return { ended: await endAccess(deps, own, what.data) };
      },
    }),
  );
  const approvals = answerDoor(deps, {
    about: 'the access of a person',
    async work({ sub: subject, groups }) {
      const all = await deps.holdAnswers.waiting({ subject, groups });
      return { waiting: all.filter(({ mayAnswer }) => mayAnswer).length };
    },
  });
  router.get('/account/approvals', approvals);
  const connected = answerDoor(deps, {
    about: 'the access of a person',
    work: (own) => connectedOf(deps.connecting, own.sub),
  });
  router.get('/account/connected', connected);
  router.get(
    '/account/limits',
    answerDoor(deps, { about: 'the access of a person', work: (own) => ownLimits(deps, own) }),
  );
  router.post('/account/disconnect', express.json({ limit: '1kb', type: 'application/json' }));
  router.post(
    '/account/disconnect',
    answerDoor(deps, {
      about: 'the access of a person',
      async work(own, req) {
        const what = accountDisconnect.safeParse(req.body);
        if (!what.success) throw new DoorRefusal(400, 'input_invalid', 'Send {"server": "…", "account": "…"}.');
        return { ended: (await disconnect(deps.connecting, own, what.data)).length };
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
