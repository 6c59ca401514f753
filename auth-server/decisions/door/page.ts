import { Router } from 'express';
import * as z from 'zod';
import { decisionsQuery } from '../../../common/policy/decisions.ts';
import type { Logger } from '../../../common/service/log.ts';
import type { Policy } from '../../../policy/policy.ts';
import { mayUseUiSomewhere } from '../../../policy/ui.ts';
import type { Audit } from '../../audit/thread/audit.ts';
import type { AssertionSigner } from '../../identity/assertion.ts';
import type { AuditEvents } from '../events.ts';
import { readerOf, visibleTo } from './reader.ts';

export interface DecisionsDoorDeps {
  publicUrl: string;
  assertions: AssertionSigner;
  audit: Pick<Audit, 'ask'>;
  auditEvents: Pick<AuditEvents, 'read'>;
  policy: () => Policy;
  log: Logger;
}

/**
 * `GET /decisions`, for the registry's audit page; nginx does not route to it. The registry sends the assertion that was
 * issued for the person and the registry. The answer holds what the person may see by `view_audit`.
 */
export function decisionsDoor(deps: DecisionsDoorDeps): Router {
  const { audit, auditEvents, policy, log } = deps;
  const router = Router();
  router.get('/decisions', async (req, res) => {
    res.set('Cache-Control', 'no-store');
    const refuse = (status: number, code: string, message: string) =>
      void res.status(status).json({ error: { code, message } });
    const reader = await readerOf(deps, req);
    if (!reader) return refuse(401, 'assertion_refused', 'There is no good assertion for the registry.');
    if (!mayUseUiSomewhere(policy(), reader.scopes, 'view_audit'))
      return refuse(403, 'not_permitted', 'This takes the permission view_audit.');
    const query = decisionsQuery.safeParse(req.query);
    if (!query.success) return refuse(400, 'input_invalid', z.prettifyError(query.error));
    try {
      const visible = await visibleTo(deps, reader);
      res.json(await audit.ask('page', { query: query.data, visible }));
      auditEvents.read(reader.actor, query.data);
    } catch (err) {
      log.error({ err }, 'the audit cannot be read');
      refuse(503, 'store_unavailable', 'The recent decisions cannot be read at the moment.');
    }
  });
  return router;
}
