import { type RequestHandler, Router } from 'express';
import * as z from 'zod';
import { type UnusedRight, usage, usageQuery } from '../../common/doors/usage.ts';
import type { Policy } from '../../policy/policy.ts';
import { type Named, personOf } from '../access/guards.ts';
import { type ServerAccess, serverFor } from '../access/permissions.ts';
import { requireViewAudit } from '../doors/decisions.ts';
import { type ReadUsage, readUsageQuery, requireViewActivity } from '../doors/usage.ts';
import type { Answer } from './shared/answer.ts';

const { lastUsed, ...unusedRight } = usage.shape.unused.element.shape;

/** The query of `GET /servers/:name/usage`. */
export const serverUsageQuery = usageQuery.omit({ server: true });

/** The answer of `GET /usage` and `GET /servers/:name/usage`. */
export const usageAnswer = usage.omit({ slotSeconds: true, unused: true }).extend({
  slot_seconds: usage.shape.slotSeconds,
  unused: z.array(z.strictObject({ ...unusedRight, last_used: lastUsed })),
});

export interface UsageApiOptions extends ServerAccess {
  /** Requires the caller's own assertion, which is passed on. */
  guard: RequestHandler;
  policy: () => Policy;
  readUsage: ReadUsage;
}

/**
 * `GET /usage` and `GET /servers/:name/usage`, mounted at `/api`: what was called in a span of time, of all servers or of one.
 * They require `view_audit`.
 */
export function createUsageApi({ guard, readUsage, ...access }: UsageApiOptions): Router {
  const { policy } = access;
  const api = Router({ caseSensitive: true, strict: true });
  api.get('/usage', guard, async (req, res) => {
    const query = readUsageQuery(req.query);
    if (query.server === undefined) requireViewAudit(policy(), personOf(req));
    else requireViewActivity(policy(), personOf(req), query.server);
    res.json(answerOf(await readUsage(req.get('x-mcp-assertion') ?? '', query)));
  });
  api.get('/servers/:name/usage', guard, async (req: Named, res) => {
    const { name } = serverFor(access, personOf(req), 'view_audit', req.params.name);
    const query = readUsageQuery({ span: req.query.span, server: name });
    res.json(answerOf(await readUsage(req.get('x-mcp-assertion') ?? '', query)));
  });
  return api;
}

function answerOf({ slotSeconds, unused, ...rest }: Awaited<ReturnType<ReadUsage>>): Answer<typeof usageAnswer> {
  const rights = unused.map(({ lastUsed, ...right }: UnusedRight) => ({ ...right, last_used: lastUsed }));
  return { ...rest, slot_seconds: slotSeconds, unused: rights };
}
