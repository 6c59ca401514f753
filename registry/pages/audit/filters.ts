import type { Request } from 'express';
import { type DecisionsQuery, type ExportQuery, exportQuery } from '../../../common/doors/decisions.ts';
import { type AuditSpan, readDecisionsQuery } from '../../doors/decisions.ts';
import { readInput } from '../../errors/read-input.ts';
import { RegistryError } from '../../errors/registry-error.ts';
import { reasonWords } from './words.ts';

const filterNames = ['verdict', 'caller', 'person', 'server', 'tool', 'reason', 'span', 'since', 'until'] as const;

/** The filters as typed or as in the address; empty where there is none. */
export type Filters = Record<(typeof filterNames)[number], string>;

/** `all`: everything that is kept. Without a filter for times, the page shows a day: it is quick, and the same every day. */
const spans: Readonly<Record<AuditSpan | 'all', { label: string; words: string }>> = {
  '1h': { label: '1 h', words: 'in the last hour' },
  '24h': { label: '24 h', words: 'in the last 24 hours' },
  '7d': { label: '7 d', words: 'in the last 7 days' },
  all: { label: 'All kept', words: 'in all that is kept' },
};
type Span = keyof typeof spans;
const usual: Span = '24h';
const longestFilter = 300;

/** Decisions on a page. Visits without a sign-in are folded, so it shows fewer lines. */
const perPage = 100;
/** A live page asks again for the last seconds: processes write once a second, and one may be late. */
const overlapMs = 10_000;

export function filtersIn({ query }: Request): Filters {
  const text = (value: unknown) => (typeof value === 'string' ? value.trim().slice(0, longestFilter) : '');
  return Object.fromEntries(filterNames.map((name) => [name, text(query[name])])) as Filters;
}

/** The span of these filters; undefined if they name times. */
export function spanOf({ span, since, until }: Filters): string | undefined {
  return since || until ? undefined : span || usual;
}

/** The words for the times of these filters: `in the last 24 hours`. */
export function timeWords(filters: Filters): string {
  return spans[spanOf(filters) as Span]?.words ?? 'in this time';
}

/** What the auth-server is asked, or what is wrong with the filters. @param before the id of the last decision of a page */
export function queryOf(
  filters: Filters,
  now: Date,
  before?: unknown,
): { query: DecisionsQuery; fault: '' } | { query: undefined; fault: string } {
  const { since, until, ...rest } = filters;
  const span = spanOf(filters);
  const more = {
    ...(span === 'all' ? {} : { span }),
    ...(before !== undefined && before !== '' ? { before } : {}),
  };
  const given = { ...rest, span: undefined, since: asTime(since), until: asTime(until), ...more, limit: perPage };
  try {
    return { query: readDecisionsQuery(given, now), fault: '' };
  } catch (error) {
    if (!(error instanceof RegistryError)) throw error;
    return { query: undefined, fault: error.message };
  }
}

/**
 * What an export of the page has: all records with these filters. It has no usual span.
 * @throws {RegistryError} `input_invalid`
 */
export function exportOf(filters: Filters, format: unknown, now: Date): ExportQuery {
  const { query, fault } = queryOf({ ...filters, span: filters.span || 'all' }, now);
  if (!query) throw new RegistryError('input_invalid', fault);
  return readInput(exportQuery, { ...query, format });
}

/** The query for what came after a page was drawn. @param newest the time of its newest decision, as the page has it */
export function laterQuery(query: DecisionsQuery, newest: unknown, now: Date): DecisionsQuery {
  const time = typeof newest === 'string' ? Date.parse(newest) : Number.NaN;
  const from = (Number.isNaN(time) ? now.getTime() : time) - overlapMs;
  const since = query.since === undefined ? from : Math.max(from, Date.parse(query.since));
  // For the record of who reads what, this is the same reading as the page's.
  const times = query.times ?? (timesInWords(query) || 'all times');
  return { ...query, times, since: new Date(since).toISOString(), limit: 200 };
}

function timesInWords({ since, until }: DecisionsQuery): string {
  const named = Object.entries({ since, until }).flatMap(([name, time]) =>
    time === undefined ? [] : [`${name}=${time}`],
  );
  return named.join(' ');
}

/** The address of a page with these filters. Filters of its own that are set to '' are left out. */
export function linkTo(path: string, filters: Filters, more: Record<string, string> = {}): string {
  const set = Object.entries({ ...filters, ...more }).filter(([, value]) => value !== '');
  return set.length > 0 ? `${path}?${new URLSearchParams(set)}` : path;
}

/** The choices above the list, each with its address. */
export function choicesOf(filters: Filters) {
  const { verdict, caller } = filters;
  const span = spanOf(filters);
  const when = Object.entries(spans).map(([name, { label }]) => ({
    label,
    href: linkTo('/audit', filters, { span: name, since: '', until: '' }),
    current: span === name,
  }));
  const to = (label: string, more: Pick<Filters, 'verdict' | 'caller'>, current: boolean) => ({
    label,
    href: linkTo('/audit', filters, more),
    current,
  });
  const kept = caller === 'none' ? '' : caller;
  const which = [
    to('All', { verdict: '', caller: kept }, !verdict && caller !== 'none'),
    to('Allowed', { verdict: 'allow', caller: kept }, verdict === 'allow'),
    to('Refused', { verdict: 'deny', caller: kept }, verdict === 'deny' && caller !== 'none'),
    to('Without sign-in', { verdict: '', caller: 'none' }, !verdict && caller === 'none'),
  ];
  return { when, which };
}

const chipNames = { server: 'server', tool: 'tool', reason: 'reason', since: 'from', until: 'to' } as const;

/** Filters that are set and have no field in sight, each with the address without it. */
export function chipsOf(filters: Filters) {
  const chip = (field: keyof Filters, name: string, value: string) => ({
    ...{ name, value, isTime: field === 'since' || field === 'until' },
    without: linkTo('/audit', filters, { [field]: '' }),
  });
  const named = Object.entries(chipNames).flatMap(([field, name]) => {
    const value = filters[field as keyof Filters];
    return value
      ? [chip(field as keyof Filters, name, field === 'reason' ? (reasonWords[value] ?? value) : value)]
      : [];
  });
  return [...named, ...(filters.caller === 'known' ? [chip('caller', 'without', 'visits without a sign-in')] : [])];
}

/** A browser's time field sends `2026-11-23T09:00` without a zone. The page labels it as UTC. */
function asTime(text: string): string {
  const full = /^\d{4}-\d\d-\d\dT\d\d:\d\d$/.test(text) ? `${text}:00` : text;
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/.test(full) ? `${full}Z` : full;
}
