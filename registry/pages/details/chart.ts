import type { Span } from '../../store/checks.ts';

const minute = 60_000;
const shapes = {
  day: { label: 'Last 24 hours', size: 5 * minute, bars: 288, rowOf: 12, tickOf: 72 },
  week: { label: 'Last 7 days', size: 60 * minute, bars: 168, rowOf: 24, tickOf: 24 },
} as const;
const width = 576;
const line = 48;
const up = 44;
const down = 20;
const height = line + down + 16;
const smallest = 3;

/**
 * Draws the sums of checks, one bar for each span, as SVG paths: successes point up from the line, failures down. The same
 * in words (`summary`) and as a table (`rows`), the newest first.
 * @param spans oldest first; spans without a check are missing
 */
export function chartOf(id: 'day' | 'week', spans: readonly Span[], now: Date) {
  const { label, size, bars, tickOf } = shapes[id];
  const bar = width / bars;
  const end = Math.floor(now.getTime() / size) + 1;
  const byStart = new Map(spans.map((span) => [Math.floor(span.start.getTime() / size), span]));
  const paths = { ok: '', failed: '', none: '' };
  const ticks: { x: number; text: string }[] = [];
  for (let i = 0; i < bars; i++) {
    const start = end - bars + i;
    const x = Math.round(i * bar * 10) / 10;
    if (start % tickOf === 0 && x > 8 && x < width - 24) ticks.push({ x, text: tickText(id, new Date(start * size)) });
    const span = byStart.get(start);
    const all = span ? span.ok + span.failed : 0;
    if (!span || all === 0) {
      paths.none += box(x, line - 1, bar, 2);
      continue;
    }
    if (span.ok > 0) paths.ok += box(x, line - tall(span.ok / all, up), bar, tall(span.ok / all, up));
    if (span.failed > 0) paths.failed += box(x, line, bar, tall(span.failed / all, down));
  }
  const inside = spans.filter(({ start }) => start.getTime() >= (end - bars) * size);
  return { label, width, height, ...paths, ticks, summary: summaryOf(inside), rows: rowsOf(id, inside) };
}

/** One bar, a little narrower than its room. */
function box(x: number, y: number, room: number, tallness: number): string {
  const wide = Math.round((room - 0.4) * 10) / 10;
  return `M${x} ${y}h${wide}v${tallness}h-${wide}z`;
}

function tall(share: number, full: number): number {
  return Math.max(smallest, Math.round(share * full));
}

function tickText(id: 'day' | 'week', at: Date): string {
  const text = at.toISOString();
  return id === 'day' ? text.slice(11, 16) : text.slice(5, 10);
}

function summaryOf(spans: readonly Span[]): string {
  const { checks, failed, meanMs, longestMs } = sumOf(spans);
  if (checks === 0) return 'No check yet.';
  // Rounded down, so that one failure is never shown as 100 %.
  const share = Math.floor(((checks - failed) / checks) * 1_000) / 10;
  const took = meanMs === null ? '' : `, answered in ${meanMs} ms on average, ${longestMs ?? 0} ms at the longest`;
  return `${share} % of ${checks.toLocaleString('en')} checks succeeded${took}.`;
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
