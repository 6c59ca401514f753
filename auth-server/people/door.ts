import express, { type Request, type RequestHandler, Router } from 'express';
import * as z from 'zod';
import { accessEnd, peopleQuery } from '../../common/identity/people.ts';
import type { Policy } from '../../policy/policy.ts';
import { mayUseUiEverywhere, type UiPermission } from '../../policy/ui.ts';
import { type AccountDoorDeps, refuseUnreadable } from '../account/door.ts';
import { ownSession } from '../account/own-session.ts';
import { readRegistryAssertion } from '../identity/registry-assertion.ts';
import type { SessionRecord } from '../store/session-record.ts';
import { endAccessOf } from './end.ts';
import { clientsOf, endedAccess, type PeopleDeps, peopleOf, personAccess } from './read.ts';

export interface PeopleDoorDeps extends AccountDoorDeps, PeopleDeps {
  policy: () => Policy;
}

const scopesIn = z.object({ scopes: z.array(z.string()) });

/**
 * `GET /people`, `/people/clients`, `/people/ended` and `/people/<id>`, and `POST /people/end`, for the registry's page *People*;
 * nginx does not route to them. The registry sends the assertion that was issued for the person and the registry. It has to name
 * a browser's session with a record, and scopes with `view_people`; to end something, with `end_access` too.
 */
export function peopleDoor(deps: PeopleDoorDeps): Router {
  const router = Router({ caseSensitive: true, strict: true });
  const get = (path: string, work: Work) => router.get(path, answer(deps, ['view_people'], work));
  get('/people', async (_own, req) => await peopleOf(deps, peopleQuery.parse(req.query)));
  get('/people/clients', async (_own, req) => await clientsOf(deps, peopleQuery.parse(req.query)));
  get('/people/ended', async () => await endedAccess(deps));
  get('/people/:id', async (own, req) => await personAccess(deps, String(req.params.id), own));
  router.post('/people/end', express.json({ limit: '4kb', type: 'application/json' }));
  router.post(
    '/people/end',
    answer(deps, ['view_people', 'end_access'], async (own, req) => {
      return { ended: await endAccessOf(deps, own, accessEnd.parse(req.body)) };
    }),
  );
  router.use('/people', refuseUnreadable);
  return router;
}

/** Makes the answer; undefined if there is none. Throws a `ZodError` for what it does not understand. */
type Work = (own: SessionRecord, req: Request) => Promise<object | undefined>;

function answer(deps: PeopleDoorDeps, permissions: readonly UiPermission[], work: Work): RequestHandler {
  return async (req, res) => {
    res.set('Cache-Control', 'no-store');
    const refuse = (status: number, code: string, message: string) =>
      void res.status(status).json({ error: { code, message } });
    try {
      const claims = await readRegistryAssertion(deps, req.get('x-mcp-assertion'));
      if (!claims) return refuse(401, 'assertion_refused', 'There is no good assertion for the registry.');
      const scopes = scopesIn.safeParse(claims).data?.scopes ?? [];
      const missing = permissions.find((each) => !mayUseUiEverywhere(deps.policy(), scopes, each));
      if (missing) return refuse(403, 'not_permitted', `This takes the permission ${missing} for all.`);
      const own = await ownSession(deps, claims);
      if (!own) return refuse(403, 'session_needed', 'This takes a sign-in in a browser that has not ended.');
      const done = await work(own, req);
      if (!done) return refuse(404, 'not_found', 'There is no such person with access.');
      res.json(done);
    } catch (err) {
      if (err instanceof z.ZodError) return refuse(400, 'input_invalid', z.prettifyError(err));
      deps.log.error({ err }, 'the access of people cannot be read or ended');
      refuse(503, 'store_unavailable', 'The access cannot be read or ended at the moment.');
    }
  };
}
