import { Router } from 'express';
import { decisionsQuery } from '../../../common/doors/decisions.ts';
import type { AuditEvents } from '../events.ts';
import { type ReadingDeps, readingDoor } from './reading.ts';

export interface DecisionsDoorDeps extends ReadingDeps {
  auditEvents: Pick<AuditEvents, 'read'>;
}

/**
 * `GET /decisions`, for the registry's audit page; nginx does not route to it. The registry sends the assertion that was
 * issued for the person and the registry. The answer holds what the person may see by `view_audit`.
 */
export function decisionsDoor(deps: DecisionsDoorDeps): Router {
  const { audit, auditEvents } = deps;
  const router = Router();
  router.get(
    '/decisions',
    readingDoor(deps, decisionsQuery, async ({ query, visible, reader }) => {
      const page = await audit.ask('page', { query, visible });
      auditEvents.read(reader.actor, query);
      return page;
    }),
  );
  return router;
}
