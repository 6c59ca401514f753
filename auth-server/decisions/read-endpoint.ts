import { type Request, Router } from 'express';
import * as z from 'zod';
import { decisionsQuery } from '../../common/policy/decisions.ts';
import type { Logger } from '../../common/service/log.ts';
import type { Policy } from '../../policy/policy.ts';
import { mayUseUi, mayUseUiSomewhere } from '../../policy/ui.ts';
import type { AssertionSigner } from '../identity/assertion.ts';
import { readRegistryAssertion } from '../identity/registry-assertion.ts';
import type { RecentDecisions } from './recent-decisions.ts';

export interface DecisionsEndpointDeps {
  publicUrl: string;
  assertions: AssertionSigner;
  recent: RecentDecisions;
  policy: () => Policy;
  log: Logger;
}

const claims = z.object({ scopes: z.array(z.string()) });

/**
 * `GET /decisions`, for the registry's audit page; nginx does not route to it. The registry sends the assertion that was
 * issued for the person and the registry. The answer holds what the person may see by `view_audit`: decisions about the
 * servers that it names, and with `all` also those about the registry itself and about no server.
 */
export function decisionsEndpoint({ publicUrl, assertions, recent, policy, log }: DecisionsEndpointDeps): Router {
  const router = Router();
  const scopesOf = async (req: Request): Promise<readonly string[] | undefined> => {
    const payload = await readRegistryAssertion({ publicUrl, assertions }, req.get('x-mcp-assertion'));
    return claims.safeParse(payload).data?.scopes;
  };
  router.get('/decisions', async (req, res) => {
    res.set('Cache-Control', 'no-store');
    const refuse = (status: number, code: string, message: string) =>
      void res.status(status).json({ error: { code, message } });
    const scopes = await scopesOf(req);
    if (!scopes) return refuse(401, 'assertion_refused', 'There is no good assertion for the registry.');
    if (!mayUseUiSomewhere(policy(), scopes, 'view_audit'))
      return refuse(403, 'not_permitted', 'This takes the permission view_audit.');
    const query = decisionsQuery.safeParse(req.query);
    if (!query.success) return refuse(400, 'input_invalid', z.prettifyError(query.error));
    const may = ({ server }: { server?: string | undefined }) =>
      mayUseUi(policy(), scopes, 'view_audit', server ?? '#registry');
    try {
      res.json(await recent.read(query.data, may));
    } catch (err) {
      log.error({ err }, 'the recent decisions cannot be read');
      refuse(503, 'store_unavailable', 'The recent decisions cannot be read at the moment.');
    }
  });
  return router;
}
