import { type Request, Router } from 'express';
import type { Decision, DecisionPage, DecisionsQuery } from '../../../common/policy/decisions.ts';
import type { Policy } from '../../../policy/policy.ts';
import { mayUseUiSomewhere } from '../../../policy/ui.ts';
import { needsViewAudit, type ReadDecisions, readDecisionsQuery } from '../../access/decisions.ts';
import { type Person, personOf } from '../../access/guards.ts';
import { RegistryError } from '../../errors/registry-error.ts';
import type { Render } from '../shared/render.ts';

/** What stands in the filters, as it was typed. */
export type Filters = Record<(typeof filterNames)[number], string>;

/** What the page of recent decisions is given. */
export interface AuditView {
  title: string;
  person: Person;
  filters: Filters;
  /** What is wrong with the filters; nothing is looked up then. */
  fault: string;
  page: DecisionPage;
  isFiltered: boolean;
  isFirst: boolean;
  /** The address that asks again while it is live; empty when it is not. */
  liveUrl: string;
  liveLink: string;
  stillLink: string;
  nextLink: string;
}

/** What the page of one decision is given. */
export interface DecisionView {
  title: string;
  person: Person;
  decision: Decision;
  /** Where the same can be asked about now; empty for what no rule decides. */
  explainLink: string;
}

export interface AuditOptions {
  policy: () => Policy;
  readDecisions: ReadDecisions;
  render: Render;
  now: () => Date;
}

const filterNames = ['verdict', 'person', 'server', 'tool', 'reason', 'since', 'until'] as const;
/** A page that asks again by itself keeps its session in use: it must not do so for ever. */
const liveSeconds = 900;
const none: DecisionPage = { decisions: [], next: null, kept: 0, oldest: null };

/** `GET /audit`: recent decisions, by filters, and live; `GET /audit/:id`: one of them. For who has `view_audit`. */
export function createAuditPages({ policy, readDecisions, render, now }: AuditOptions): Router {
  const pages = Router({ caseSensitive: true, strict: true });
  const assertionOf = (req: Request) => {
    if (!mayUseUiSomewhere(policy(), personOf(req).scopes, 'view_audit')) throw needsViewAudit();
    return req.get('x-mcp-assertion') ?? '';
  };
  pages.get('/audit', async (req, res) => {
    const assertion = assertionOf(req);
    const filters = filtersIn(req);
    const asked = queryOf(filters, req.query.before);
    const page = asked.query ? await readDecisions(assertion, asked.query) : none;
    const seconds = Math.floor(now().getTime() / 1000);
    const since = Number(req.query.live);
    const isFirst = req.query.before === undefined;
    const isLive = isFirst && since <= seconds && seconds - since < liveSeconds;
    const link = (more: Record<string, string>) => linkTo(filters, more);
    render(res, asked.fault ? 400 : 200, 'audit', {
      title: 'Audit',
      person: personOf(req),
      filters,
      fault: asked.fault,
      page,
      isFiltered: filterNames.some((name) => filters[name] !== ''),
      isFirst,
      liveUrl: isLive ? link({ live: String(since) }) : '',
      liveLink: link({ live: String(seconds) }),
      stillLink: link({}),
      nextLink: page.next === null ? '' : link({ before: page.next }),
    });
  });
  pages.get('/audit/:id', async (req: Request<{ id: string }>, res) => {
    const assertion = assertionOf(req);
    const { decisions } = await readDecisions(assertion, { id: req.params.id, limit: 1 });
    const [decision] = decisions;
    if (!decision) {
      throw new RegistryError('not_found', 'This decision is not kept any more, or you may not see it.');
    }
    const explainLink = explainLinkOf(decision);
    render(res, 200, 'decision', { title: 'Decision', person: personOf(req), decision, explainLink });
  });
  return pages;
}

function filtersIn(req: Request): Filters {
  const text = (name: string) => {
    const value = req.query[name];
    return typeof value === 'string' ? value.trim().slice(0, 300) : '';
  };
  return Object.fromEntries(filterNames.map((name) => [name, text(name)])) as Filters;
}

function queryOf(filters: Filters, before: unknown): { query?: DecisionsQuery; fault: string } {
  const { since, until, ...rest } = filters;
  try {
    const asked = { ...rest, since: asTime(since), until: asTime(until), ...(before !== undefined && { before }) };
    return { query: readDecisionsQuery({ ...asked, limit: 50 }), fault: '' };
  } catch (error) {
    if (!(error instanceof RegistryError)) throw error;
    return { fault: error.message };
  }
}

/** A browser's field for times says `2026-11-23T09:00`, without a zone; the page says that it means UTC. */
function asTime(text: string): string {
  const full = /^\d{4}-\d\d-\d\dT\d\d:\d\d$/.test(text) ? `${text}:00` : text;
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/.test(full) ? `${full}Z` : full;
}

function linkTo(filters: Filters, more: Record<string, string>): string {
  const set = Object.entries({ ...filters, ...more }).filter(([, value]) => value !== '');
  return set.length > 0 ? `/audit?${new URLSearchParams(set)}` : '/audit';
}

function explainLinkOf({ resource, server, method, object, scopes, groups }: Decision): string {
  if (resource !== 'mcp' || !server || !method || !scopes) return '';
  const [kind, names] = groups?.length ? ['group', groups] : ['scope', scopes];
  const asked = { kind, who: names.join(' '), server, method, object: object ?? '' };
  return `/rights?${new URLSearchParams(asked)}#explain`;
}
