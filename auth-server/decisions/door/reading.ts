import type { RequestHandler } from 'express';
import * as z from 'zod';
import type { Logger } from '../../../common/service/log.ts';
import type { Policy } from '../../../policy/policy.ts';
import { mayUseUi, mayUseUiSomewhere } from '../../../policy/ui.ts';
import type { Audit } from '../../audit/thread/audit.ts';
import type { Visible } from '../../audit/visible.ts';
import { type AuditReader, type ReaderDeps, readerOf, visibleTo } from './reader.ts';

export interface ReadingDeps extends ReaderDeps {
  audit: Pick<Audit, 'ask'>;
  policy: () => Policy;
  log: Logger;
}

/** What a reader asks for, and what they may see. */
export interface Reading<Query> {
  query: Query;
  visible: Visible;
  reader: AuditReader;
}

/**
 * A door to the audit for readers with `view_audit`: 401 `assertion_refused`, 403 `not_permitted`, 400 `input_invalid`, 503
 * `store_unavailable`, or the answer as JSON.
 * @param shape of the query; if it names a server as a whole, see `serverOf`
 * @param serverOf the one server that the query is about: the reader needs `view_audit` for it
 */
export function readingDoor<Shape extends z.ZodType>(
  deps: ReadingDeps,
  shape: Shape,
  answer: (reading: Reading<z.output<Shape>>) => Promise<unknown>,
  serverOf: (query: z.output<Shape>) => string | undefined = () => undefined,
): RequestHandler {
  const { policy, log } = deps;
  return async (req, res) => {
    res.set('Cache-Control', 'no-store');
    const refuse = (status: number, code: string, message: string) =>
      void res.status(status).json({ error: { code, message } });
    const reader = await readerOf(deps, req);
    if (!reader) return refuse(401, 'assertion_refused', 'There is no good assertion for the registry.');
    if (!mayUseUiSomewhere(policy(), reader.scopes, 'view_audit'))
      return refuse(403, 'not_permitted', 'This takes the permission view_audit.');
    const query = shape.safeParse(req.query);
    if (!query.success) return refuse(400, 'input_invalid', z.prettifyError(query.error));
    const server = serverOf(query.data);
    if (server !== undefined && !mayUseUi(policy(), reader.scopes, 'view_audit', server))
      return refuse(403, 'not_permitted', 'This takes the permission view_audit for this server.');
    try {
      res.json(await answer({ query: query.data, visible: await visibleTo(deps, reader), reader }));
    } catch (err) {
      log.error({ err }, 'the audit cannot be read');
      refuse(503, 'store_unavailable', 'The audit cannot be read at the moment.');
    }
  };
}
