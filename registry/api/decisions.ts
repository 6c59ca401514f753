import { type RequestHandler, Router } from 'express';
import type { Policy } from '../../policy/policy.ts';
import { type ReadDecisions, readDecisionsQuery, requireViewAudit } from '../access/decisions.ts';
import { personOf } from '../access/guards.ts';

/**
 * `GET /decisions`, mounted at `/api`: recent decisions of the gateway, newest first. Requires `view_audit`.
 * @param guard requires the caller's own assertion, which is passed on
 */
export function createDecisionsApi(guard: RequestHandler, policy: () => Policy, readDecisions: ReadDecisions): Router {
  const api = Router({ caseSensitive: true, strict: true });
  api.get('/decisions', guard, async (req, res) => {
    requireViewAudit(policy(), personOf(req));
    const page = await readDecisions(req.get('x-mcp-assertion') ?? '', readDecisionsQuery(req.query));
    res.json(page);
  });
  return api;
}
