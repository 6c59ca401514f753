import { type Request, type RequestHandler, Router } from 'express';
import * as z from 'zod';
import { type ReplaySide, replayAnswer, replayQuery, replayRow, replaySide } from '../../common/doors/replay.ts';
import {
  currentPolicy,
  judgedPolicy,
  judgeQuery,
  type PolicyProposal,
  type PolicyVersion,
  policyChange,
  policyProposal,
  policyVersionShape,
  policyVersions,
  policyVersionText,
  settleDrift,
  settleProposal,
  versionsQuery,
} from '../../common/doors/versions.ts';
import type { Policy } from '../../policy/policy.ts';
import { readJson } from '../access/body.ts';
import { requireEditPolicy } from '../access/edit-policy.ts';
import { personOf } from '../access/guards.ts';
import type { PolicyDoor } from '../doors/policy.ts';
import { readInput } from '../errors/read-input.ts';
import { RegistryError } from '../errors/registry-error.ts';
import type { Answer } from './shared/answer.ts';

const second = { confirmed_by: policyVersionShape.shape.confirmedBy };
const version = policyVersionShape.omit({ confirmedBy: true }).extend(second);

/** The answer of `GET /policy`. */
export const policyAnswer = currentPolicy;

/** The answer of `GET /policy/versions`. */
export const policyVersionsAnswer = policyVersions.extend({ versions: z.array(version) });

/** The answer of `GET /policy/versions/{number}`. */
export const policyVersionAnswer = policyVersionText.omit({ confirmedBy: true }).extend(second);

/** The answer of `POST /policy/judge`. */
export const policyJudged = judgedPolicy
  .omit({ needsSecond: true })
  .extend({ needs_second: judgedPolicy.shape.needsSecond });

const { isAgent, ...replayedRow } = replayRow.shape;
const replayedSide = replaySide.extend({ rows: z.array(z.object({ ...replayedRow, is_agent: isAgent })) });
const { cannotTell, ...replayed } = replayAnswer.shape;

/** The answer of `POST /policy/replay`. */
export const policyReplayed = z.object({
  ...replayed,
  allowed: replayedSide.describe('Would be allowed, and was refused.'),
  refused: replayedSide.describe('Would be refused, and was allowed.'),
  held: replayedSide.describe('Would wait for the approval of a person.'),
  depends: replayedSide.describe('Depends on the arguments, which are not recorded.'),
  cannot_tell: cannotTell,
});

/** The answer of `POST /policy/changes`. */
export const policyChanged = z.union([
  z.strictObject({ applied: version }),
  z.strictObject({ proposed: policyProposal }),
]);

/** The answer of `POST /policy/proposals/{id}`. */
export const policySettled = z.strictObject({ applied: version.nullable().describe('null if it is withdrawn.') });

/** The answer of `POST /policy/drift`. */
export const policyDriftSettled = z.union([
  z.strictObject({ applied: version.nullable().describe('null if it is dismissed.') }),
  z.strictObject({ proposed: policyProposal }),
]);

/** A policy of a million characters as JSON, with the line ends escaped. More than nginx lets through. */
const mostBytes = 4 * 2 ** 20;
const number = z.coerce.number().int().min(1).max(2_000_000_000);

export interface PolicyApiOptions {
  guard: RequestHandler;
  policy: () => Policy;
  policyDoor: PolicyDoor;
}

/**
 * `GET /policy`, `/policy/versions` and `/policy/versions/:number`, and `POST /policy/judge`, `/policy/replay`, `/policy/changes`,
 * `/policy/drift` and `/policy/proposals/:id`, mounted at `/api`: the policy, its history, and changes of it. They take the session of a person with
 * `edit_policy`.
 */
export function createPolicyApi({ guard, policy, policyDoor: door }: PolicyApiOptions): Router {
  const api = Router({ caseSensitive: true, strict: true });
  const assertionOf = (req: Request) => {
    requireEditPolicy(policy(), personOf(req));
    return req.get('x-mcp-assertion') ?? '';
  };
  // Large bodies are read for those alone who may send them.
  const mayEdit: RequestHandler = (req, _res, next) => {
    assertionOf(req);
    next();
  };
  const json = readJson(mostBytes);
  api.get('/policy', guard, async (req, res) => {
    res.json((await door.current(assertionOf(req))) satisfies Answer<typeof policyAnswer>);
  });
  api.get('/policy/versions', guard, async (req, res) => {
    const { before } = readInput(versionsQuery, req.query);
    const { versions, next } = await door.versions(assertionOf(req), before);
    res.json({ versions: versions.map(toAnswer), next } satisfies Answer<typeof policyVersionsAnswer>);
  });
  api.get('/policy/versions/:number', guard, async (req, res) => {
    const { confirmedBy, ...found } = await door.version(assertionOf(req), numbered(req.params.number));
    res.json({ ...found, ...secondOf(confirmedBy) } satisfies Answer<typeof policyVersionAnswer>);
  });
  api.post('/policy/judge', guard, mayEdit, json, async (req, res) => {
    const { text } = readInput(judgeQuery, req.body, () => 'Send {"text"}.');
    const { needsSecond, ...judged } = await door.judge(assertionOf(req), text);
    res.json({ ...judged, needs_second: needsSecond } satisfies Answer<typeof policyJudged>);
  });
  api.post('/policy/replay', guard, mayEdit, json, async (req, res) => {
    const query = readInput(replayQuery, req.body, () => 'Send {"text"} and, if you like, {"since"}.');
    const { cannotTell: cannot_tell, ...found } = await door.replay(assertionOf(req), query);
    const { allowed, refused, held, depends } = found;
    const sides = { allowed: toSide(allowed), refused: toSide(refused), held: toSide(held), depends: toSide(depends) };
    res.json({ ...found, ...sides, cannot_tell } satisfies Answer<typeof policyReplayed>);
  });
  api.post('/policy/changes', guard, mayEdit, json, async (req, res) => {
    const change = readInput(policyChange, req.body, () => 'Send {"base", "text", "why"}.');
    res.json(changed(await door.change(assertionOf(req), change)));
  });
  api.post('/policy/proposals/:id', guard, mayEdit, json, async (req, res) => {
    const { act } = readInput(settleProposal, req.body, () => 'Send {"act": "confirm" or "withdraw"}.');
    const { applied } = await door.settle(assertionOf(req), numbered(req.params.id), act);
    res.json({ applied: applied && toAnswer(applied) } satisfies Answer<typeof policySettled>);
  });
  api.post('/policy/drift', guard, mayEdit, json, async (req, res) => {
    const what = readInput(settleDrift, req.body, () => 'Send {"version", "take", "why"}.');
    res.json(changed(await door.drift(assertionOf(req), what)));
  });
  return api;
}

function toSide({ rows, ...counts }: ReplaySide): z.output<typeof replayedSide> {
  return { ...counts, rows: rows.map(({ isAgent: is_agent, ...row }) => ({ ...row, is_agent })) };
}

type Changed = { applied: PolicyVersion | null } | { proposed: PolicyProposal };

function changed(found: Changed): Answer<typeof policyDriftSettled> {
  return 'proposed' in found ? found : { applied: found.applied && toAnswer(found.applied) };
}

function toAnswer({ confirmedBy, ...rest }: PolicyVersion): z.output<typeof version> {
  return { ...rest, ...secondOf(confirmedBy) };
}

function secondOf(confirmedBy: PolicyVersion['confirmedBy']) {
  return confirmedBy === undefined ? {} : { confirmed_by: confirmedBy };
}

/** @throws {RegistryError} `not_found` */
function numbered(value: unknown): number {
  const read = number.safeParse(value);
  if (!read.success) throw new RegistryError('not_found', 'There is nothing of that number.');
  return read.data;
}
