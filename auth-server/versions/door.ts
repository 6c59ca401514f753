import express, { type Request, type RequestHandler, Router } from 'express';
import * as z from 'zod';
import { replayQuery } from '../../common/doors/replay.ts';
import {
  judgeQuery,
  policyChange,
  type policySource,
  settleDrift as settleDriftShape,
  settleProposal,
  versionsQuery,
} from '../../common/doors/versions.ts';
import { personInGroups } from '../../policy/caller.ts';
import type { Policy } from '../../policy/policy.ts';
import { mayUseUiEverywhere } from '../../policy/ui.ts';
import { answerDoor, type DoorDeps, DoorRefusal, refuseUnreadable } from '../account/door-answer.ts';
import type { SessionRecord } from '../store/session-record.ts';
import { type ChangeDeps, changePolicy, type EditorSession, settleDrift, settlePolicy } from './change.ts';
import type { PolicyKeeping } from './keeping.ts';
import { currentPolicyOf, judgedOf, versionOf, versionsOf } from './read.ts';
import { createReplay, type ReplayDeps } from './replay.ts';

export interface PolicyDoorDeps extends DoorDeps, ReplayDeps {
  policy: () => Policy;
  policyKeeping: PolicyKeeping;
  auditEvents: DoorDeps['auditEvents'] & ChangeDeps['auditEvents'] & ReplayDeps['auditEvents'];
}

const scopesIn = z.object({ scopes: z.array(z.string()) });
const number = z.coerce.number().int().min(1).max(2_000_000_000);

/** A policy of a million characters as JSON, in which a character may need six bytes. */
const json = express.json({ limit: '6mb', type: 'application/json' });

/**
 * The versions of the policy, for the registry's pages and API; nginx does not route to them. The registry sends the assertion that
 * was issued for the person and the registry. It has to name a browser's session with a record, and scopes with `edit_policy`.
 */
export function policyDoor(deps: PolicyDoorDeps): Router {
  const router = Router({ caseSensitive: true, strict: true });
  const { policyKeeping: keeping } = deps;
  const changes: ChangeDeps = { ...keeping, auditEvents: deps.auditEvents };
  const get = (path: string, work: Work) => router.get(path, answer(deps, work));
  const post = (path: string, work: Work) => router.post(path, json, answer(deps, work));
  get('/policy', async () => await currentPolicyOf(keeping));
  get('/policy/versions', async (_own, req) => {
    return await versionsOf(keeping, understood(versionsQuery, req.query).before);
  });
  get('/policy/versions/:number', async (_own, req) => await versionOf(keeping, numbered(req.params.number)));
  post('/policy/judge', async (own, req) => {
    return await judgedOf(keeping, understood(judgeQuery, req.body).text, editor(deps, own));
  });
  post('/policy/changes', async (own, req) => {
    return await changePolicy(changes, editor(deps, own), understood(policyChange, req.body));
  });
  post('/policy/proposals/:id', async (own, req) => {
    const { act } = understood(settleProposal, req.body);
    return await settlePolicy(changes, editor(deps, own), numbered(req.params.id), act);
  });
  post('/policy/drift', async (own, req) => {
    return await settleDrift(changes, editor(deps, own), understood(settleDriftShape, req.body));
  });
  const replay = createReplay(deps);
  post('/policy/replay', async (own, req) => await replay(understood(replayQuery, req.body), editor(deps, own)));
  router.get('/policy/source', showSource(keeping));
  router.use('/policy', refuseUnreadable);
  return router;
}

/**
 * `GET /policy/source`: the newest version for the gateway's other services, which judge by it too. No person asks, so there is no
 * assertion. A caller that has this version already gets 304.
 */
function showSource({ kept }: PolicyKeeping): RequestHandler {
  return (req, res) => {
    res.set('Cache-Control', 'no-store');
    const refuse = (status: number, code: string, message: string) => {
      res.status(status).json({ error: { code, message } });
    };
    if (!kept) return refuse(404, 'policy_fixed', 'The policy is a file here: POLICY_EDITABLE is off.');
    const newest = kept.inForce.newest();
    if (!newest) return refuse(503, 'store_unavailable', 'The store of the versions does not answer.');
    const tag = `"${newest.number}.${newest.version}"`;
    res.set('ETag', tag);
    if (req.get('if-none-match') === tag) return void res.status(304).end();
    res.json({ number: newest.number, text: newest.text } satisfies z.output<typeof policySource>);
  };
}

type Work = (own: SessionRecord, req: Request) => Promise<object>;

function answer(deps: PolicyDoorDeps, work: Work): RequestHandler {
  return answerDoor(deps, {
    about: 'the policy',
    check(claims) {
      const scopes = scopesIn.safeParse(claims).data?.scopes ?? [];
      if (!mayUseUiEverywhere(deps.policy(), scopes, 'edit_policy'))
        throw new DoorRefusal(403, 'not_permitted', 'This takes the permission edit_policy for all.');
    },
    work,
  });
}

/** Who edits, with all groups of the sign-in and the scopes that they give under the policy in force. */
function editor({ policy }: PolicyDoorDeps, own: SessionRecord): EditorSession {
  return { own, sub: own.sub, groups: own.groups, scopes: personInGroups(policy(), own.groups).scopes };
}

function numbered(value: unknown): number {
  const read = number.safeParse(value);
  if (!read.success) throw new DoorRefusal(404, 'not_found', 'There is nothing of that number.');
  return read.data;
}

function understood<T>(shape: z.ZodType<T>, value: unknown): T {
  const read = shape.safeParse(value);
  if (read.success) return read.data;
  const faults = read.error.issues.map(({ path, message }) => ({ path: path.join('.'), message }));
  throw new DoorRefusal(400, 'input_invalid', z.prettifyError(read.error), { faults });
}
