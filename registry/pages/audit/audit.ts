import { type Request, type Response, Router } from 'express';
import type { Suggestions } from '../../../common/doors/decisions.ts';
import { personOf } from '../../access/guards.ts';
import { readSuggestionsQuery, requireViewAudit } from '../../doors/decisions.ts';
import { type ExportDecisions, sendExport } from '../../doors/export.ts';
import { RegistryError } from '../../errors/registry-error.ts';
import type { Render, View } from '../shared/render.ts';
import { exportOf, filtersIn, laterQuery, linkTo, queryOf } from './filters.ts';
import { daysOf } from './rows.ts';
import { type AuditParts, auditView, openRecord, type Reader } from './view.ts';

export interface AuditOptions extends AuditParts {
  render: Render;
  exportDecisions: ExportDecisions;
}

const isId = /^[0-9a-z]+-\d+-\d+$/;

/**
 * `GET /audit`: decisions and events, filtered, with their sums; `/audit/<id>`: one of them, beside its list where there is
 * room. `/audit/new` has what came since a page was drawn, `/audit/suggest` names for its filters. All require `view_audit`.
 * `/audit/export` is a file with all that match; it requires `export_audit` too.
 */
export function createAuditPages({ render, ...parts }: AuditOptions): Router {
  const { policy, audit, now } = parts;
  const pages = Router({ caseSensitive: true, strict: true });
  const readerOf = (req: Request): Reader => {
    const person = personOf(req);
    requireViewAudit(policy(), person);
    return { person, assertion: req.get('x-mcp-assertion') ?? '' };
  };
  const show = async (req: Request, res: Response, opened?: string): Promise<void> => {
    const view = await auditView(parts, readerOf(req), {
      ...{ filters: filtersIn(req), before: textIn(req.query.before), opened },
    });
    render<View & typeof view>(res, view.fault && !view.record ? 400 : 200, 'audit/audit', view);
  };
  const answer = (res: Response, template: string, data: object) =>
    void res.type('html').send(render.part(`audit/${template}`, data));

  pages.get('/audit', (req, res) => show(req, res));
  pages.get(
    '/audit/export',
    sendExport(parts, (req) => exportOf(filtersIn(req), req.query.format, now())),
  );
  pages.get('/audit/new', async (req, res) => {
    const [{ assertion }, filters] = [readerOf(req), filtersIn(req)];
    const { query, fault } = queryOf(filters, now());
    if (!query) throw new RegistryError('input_invalid', fault);
    const { decisions } = await audit.decisions(assertion, laterQuery(query, req.query.after, now()));
    const days = daysOf(decisions, ({ id }) => linkTo(`/audit/${id}`, filters));
    answer(res, 'days', { days, withoutVisits: linkTo('/audit', filters, { caller: 'known' }) });
  });
  pages.get('/audit/suggest', async (req, res) => {
    const { kind } = req.query;
    const q = textIn(req.query[kind === 'object' ? 'tool' : String(kind)]);
    const { assertion } = readerOf(req);
    answer(res, 'suggestions', {
      options: optionsOf(await audit.suggest(assertion, readSuggestionsQuery({ kind, q }))),
    });
  });
  pages.get('/audit/:id', async (req: Request<{ id: string }>, res, next) => {
    const { id } = req.params;
    if (!isId.test(id)) return next();
    if (req.query.part !== 'record') return await show(req, res, id);
    const record = await openRecord(parts, readerOf(req), id);
    answer(res, 'record', { record, back: linkTo('/audit', filtersIn(req), { before: textIn(req.query.before) }) });
  });
  return pages;
}

/** As long as a filter can be: a longer name is suggested by its beginning. */
const longestText = 300;

/** A filter takes a part of a name, so a name is suggested. Where two have the same name, their ids tell them apart. */
function optionsOf({ values }: Suggestions): { value: string; label: string }[] {
  const named = values.map(({ value, label }) => ({
    value,
    name: (value === '#registry' ? 'the registry' : label || value).slice(0, longestText),
  }));
  const count = Map.groupBy(named, ({ name }) => name);
  return named.map(({ value, name }) =>
    (count.get(name)?.length ?? 0) > 1 ? { value, label: name } : { value: name, label: '' },
  );
}

function textIn(value: unknown): string {
  return typeof value === 'string' ? value.trim().slice(0, longestText) : '';
}
