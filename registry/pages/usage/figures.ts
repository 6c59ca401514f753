import type { Usage, UsageCounts, UsageSpan } from '../../../common/doors/usage.ts';
import { took, withCommas } from '../shared/format.ts';

export const spanWords: Record<UsageSpan, string> = { '24h': '24 hours', '7d': '7 days', '90d': '90 days' };

const notMeasured = { value: '–', note: ['not measured'] };

/** The sums of a span, each with what it was in the span before. */
export function figuresOf(usage: Usage) {
  const { total, callers, measured, before } = usage;
  const was = isKnownBefore(usage) ? before : undefined;
  const wasMeasured = was?.p50 === null ? undefined : was;
  const refused = (of: UsageCounts) => percentOf(of.refused, of.calls);
  const failed = (of: UsageCounts) => percentOf(of.errors, of.calls);
  const time = (part: 'p50' | 'p95') => {
    const [is, before] = [total[part], wasMeasured?.[part] ?? null];
    if (is === null) return notMeasured;
    return { value: took(is), note: [before === null ? '' : `before ${took(before)}`] };
  };
  const errors = {
    value: withCommas(total.errors),
    note: [failed(total), wasMeasured && `before ${failed(wasMeasured)}`],
  };
  const figures = [
    { name: 'Calls', value: withCommas(total.calls), note: [was ? changeIn(total, was, usage.span) : ''] },
    { name: 'Refused', value: withCommas(total.refused), note: [refused(total), was && `before ${refused(was)}`] },
    { name: 'Errors', ...(measured === 'none' ? notMeasured : errors) },
    { name: 'p50', ...time('p50') },
    { name: 'p95', ...time('p95') },
    { name: 'People and agents', value: withCommas(callers), note: [] },
  ];
  return figures.map((figure) => ({ ...figure, note: figure.note.filter(Boolean).join(', ') }));
}

/** Whether all of the span before is known: compared with a part of it, everything would have grown. */
function isKnownBefore({ since, from, to }: Usage): boolean {
  const [start, end] = [Date.parse(from), Date.parse(to)];
  return since !== null && Date.parse(since) <= start - (end - start);
}

function changeIn({ calls }: UsageCounts, { calls: before }: UsageCounts, span: UsageSpan): string {
  const than = `than in the ${spanWords[span]} before`;
  if (before === 0) return `none in the ${spanWords[span]} before`;
  const change = Math.round(((calls - before) / before) * 100);
  if (change === 0) return `as many as in the ${spanWords[span]} before`;
  return `${withCommas(Math.abs(change))} % ${change > 0 ? 'more' : 'fewer'} ${than}`;
}

/** A share with one decimal. What is there is never shown as 0 %. */
function percentOf(part: number, whole: number): string {
  if (part === 0 || whole === 0) return '0 %';
  return part / whole < 0.001 ? 'under 0.1 %' : `${(Math.round((part / whole) * 1_000) / 10).toLocaleString('en')} %`;
}
