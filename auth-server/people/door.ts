import express, { type Request, type RequestHandler, Router } from 'express';
import * as z from 'zod';
import { accessEnd, groupsQuery, peopleQuery } from '../../common/doors/people.ts';
import type { Policy } from '../../policy/policy.ts';
import { mayUseUiEverywhere, type UiPermission } from '../../policy/ui.ts';
import { connectedOf } from '../account/connected.ts';
import { answerDoor, type DoorDeps, DoorRefusal, refuseUnreadable } from '../account/door-answer.ts';
import type { SessionRecord } from '../store/session-record.ts';
import { endAccessOf } from './end.ts';
import { type NearLimitsDeps, nearLimits } from './limits.ts';
import { groupsOf, othersOf } from './others.ts';
import { clientsOf, endedAccess, type PeopleDeps, peopleOf, personAccess } from './read.ts';
import { personOfId } from './who.ts';

export interface PeopleDoorDeps extends DoorDeps, PeopleDeps, NearLimitsDeps {
  policy: () => Policy;
}

const scopesIn = z.object({ scopes: z.array(z.string()) });

/**
 * `GET /people`, `/people/limits`, `/people/others`, `/people/clients`, `/people/ended`, `/people/groups`, `/people/<id>` and `/people/<id>/connected`, and `POST /people/end`, for the registry's page *People*;
 * nginx does not route to them. The registry sends the assertion that was issued for the person and the registry. It has to name
 * a browser's session with a record, and scopes with `view_people`; to end something, with `end_access` too. The counts of
 * `/people/groups` name no one, and are for those who may change the policy too.
 */
export function peopleDoor(deps: PeopleDoorDeps): Router {
  const router = Router({ caseSensitive: true, strict: true });
  const get = (path: string, work: Work) => router.get(path, answer(deps, [['view_people']], work));
  get('/people', async (_own, req) => await peopleOf(deps, understood(peopleQuery, req.query)));
  get('/people/clients', async (_own, req) => await clientsOf(deps, understood(peopleQuery, req.query)));
  get('/people/ended', async () => await endedAccess(deps));
  get('/people/others', async (_own, req) => await othersOf(deps, understood(peopleQuery, req.query)));
  const groups: Work = async (_own, req) => await groupsOf(deps, understood(groupsQuery, req.query));
  router.get('/people/groups', answer(deps, [['view_people', 'edit_policy']], groups));
  get('/people/limits', async () => await nearLimits(deps));
  get('/people/:id', async (own, req) => {
    const found = await personAccess(deps, String(req.params.id), own);
    if (!found) throw new DoorRefusal(404, 'not_found', 'There is no such person.');
    return found;
  });
  get('/people/:id/connected', async (_own, req) => {
    const who = personOfId(deps.providers, String(req.params.id));
    return await connectedOf(deps.connecting, who?.sub ?? '');
  });
  router.post('/people/end', express.json({ limit: '4kb', type: 'application/json' }));
  router.post(
    '/people/end',
    answer(deps, [['view_people'], ['end_access']], async (own, req) => {
      return { ended: await endAccessOf(deps, own, understood(accessEnd, req.body)) };
    }),
  );
  router.use('/people', refuseUnreadable);
  return router;
}

type Work = (own: SessionRecord, req: Request) => Promise<object>;

/** @param permissions one of each list is needed */
function answer(deps: PeopleDoorDeps, permissions: readonly (readonly UiPermission[])[], work: Work): RequestHandler {
  return answerDoor(deps, {
    about: 'the access of people',
    check(claims) {
      const scopes = scopesIn.safeParse(claims).data?.scopes ?? [];
      const has = (each: UiPermission) => mayUseUiEverywhere(deps.policy(), scopes, each);
      const missing = permissions.find((some) => !some.some(has));
      if (missing) throw new DoorRefusal(403, 'not_permitted', `This takes the permission ${missing[0]} for all.`);
    },
    work,
  });
}

function understood<T>(shape: z.ZodType<T>, value: unknown): T {
  const read = shape.safeParse(value);
  if (!read.success) throw new DoorRefusal(400, 'input_invalid', z.prettifyError(read.error));
  return read.data;
}
