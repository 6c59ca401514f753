import { type Request, Router } from 'express';
import { createLocalJWKSet, type JSONWebKeySet } from 'jose';
import * as z from 'zod';
import { verifySigned } from '../../common/identity/verify-signed.ts';
import { decisionsQuery } from '../../common/policy/decisions.ts';
import type { Logger } from '../../common/service/log.ts';
import type { Policy } from '../../policy/policy.ts';
import { mayUseUi, mayUseUiSomewhere } from '../../policy/ui.ts';
import type { AssertionSigner } from '../identity/assertion.ts';
import type { RecentDecisions } from './recent-decisions.ts';

export interface DecisionsDoorDeps {
  publicUrl: string;
  assertions: AssertionSigner;
  recent: RecentDecisions;
  policy: () => Policy;
  log: Logger;
}

const claims = z.object({ scopes: z.array(z.string()) });

/**
 * `GET /decisions`: what the registry asks for somebody who looks at its audit page. nginx leads nobody here. It comes with
 * the assertion that was made for that person and the registry, and shows what `view_audit` lets them see: decisions about
 * the servers that it names, and with `all` those about the registry itself and about no server too.
 */
export function decisionsDoor({ publicUrl, assertions, recent, policy, log }: DecisionsDoorDeps): Router {
  const router = Router();
  const scopesOf = async (req: Request): Promise<readonly string[] | undefined> => {
    const keys = createLocalJWKSet((await assertions.jwks()) as JSONWebKeySet);
    const assertion = req.get('x-mcp-assertion') ?? '';
    const verified = verifySigned(assertion, keys, publicUrl, `${publicUrl}/#registry`, { clockTolerance: 0 });
    return await verified.then(
      (payload) => claims.safeParse(payload).data?.scopes,
      () => undefined,
    );
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
