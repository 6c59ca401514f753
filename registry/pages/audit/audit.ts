import { type Request, Router } from 'express';
import type { Decision, DecisionPage, DecisionsQuery } from '../../../common/policy/decisions.ts';
import type { Policy } from '../../../policy/policy.ts';
import { mayUseUiEverywhere } from '../../../policy/ui.ts';
import { type ReadDecisions, readDecisionsQuery, requireViewAudit } from '../../access/decisions.ts';
import { personOf } from '../../access/guards.ts';
import { RegistryError } from '../../errors/registry-error.ts';
import type { Render, View } from '../shared/render.ts';
import { reasonWords, whoAsked } from './words.ts';

const filterNames = ['verdict', 'person', 'server', 'tool', 'reason', 'since', 'until'] as const;

const verdicts = [
  { verdict: '', label: 'All' },
  { verdict: 'allow', label: 'Allowed' },
  { verdict: 'deny', label: 'Refused' },
];
const chipNames = { server: 'server', tool: 'tool', reason: 'reason', since: 'from', until: 'to' } as const;

/** The filters as typed. */
type Filters = Record<(typeof filterNames)[number], string>;

export interface AuditOptions {
  policy: () => Policy;
  readDecisions: ReadDecisions;
  render: Render;
  now: () => Date;
}

/** A live page keeps its session in use, so it stops polling after this time. */
const liveSeconds = 900;
const none: DecisionPage = { decisions: [], next: null, kept: 0, oldest: null };

/** `GET /audit`: recent decisions, filtered, and live; `GET /audit/:id`: one decision. Both require `view_audit`. */
export function createAuditPages({ policy, readDecisions, render, now }: AuditOptions): Router {
  const pages = Router({ caseSensitive: true, strict: true });
  const assertionOf = (req: Request) => {
    requireViewAudit(policy(), personOf(req));
    return req.get('x-mcp-assertion') ?? '';
  };
  pages.get('/audit', async (req, res) => {
    const assertion = assertionOf(req);
    const filters = filtersIn(req);
    const { query, fault } = queryOf(filters, req.query.before);
    const page = query ? await readDecisions(assertion, query) : none;
    const seconds = Math.floor(now().getTime() / 1000);
    const since = Number(req.query.live);
    const isFirst = req.query.before === undefined;
    const isLive = isFirst && since <= seconds && seconds - since < liveSeconds;
    const link = (more: Record<string, string>) => linkTo('/audit', { ...filters, ...more });
    const before = typeof req.query.before === 'string' ? req.query.before.slice(0, 300) : '';
    const view = {
      title: 'Audit',
      person: personOf(req),
      filters,
      fault,
      /** Empty if the filters have a fault. */
      page,
      isFiltered: filterNames.some((name) => filters[name] !== ''),
      segments: verdicts.map(({ verdict, label }) => ({
        label,
        href: link({ verdict }),
        current: filters.verdict === verdict,
      })),
      chips: chipsOf(filters),
      reasons: reasonWords,
      isFirst,
      /** The address that the live page polls. */
      liveUrl: isLive ? link({ live: String(since) }) : '',
      liveLink: link({ live: String(seconds) }),
      stillLink: link({}),
      nextLink: page.next === null ? '' : link({ before: page.next }),
      days: byDay(page.decisions).map((decisions) => ({
        at: new Date(decisions[0].at),
        rows: decisions.map((decision) => ({
          ...decision,
          who: whoAsked(decision),
          why: reasonWords[decision.reason ?? ''] ?? decision.reason ?? '',
          href: linkTo(`/audit/${decision.id}`, { ...filters, before }),
        })),
      })),
    };
    render<View & typeof view>(res, fault ? 400 : 200, 'audit/audit', view);
  });
  pages.get('/audit/:id', async (req: Request<{ id: string }>, res) => {
    const { decisions } = await readDecisions(assertionOf(req), { id: req.params.id, limit: 1 });
    const [decision] = decisions;
    if (!decision) throw new RegistryError('not_found', 'This decision is no longer kept, or you may not see it.');
    // Only who may explain decisions has the form on “My rights”.
    const mayExplain = mayUseUiEverywhere(policy(), personOf(req).scopes, 'modify_service');
    const explainLink = mayExplain ? explainLinkOf(decision) : '';
    const before = typeof req.query.before === 'string' ? req.query.before.slice(0, 300) : '';
    const back = linkTo('/audit', { ...filtersIn(req), before });
    const view = { title: 'Decision', person: personOf(req), decision, reasons: reasonWords, explainLink, back };
    render<View & typeof view>(res, 200, 'audit/decision', view);
  });
  return pages;
}

/** Filters that are set and have no field in sight, each with the address without it. */
function chipsOf(filters: Filters) {
  return Object.entries(chipNames).flatMap(([name, label]) => {
    const value = filters[name as keyof typeof chipNames];
    return value ? [{ name: label, value, without: linkTo('/audit', { ...filters, [name]: '' }) }] : [];
  });
}

function filtersIn({ query }: Request): Filters {
  const text = (value: unknown) => (typeof value === 'string' ? value.trim().slice(0, 300) : '');
  return Object.fromEntries(filterNames.map((name) => [name, text(query[name])])) as Filters;
}

function queryOf(filters: Filters, before: unknown): { query?: DecisionsQuery; fault: string } {
  const { since, until, ...rest } = filters;
  try {
    const query = { ...rest, since: asTime(since), until: asTime(until), ...(before !== undefined && { before }) };
    return { query: readDecisionsQuery({ ...query, limit: 50 }), fault: '' };
  } catch (error) {
    if (!(error instanceof RegistryError)) throw error;
    return { fault: error.message };
  }
}

/** A browser's time field sends `2026-11-23T09:00` without a zone. The page labels it as UTC. */
function asTime(text: string): string {
  const full = /^\d{4}-\d\d-\d\dT\d\d:\d\d$/.test(text) ? `${text}:00` : text;
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/.test(full) ? `${full}Z` : full;
}

/** Groups decisions, which are in order, by their day in UTC. */
function byDay(decisions: readonly Decision[]): [Decision, ...Decision[]][] {
  const groups: [Decision, ...Decision[]][] = [];
  for (const decision of decisions) {
    const group = groups.at(-1);
    if (group?.[0].at.slice(0, 10) === decision.at.slice(0, 10)) group.push(decision);
    else groups.push([decision]);
  }
  return groups;
}

function linkTo(path: string, query: Record<string, string>): string {
  const set = Object.entries(query).filter(([, value]) => value !== '');
  return set.length > 0 ? `${path}?${new URLSearchParams(set)}` : path;
}

/** The address of the same question to the current policy; empty if no rule decided. */
function explainLinkOf({ resource, server, method, object, scopes, groups }: Decision): string {
  if (resource !== 'mcp' || !server || !method || !scopes) return '';
  const [kind, names] = groups?.length ? ['group', groups] : ['scope', scopes];
  const question = { kind, who: names.join(' '), server, method, object: object ?? '' };
  return `/rights?${new URLSearchParams(question)}#explain`;
}
