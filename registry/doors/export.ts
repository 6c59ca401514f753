import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';
import type { Request, RequestHandler } from 'express';
import { type ExportQuery, exportFormats } from '../../common/doors/decisions.ts';
import type { Policy } from '../../policy/policy.ts';
import { mayUseUiSomewhere, type UiPermission } from '../../policy/ui.ts';
import { type Person, personOf } from '../access/guards.ts';
import { RegistryError } from '../errors/registry-error.ts';
import { auditUnavailable } from './ask-audit.ts';

/**
 * Opens an export of the audit for the person who owns this assertion.
 * @param signal ends the export
 * @returns the records, as text in UTF-8
 * @throws {RegistryError}
 */
export type ExportDecisions = (
  assertion: string,
  query: ExportQuery,
  signal: AbortSignal,
) => Promise<ReadableStream<Uint8Array>>;

/** The auth-server answers when it has the first records, for which a rare filter may search through all that is kept. */
const waitMilliseconds = 25_000;

/**
 * Makes the client of the auth-server, which limits an export to what the person may see.
 * @param authServerUrl origin of the auth-server
 */
export function createExportDecisions(authServerUrl: string): ExportDecisions {
  return async (assertion, query, signal) => {
    const url = new URL('/decisions/export', authServerUrl);
    for (const [name, value] of Object.entries(query))
      if (value !== undefined) url.searchParams.set(name, String(value));
    const wait = new AbortController();
    const timer = setTimeout(() => wait.abort(new Error('no answer in time')), waitMilliseconds);
    const options = { headers: { 'X-Mcp-Assertion': assertion }, signal: AbortSignal.any([signal, wait.signal]) };
    const answer = await fetch(url, { ...options, redirect: 'error' })
      .catch((error: unknown) => {
        throw auditUnavailable(error);
      })
      .finally(() => clearTimeout(timer));
    if (answer.ok && answer.body) return answer.body as ReadableStream<Uint8Array>;
    await answer.body?.cancel();
    if (answer.status === 403) throw needsExportAudit();
    throw auditUnavailable(new Error(`the auth-server answered ${answer.status}`));
  };
}

export interface ExportOptions {
  policy: () => Policy;
  exportDecisions: ExportDecisions;
  now: () => Date;
}

/**
 * Answers with an export as a download. It is passed on as it comes, and as fast as the reader takes it. If the source fails, the
 * connection breaks, so that no reader takes a part for the whole. A HEAD request starts none.
 * @param readQuery reads the format and the filters; may throw a RegistryError
 */
export function sendExport(
  { policy, exportDecisions, now }: ExportOptions,
  readQuery: (req: Request) => ExportQuery,
): RequestHandler {
  return async (req, res) => {
    requireExportAudit(policy(), personOf(req));
    refuseOtherSites(req);
    const query = readQuery(req);
    const headers = {
      'Content-Type': exportFormats[query.format].type,
      'Content-Disposition': `attachment; filename="${exportName(query, now())}"`,
    };
    if (req.method === 'HEAD') return void res.set(headers).end();
    const gone = new AbortController();
    res.once('close', () => gone.abort());
    const records = await exportDecisions(req.get('x-mcp-assertion') ?? '', query, gone.signal);
    // A failure destroys both: the auth-server logs why.
    await pipeline(Readable.fromWeb(records), res.set(headers)).catch(() => undefined);
  };
}

/** The name of the file: `audit_2026-11-01_2026-11-29.csv`, with the first day, if one was asked for, and the last. */
export function exportName({ format, since, until }: ExportQuery, now: Date): string {
  const days = [since, until ?? now.toISOString()].filter((time) => time !== undefined);
  return `${['audit', ...days.map((time) => new Date(time).toISOString().slice(0, 10))].join('_')}${exportFormats[format].extension}`;
}

/**
 * Requires the permissions to see and to export decisions.
 * @throws {RegistryError} `not_permitted`
 */
function requireExportAudit(policy: Policy, { scopes }: Person): void {
  const has = (permission: UiPermission) => mayUseUiSomewhere(policy, scopes, permission);
  if (!has('view_audit') || !has('export_audit')) throw needsExportAudit();
}

/**
 * An export changes nothing, but it costs, is recorded under the person's name, and puts a file on their disk: no other site may
 * start one by a link. Browsers tell with `Sec-Fetch-Site` (Fetch Metadata); only they send cookies by themselves.
 * @throws {RegistryError} `origin_refused`
 */
function refuseOtherSites(req: Request): void {
  const site = req.get('sec-fetch-site') ?? 'none';
  if (personOf(req).authMethod === 'jwt' || site === 'same-origin' || site === 'none') return;
  throw new RegistryError('origin_refused', 'Another site led here. Start the export on the page Audit.');
}

function needsExportAudit(): RegistryError {
  const message =
    'To export decisions, one of your groups needs the permissions view_audit and export_audit in UI-Scopes.';
  return new RegistryError('not_permitted', message);
}
