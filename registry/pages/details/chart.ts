import type { Span } from '../../store/check-sums.ts';

/** A chart of checks: one bar for each span, what succeeded up from the line, what failed down from it. */
export interface Chart {
  id: 'day' | 'week';
  label: string;
  width: number;
  height: number;
  /** SVG paths, empty where there is nothing to draw. */
  ok: string;
  failed: string;
  none: string;
  /** Under the bars. */
  ticks: readonly { x: number; text: string }[];
  /** In words what the picture shows. */
  summary: string;
  /** The same as a table, the newest first. */
  rows: readonly { start: Date; checks: number; failed: number; meanMs: number | null; longestMs: number | null }[];
}

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

/** Draws the sums of checks. @param spans the oldest first; those that are missing had no check */
export function chartOf(id: 'day' | 'week', spans: readonly Span[], now: Date): Chart {
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
  return {
    id,
    label,
    width: bars * bar,
    height,
    ...paths,
    ticks,
    summary: summaryOf(inside),
    rows: rowsOf(id, inside),
  };
}

/** A bar leaves a little room to the next, and is never too small to be seen. */
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
  const ok = spans.reduce((sum, span) => sum + span.ok, 0);
  const failed = spans.reduce((sum, span) => sum + span.failed, 0);
  if (ok + failed === 0) return 'No check yet.';
  const timed = spans.reduce((sum, span) => sum + (span.meanMs ?? 0) * span.ok, 0);
  const longest = Math.max(0, ...spans.map((span) => span.longestMs ?? 0));
  // Rounded down: 100 % is said only if nothing failed.
  const share = Math.floor((ok / (ok + failed)) * 1_000) / 10;
  const took = ok > 0 ? `, answered in ${Math.round(timed / ok)} ms on average, ${longest} ms at the longest` : '';
  return `${share} % of ${(ok + failed).toLocaleString('en')} checks succeeded${took}.`;
}

function rowsOf(id: 'day' | 'week', spans: readonly Span[]): Chart['rows'] {
  const { size, rowOf } = shapes[id];
  const rows = Map.groupBy(spans, ({ start }) => Math.floor(start.getTime() / (size * rowOf)));
  return [...rows]
    .map(([key, all]) => {
      const ok = all.reduce((sum, span) => sum + span.ok, 0);
      const failed = all.reduce((sum, span) => sum + span.failed, 0);
      const timed = all.reduce((sum, span) => sum + (span.meanMs ?? 0) * span.ok, 0);
      const longest = all.flatMap(({ longestMs }) => longestMs ?? []);
      return {
        start: new Date(key * size * rowOf),
        checks: ok + failed,
        failed,
        meanMs: ok > 0 ? Math.round(timed / ok) : null,
        longestMs: longest.length > 0 ? Math.max(...longest) : null,
      };
    })
    .reverse();
}
