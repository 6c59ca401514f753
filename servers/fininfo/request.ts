import * as z from 'zod';
import { ToolError } from '../tool-call.ts';

const day = /^\d{4}-\d\d-\d\d$/;
const milliseconds = /^\d{12,14}$/;
const moment = (which: string) =>
  z.string().max(20).describe(`${which} of the time window: a day (2026-01-02) or Unix time in milliseconds`);

/** The units of a bar at Polygon. */
const timespans = ['second', 'minute', 'hour', 'day', 'week', 'month', 'quarter', 'year'] as const;

/** The input of both tools, with the names of the Python original. */
export const aggregatesInput = z.object({
  stock_ticker: z
    .string()
    .regex(/^[A-Za-z0-9.:-]{1,32}$/, 'must be a ticker symbol such as AAPL')
    .describe('ticker symbol of the stock, such as AAPL; upper and lower case count'),
  multiplier: z.int().min(1).max(10_000).default(1).describe('how many timespans make one bar: 5 minute, 1 day'),
  timespan: z.enum(timespans).default('day').describe('unit of one bar'),
  from_date: moment('start'),
  to_date: moment('end, inclusive,'),
  adjusted: z.boolean().default(true).describe('whether prices are adjusted for splits'),
  sort: z.enum(['asc', 'desc']).default('asc').describe('asc: oldest bar first; desc: newest first'),
  limit: z.int().min(1).max(50_000).default(5_000).describe('how many base bars Polygon looks at, at most'),
});

export type AggregatesInput = z.infer<typeof aggregatesInput>;

/**
 * The path and query of Polygon's aggregates endpoint (`/v2/aggs/ticker/{ticker}/range/{multiplier}/{timespan}/{from}/{to}`).
 * @throws {ToolError} if a date does not exist, or the window ends before it starts
 */
export function aggregatesPath(input: AggregatesInput): string {
  const [from, to] = [input.from_date.trim(), input.to_date.trim()];
  if (instantOf('from_date', from) > instantOf('to_date', to))
    throw new ToolError(`from_date ${from} is after to_date ${to}; swap them`);
  const segments = [input.stock_ticker, 'range', String(input.multiplier), input.timespan, from, to];
  const query = new URLSearchParams({
    adjusted: String(input.adjusted),
    sort: input.sort,
    limit: String(input.limit),
  });
  return `/v2/aggs/ticker/${segments.map(encodeURIComponent).join('/')}?${query}`;
}

function instantOf(name: string, text: string): number {
  if (milliseconds.test(text)) return Number(text);
  try {
    if (day.test(text)) return Temporal.PlainDate.from(text).toZonedDateTime('UTC').epochMilliseconds;
  } catch {
    // A day such as 2026-02-30, reported below like other invalid dates.
  }
  throw new ToolError(`${name} ${JSON.stringify(text)} is not a date: write a day such as 2026-01-02, or milliseconds`);
}
