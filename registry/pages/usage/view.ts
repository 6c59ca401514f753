import { type Usage, type UsageRow, type UsageSpan, usageSpans } from '../../../common/doors/usage.ts';
import { reasonWords } from '../audit/words.ts';
import { cleaned, took, withCommas } from '../shared/format.ts';
import { barsOf } from './bars.ts';
import { figuresOf, spanWords } from './figures.ts';
import { linesOf } from './lines.ts';
import { sparkOf } from './spark.ts';
import { type Find, unusedOf } from './unused.ts';

/** What a row leads to, and what it is called if not by its own name. */
interface About {
  href: string;
  name?: string;
  note?: string;
}

const longestName = 80;
/** A number gets colour from this share of the calls on. */
const unusualShare = 0.1;
/** A chart of less than this says nothing. */
const leastMilliseconds = 3_600_000;

/**
 * Usage for people: in figures, charts and tables, each row with the address of what it counts.
 * @param find the servers that the reader may see
 * @param path the page's own, for the choice of a span
 * @param server the only server that is shown; undefined for all
 */
export function shownUsage(usage: Usage, find: Find, path: string, server?: string) {
  const { span, since, to, total, measured, slots, reasons } = usage;
  const starts = [since, slots.find(({ calls }) => calls > 0)?.at];
  const isDrawn = starts.every((start) => start && Date.parse(to) - Date.parse(start) >= leastMilliseconds);
  const audit = auditOf(usage, server);
  const rows = (given: readonly UsageRow[], unnamed: string, about: (row: UsageRow) => About) =>
    given.map((row) => {
      const { id, server: of } = row;
      const rest = { href: audit(of === undefined ? {} : { server: of }), name: unnamed, isUnnamed: true };
      return { ...shownRow(row, given), ...about(row), ...(isUnnamed(id) && rest) };
    });
  const byName = (row: UsageRow) => ({ href: audit({ person: row.id }) });
  return {
    span,
    spanWords: spanWords[span],
    spans: usageSpans.map((each) => ({ label: labels[each], href: `${path}?span=${each}`, current: each === span })),
    isEmpty: total.calls === 0,
    isKnown: since !== null,
    notice: noticeOf(usage),
    /** Without measured calls, no error and no time is known. */
    isMeasured: measured !== 'none',
    figures: figuresOf(usage),
    calls: isDrawn ? barsOf(usage) : undefined,
    times: isDrawn && slots.some(({ p50 }) => p50 !== null) ? linesOf(usage) : undefined,
    servers:
      server === undefined
        ? rows(usage.servers, 'unknown servers', ({ id }) => aboutServer(id, find, span, audit))
        : [],
    tools: rows(usage.tools, 'unknown tools', (row) => ({
      href: audit({ tool: row.id, ...(row.server !== undefined && { server: row.server }) }),
      ...(server === undefined && row.server !== undefined && { note: find(row.server)?.title ?? row.server }),
    })),
    people: rows(usage.people, 'others', byName),
    agents: rows(usage.agents, 'others', byName),
    clients: rows(usage.clients, 'others', byName),
    reasons: reasons.map(({ reason, count }) => ({
      ...{ reason, words: reasonWords[reason] ?? reason, count: withCommas(count) },
      href: audit({ verdict: 'deny', reason }),
    })),
    unused: unusedOf(usage, find),
  };
}

/** Names that no catalogue has count together as `other`: a caller may invent one for each call. */
const isUnnamed = (id: string) => id === '' || id === 'other';

const labels: Record<UsageSpan, string> = { '24h': '24 h', '7d': '7 d', '90d': '90 d' };

/** Makes the address of the decisions of the span that fit a filter. The audit offers a span of 90 days by its start only. */
function auditOf({ span, from }: Usage, server: string | undefined) {
  const when = span === '90d' ? { since: `${from.slice(0, 19)}Z` } : { span };
  return (filter: Record<string, string>) =>
    `/audit?${new URLSearchParams({ ...(server !== undefined && { server }), ...filter, ...when })}`;
}

function aboutServer(id: string, find: Find, span: UsageSpan, audit: (filter: Record<string, string>) => string) {
  const known = find(id);
  if (!known) return { href: audit({ server: id }) };
  return { name: known.title, href: `/servers/${id}/activity?span=${span}` };
}

/** @param rows those of the table, the one with the most calls first */
function shownRow(row: UsageRow, rows: readonly UsageRow[]) {
  const { calls, refused, errors, p50, p95, last, slots } = row;
  const most = rows[0]?.calls ?? 0;
  return {
    name: cleaned(row.name, longestName),
    share: most > 0 ? Math.round((calls / most) * 1_000) / 10 : 0,
    calls: withCommas(calls),
    refused: { text: withCommas(refused), isUnusual: refused >= calls * unusualShare && refused > 0 },
    errors: { text: withCommas(errors), isUnusual: errors >= calls * unusualShare && errors > 0 },
    p50: p50 === null ? '–' : took(p50),
    p95: p95 === null ? '–' : took(p95),
    last: new Date(last),
    spark: slots && sparkOf(slots),
  };
}

/** Why times are missing; empty if they are not. */
function noticeOf({ measured, total }: Usage): string {
  if (total.calls === total.refused) return '';
  if (measured === 'none')
    return 'Times and errors are not measured: nginx writes them down where an operator has set CALLS_FILE.';
  return measured === 'some' ? 'Times and errors are those of the measured calls, which are not all.' : '';
}
