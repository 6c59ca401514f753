import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { isDeepStrictEqual } from 'node:util';
import { Router } from 'express';
import * as z from 'zod';
import { type ExportQuery, exportFormats, exportQuery } from '../../../common/doors/decisions.ts';
import type { Logger } from '../../../common/service/log.ts';
import type { Policy } from '../../../policy/policy.ts';
import { mayUseUiSomewhere } from '../../../policy/ui.ts';
import { writeExport } from '../../audit/export/stream.ts';
import type { Audit } from '../../audit/thread/audit.ts';
import type { Visible } from '../../audit/visible.ts';
import type { AuditEvents } from '../events.ts';
import { type AuditReader, type ReaderDeps, readerOf, visibleTo } from './reader.ts';

export interface ExportDoorDeps extends ReaderDeps {
  audit: Pick<Audit, 'ask'>;
  auditEvents: Pick<AuditEvents, 'exported'>;
  policy: () => Policy;
  log: Logger;
}

/**
 * `GET /decisions/export`, for the registry; nginx does not route to it. The registry sends the assertion that was issued for the
 * person and the registry. The answer is a file with all records that match, the oldest first, of the servers for which the
 * person has both `view_audit` and `export_audit`. It is written as fast as its reader takes it. If the records cannot be read to
 * the end, the connection breaks: a file that ends well is whole.
 */
export function exportDoor(deps: ExportDoorDeps): Router {
  const router = Router();
  router.get('/decisions/export', async (req, res) => {
    res.set('Cache-Control', 'no-store');
    const refuse = (status: number, code: string, message: string) =>
      void res.status(status).json({ error: { code, message } });
    const reader = await readerOf(deps, req);
    if (!reader) return refuse(401, 'assertion_refused', 'There is no good assertion for the registry.');
    if (!permissions.every((each) => mayUseUiSomewhere(deps.policy(), reader.scopes, each)))
      return refuse(403, 'not_permitted', `This takes the permissions ${permissions.join(' and ')}.`);
    const query = exportQuery.safeParse(req.query);
    if (!query.success) return refuse(400, 'input_invalid', z.prettifyError(query.error));
    const { format, ...filters } = query.data;
    try {
      // The first question writes what was added before: what cannot be recorded is not exported.
      deps.auditEvents.exported(reader.actor, format, filters, undefined);
      const texts = writeExport(format, await pagesFor(deps, reader, query.data));
      const first = await texts.next();
      res.set('Content-Type', exportFormats[format].type);
      const sent = { count: 0 };
      await pipeline(Readable.from(following(first, texts, sent)), res);
      deps.auditEvents.exported(reader.actor, format, filters, sent.count);
    } catch (err) {
      if (hasLeft(err)) return;
      deps.log.error({ err }, 'an export of the audit has failed');
      if (!res.headersSent) refuse(503, 'store_unavailable', 'The audit cannot be read at the moment.');
    }
  });
  return router;
}

const permissions = ['view_audit', 'export_audit'] as const;

/**
 * What comes while an export runs is not in it. It breaks off if a new version of the policy lets the person see something else.
 */
async function pagesFor(deps: ExportDoorDeps, reader: AuditReader, query: ExportQuery) {
  const { format: _, until = new Date().toISOString(), ...filters } = query;
  let policy = deps.policy();
  const visible = await exportableTo(deps, reader);
  return async (after: string | undefined) => {
    if (policy !== deps.policy()) {
      policy = deps.policy();
      if (!isDeepStrictEqual(await exportableTo(deps, reader), visible))
        throw new Error('the policy has changed what the person may see');
    }
    return await deps.audit.ask('exportPage', { query: { ...filters, until }, visible, after });
  };
}

/** What they may both see and export. */
async function exportableTo(deps: ExportDoorDeps, reader: AuditReader): Promise<Visible> {
  const [seen, exported] = [await visibleTo(deps, reader), await visibleTo(deps, reader, 'export_audit')];
  if (seen.servers === 'all') return exported;
  const { servers } = exported;
  return servers === 'all' ? seen : { servers: seen.servers.filter((server) => servers.includes(server)) };
}

async function* following(
  first: IteratorResult<string, number>,
  texts: AsyncGenerator<string, number>,
  sent: { count: number },
) {
  try {
    let each = first;
    for (; !each.done; each = await texts.next()) yield each.value;
    sent.count = each.value;
  } finally {
    await texts.return(0);
  }
}

function hasLeft(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_STREAM_PREMATURE_CLOSE';
}
