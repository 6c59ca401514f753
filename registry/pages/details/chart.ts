import type { Span } from '../../store/checks.ts';
import { counted } from '../shared/format.ts';

const minute = 60_000;
/** `slot`: spans in one slot of the strip, `slots` of them. `rowOf`: spans in one row of the table. */
const shapes = {
  day: { label: 'Last 24 hours', size: 5 * minute, slot: 6, slots: 48, rowOf: 12, tickOf: 12 },
  week: { label: 'Last 7 days', size: 60 * minute, slot: 4, slots: 42, rowOf: 24, tickOf: 6 },
} as const;
/** A strip of less than this says nothing. */
const leastSpans = 60;

/**
 * The sums of checks as a strip of equal times (`slots`, the oldest first), in figures, in words (`summary`) and as a table
 * (`rows`, the newest first).
 * @param spans oldest first; spans without a check are missing
 */
export function chartOf(id: 'day' | 'week', spans: readonly Span[], now: Date) {
  const { label, size, slot, slots: count } = shapes[id];
  const width = size * slot;
  const end = Math.floor(now.getTime() / width) + 1;
  const inside = spans.filter(({ start }) => start.getTime() >= (end - count) * width);
  const bySlot = Map.groupBy(inside, ({ start }) => Math.floor(start.getTime() / width));
  const slots = Array.from({ length: count }, (_, i) => slotOf(id, end - count + i, width, bySlot));
  const [first] = inside;
  return {
    id,
    label,
    slots,
    ticks: slots.filter((_, i) => i % shapes[id].tickOf === 0).map(({ tick }) => tick),
    /** Whether there is enough of it to draw. */
    isDrawn: first !== undefined && now.getTime() - first.start.getTime() >= leastSpans * minute,
    figures: figuresOf(inside),
    summary: summaryOf(inside),
    rows: rowsOf(id, inside),
  };
}

function slotOf(id: 'day' | 'week', at: number, width: number, bySlot: ReadonlyMap<number, readonly Span[]>) {
  const { checks, failed, meanMs } = sumOf(bySlot.get(at) ?? []);
  const text = new Date(at * width).toISOString();
  const tick = id === 'day' ? text.slice(11, 16) : text.slice(5, 10);
  const from = id === 'day' ? tick : `${tick} ${text.slice(11, 16)}`;
  const took = meanMs === null ? '' : `, ${meanMs} ms`;
  if (checks === 0) return { kind: 'none', tick, title: `${from} UTC: no check` };
  if (failed > 0)
    return { kind: 'down', tick, title: `${from} UTC: ${failed} of ${counted(checks, 'check')} failed${took}` };
  return { kind: 'good', tick, title: `${from} UTC: all ${counted(checks, 'check')} good${took}` };
}

/** Rounded down, so that one failure is never shown as 100 %. */
function shareOf({ checks, failed }: { checks: number; failed: number }): string {
  return `${Math.floor(((checks - failed) / checks) * 1_000) / 10} %`;
}

function figuresOf(spans: readonly Span[]) {
  const { checks, failed, meanMs, longestMs } = sumOf(spans);
  const number = (value: number) => value.toLocaleString('en');
  if (checks === 0) return [];
  return [
    {
      name: 'Answered',
      value: shareOf({ checks, failed }),
      note: `${number(checks - failed)} of ${number(checks)} checks`,
    },
    { name: 'Mean answer', value: meanMs === null ? '–' : `${number(meanMs)} ms`, note: 'of checks that succeeded' },
    {
      name: 'Longest answer',
      value: longestMs === null ? '–' : `${number(longestMs)} ms`,
      note: 'of checks that succeeded',
    },
  ];
}

function summaryOf(spans: readonly Span[]): string {
  const { checks, failed, meanMs, longestMs } = sumOf(spans);
  if (checks === 0) return 'No check yet.';
  const took = meanMs === null ? '' : `, answered in ${meanMs} ms on average, ${longestMs ?? 0} ms at the longest`;
  return `${shareOf({ checks, failed })} of ${checks.toLocaleString('en')} checks succeeded${took}.`;
}

function rowsOf(id: 'day' | 'week', spans: readonly Span[]) {
  const { size, rowOf } = shapes[id];
  const rows = Map.groupBy(spans, ({ start }) => Math.floor(start.getTime() / (size * rowOf)));
  return [...rows].map(([key, row]) => ({ start: new Date(key * size * rowOf), ...sumOf(row) })).reverse();
}

function sumOf(spans: readonly Span[]) {
  const sum = (of: (span: Span) => number) => spans.reduce((total, span) => total + of(span), 0);
  const [ok, failed] = [sum((span) => span.ok), sum((span) => span.failed)];
  const longest = spans.flatMap(({ longestMs }) => longestMs ?? []);
  return {
    checks: ok + failed,
    failed,
    meanMs: ok > 0 ? Math.round(sum((span) => (span.meanMs ?? 0) * span.ok) / ok) : null,
    longestMs: longest.length > 0 ? Math.max(...longest) : null,
  };
}
