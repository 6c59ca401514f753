import * as z from 'zod';
import type { PolygonAnswer } from './polygon.ts';
import type { AggregatesInput } from './request.ts';

const barSchema = z.object({
  time: z.string().describe('start of the bar, ISO 8601 in UTC'),
  open: z.number(),
  high: z.number(),
  low: z.number(),
  close: z.number(),
  volume: z.number(),
  vwap: z.number().optional().describe('volume-weighted average price'),
  transactions: z.number().optional(),
});

/** The structured result of both tools. */
export const aggregatesSchema = z.object({
  ticker: z.string(),
  multiplier: z.int(),
  timespan: z.string(),
  adjusted: z.boolean(),
  delayed: z.boolean().describe("whether the plan's data are delayed"),
  count: z.int(),
  complete: z.boolean().describe('false: the window holds more bars than limit allowed'),
  results: z.array(barSchema),
});

export type Aggregates = z.infer<typeof aggregatesSchema>;

/** Converts Polygon's answer to full field names. */
export function toAggregates(answer: PolygonAnswer, { multiplier, timespan }: AggregatesInput): Aggregates {
  return {
    ticker: answer.ticker,
    multiplier,
    timespan,
    adjusted: answer.adjusted,
    delayed: answer.status === 'DELAYED',
    count: answer.results.length,
    complete: answer.next_url === undefined,
    results: answer.results.map(toBar),
  };
}

function toBar({ o, h, l, c, v, vw, n, t }: PolygonAnswer['results'][number]): Aggregates['results'][number] {
  return {
    time: Temporal.Instant.fromEpochMilliseconds(Math.trunc(t)).toString({ smallestUnit: 'second' }),
    open: o,
    high: h,
    low: l,
    close: c,
    volume: v,
    ...(vw !== undefined && { vwap: vw }),
    ...(n !== undefined && { transactions: n }),
  };
}

/** One line that describes the bars. */
function headline(data: Aggregates): string {
  const { ticker, multiplier, timespan, adjusted, delayed, count, complete } = data;
  if (count === 0)
    return `${ticker}: Polygon has no bars in this window. Is the symbol correct, and was the stock traded then?`;
  const notes = [
    adjusted ? 'adjusted for splits' : 'not adjusted',
    ...(delayed ? ['delayed'] : []),
    ...(complete ? [] : ['the window holds more: raise limit or shorten it']),
  ];
  return `${ticker}: ${count} ${count === 1 ? 'bar' : 'bars'} of ${multiplier} ${timespan} (${notes.join(', ')})`;
}

const maxRows = 100;

/** The bars as a table; for a long window only the first and last rows. */
export function table(data: Aggregates): string {
  if (data.count === 0) return headline(data);
  // Bars of a day or longer start at midnight of the exchange; the hour in UTC would only confuse.
  const ofDays = !['second', 'minute', 'hour'].includes(data.timespan);
  const cells = data.results.map((bar) => [
    ofDays ? bar.time.slice(0, 10) : bar.time.slice(0, 19).replace('T', ' '),
    ...[bar.open, bar.high, bar.low, bar.close].map((price) => price.toFixed(2)),
    Math.round(bar.volume).toLocaleString('en-US'),
    bar.vwap === undefined ? '' : bar.vwap.toFixed(2),
  ]);
  const head = [ofDays ? 'Date' : 'Time (UTC)', 'Open', 'High', 'Low', 'Close', 'Volume', 'VWAP'];
  const widths = head.map((title, column) => Math.max(title.length, ...cells.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ')
      .trimEnd();
  const rows = cells.map(line);
  const shown =
    rows.length <= maxRows
      ? rows
      : [...rows.slice(0, maxRows / 2), `… ${rows.length - maxRows} more …`, ...rows.slice(-maxRows / 2)];
  return [headline(data), '', line(head), ...shown].join('\n');
}
