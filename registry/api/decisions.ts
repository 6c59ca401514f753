import { type RequestHandler, Router } from 'express';
import type { Policy } from '../../policy/policy.ts';
import { type AuditDoor, readDecisionsQuery, requireViewAudit } from '../access/decisions.ts';
import { personOf } from '../access/guards.ts';

interface DecisionsApiParts {
  /** Requires the caller's own assertion, which is passed on. */
  guard: RequestHandler;
  policy: () => Policy;
  audit: AuditDoor;
  now: () => Date;
}

/** `GET /decisions`, mounted at `/api`: decisions of the gateway, newest first. Requires `view_audit`. */
export function createDecisionsApi({ guard, policy, audit, now }: DecisionsApiParts): Router {
  const api = Router({ caseSensitive: true, strict: true });
  api.get('/decisions', guard, async (req, res) => {
    requireViewAudit(policy(), personOf(req));
    const query = readDecisionsQuery(req.query, now());
    res.json(await audit.decisions(req.get('x-mcp-assertion') ?? '', query));
  });
  return api;
}
