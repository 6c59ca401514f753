import { type RequestHandler, Router } from 'express';
import { personOf } from '../access/guards.ts';
import { type AuditDoor, readDecisionsQuery, readExportQuery, requireViewAudit } from '../doors/decisions.ts';
import { type ExportOptions, sendExport } from '../doors/export.ts';

interface DecisionsApiParts extends ExportOptions {
  /** Requires the caller's own assertion, which is passed on. */
  guard: RequestHandler;
  audit: AuditDoor;
}

/**
 * Mounted at `/api`: `GET /decisions`, decisions of the gateway, newest first, which requires `view_audit`, and
 * `GET /decisions/export`, all that match as a file, which requires `export_audit` too.
 */
export function createDecisionsApi(parts: DecisionsApiParts): Router {
  const { guard, policy, audit, now } = parts;
  const api = Router({ caseSensitive: true, strict: true });
  api.get('/decisions', guard, async (req, res) => {
    requireViewAudit(policy(), personOf(req));
    const query = readDecisionsQuery(req.query, now());
    res.json(await audit.decisions(req.get('x-mcp-assertion') ?? '', query));
  });
  const download = sendExport(parts, (req) => readExportQuery(req.query, now()));
  api.get('/decisions/export', guard, download);
  return api;
}
