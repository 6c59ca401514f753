import { type Request, type RequestHandler, Router } from 'express';
import * as z from 'zod';
import type { KnownTools } from '../../policy/known-tools.ts';
import type { Policy } from '../../policy/policy.ts';
import { readJson } from '../access/body.ts';
import { mayEditPolicy, requireEditPolicy } from '../access/edit-policy.ts';
import { actorOf, personOf } from '../access/guards.ts';
import { readInput } from '../errors/read-input.ts';
import { RegistryError } from '../errors/registry-error.ts';
import { requireGiven } from '../requests/least-rule.ts';
import type { Requests } from '../requests/requests.ts';
import { type AccessRequest, requestBounds, requestStates } from '../store/requests.ts';
import { type Answer, time } from './shared/answer.ts';

/** A request for access, as the API shows it. */
export const requestAnswer = z.strictObject({
  id: z.string(),
  server: z.string(),
  tools: z.array(z.string()).describe('None for some access.'),
  reason: z.string().describe('As the person wrote it: it may hold hidden characters.'),
  by: z.string(),
  groups: z.array(z.string()).describe('Of the person when they asked.'),
  at: time,
  until: time.describe('When it ends by itself.'),
  state: z.enum(requestStates),
  answer: z.strictObject({ by: z.string(), at: time, words: z.string() }).nullable(),
});

/** The answer of `GET /requests`. */
export const requestsAnswer = z.strictObject({
  own: z.array(requestAnswer),
  open: z.array(requestAnswer).nullable().describe('Those of all people that wait; null without `edit_policy`.'),
});

/** The body of `POST /requests/{id}`. */
export const requestSettlement = z.strictObject({
  state: z
    .enum(['given', 'refused', 'withdrawn'])
    .describe('The requester withdraws; those with `edit_policy` answer.'),
  words: z.string().max(requestBounds.words).default('').describe('What the requester reads.'),
});

interface RequestsApiOptions {
  guard: RequestHandler;
  policy: () => Policy;
  requests: Requests;
  /** As for `decide`. */
  knownTools: () => KnownTools;
}

/**
 * `GET /requests` and `/requests/:id`, and `POST /requests/:id`, mounted at `/api`. There is no way to ask for access: only a person on
 * the page can.
 */
export function createRequestsApi({ guard, policy, requests, knownTools }: RequestsApiOptions): Router {
  const api = Router({ caseSensitive: true, strict: true });
  const find = async (req: Request): Promise<AccessRequest> => {
    const person = personOf(req);
    const request = await requests.find(String(req.params.id));
    if (request && (request.by.sub === person.sub || mayEditPolicy(policy(), person))) return request;
    throw new RegistryError('not_found', 'There is no such request, or you may not see it.');
  };
  api.get('/requests', guard, async (req, res) => {
    const person = personOf(req);
    const own = (await requests.ownOf(person)).map(shown);
    const open = mayEditPolicy(policy(), person) ? (await requests.open()).map(shown) : null;
    res.json({ own, open } satisfies Answer<typeof requestsAnswer>);
  });
  api.get('/requests/:id', guard, async (req, res) => {
    res.json(shown(await find(req)));
  });
  api.post('/requests/:id', guard, readJson(), async (req, res) => {
    const [person, request] = [personOf(req), await find(req)];
    const { state, words } = readInput(requestSettlement, req.body);
    if (state === 'withdrawn') return void res.json(shown(await requests.withdraw(request.id, person)));
    requireEditPolicy(policy(), person);
    if (state === 'given') requireGiven(policy(), knownTools(), request);
    res.json(shown(await requests.answer(request.id, state, actorOf(person), words)));
  });
  return api;
}

function shown({ by, at, until, answer, ...request }: AccessRequest): Answer<typeof requestAnswer> {
  const answered = answer && { ...answer, by: answer.by.username, at: answer.at.toISOString() };
  const { tools, groups, ...rest } = request;
  return {
    ...{ ...rest, tools: [...tools], groups: [...groups], by: by.username },
    ...{ at: at.toISOString(), until: until.toISOString(), answer: answered ?? null },
  };
}
