import type { Kysely } from 'kysely';
import type { DaySchema } from './schema.ts';

/** The records, by day. A day is a file of its own in SQLite and a partition in PostgreSQL, so that dropping it costs nothing. */
export interface Days {
  /** The days (UTC) that there are, oldest first: `2026-11-29`. */
  days(): Promise<readonly string[]>;
  /**
   * The tables of a day. In PostgreSQL they hold all days: limit `at` by `dayRange(day)`. Ask again for each piece of work: few
   * files stay open. Of a day that there is not, SQLite makes an empty file.
   */
  day(day: string): Kysely<DaySchema>;
  /** Makes the tables of a day if there are none. Call it before a record is written. */
  make(day: string): Promise<void>;
  /** Removes a day with all its records. */
  drop(day: string): Promise<void>;
  /** The bytes that a day takes. */
  size(day: string): Promise<number>;
}

/** The length of a day, in milliseconds. */
export const dayMilliseconds = 86_400_000;

/** The day (UTC) of a time in milliseconds since 1970, such as `2026-11-29`. */
export function dayOf(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}

/** The begin of a time's day (UTC). Both in milliseconds since 1970. */
export function dayBegin(at: number): number {
  return Math.floor(at / dayMilliseconds) * dayMilliseconds;
}

/** The length of a minute, in milliseconds. */
export const minuteMilliseconds = 60_000;

/** The begin of a time's minute. Both in milliseconds since 1970. */
export function minuteOf(at: number): number {
  return Math.floor(at / minuteMilliseconds) * minuteMilliseconds;
}

/** The times of a day, in milliseconds since 1970: from the first to the first of the next day. */
export function dayRange(day: string): { from: number; to: number } {
  const from = Date.parse(`${day}T00:00:00Z`);
  return { from, to: from + dayMilliseconds };
}

/** The day that is `days` after a time; before it if negative. */
export function dayAfter(at: number, days: number): string {
  return dayOf(at + days * dayMilliseconds);
}
