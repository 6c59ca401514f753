import { ToolError } from '../tool-call.ts';

/** One moment in two zones. */
interface Pair {
  from: Temporal.ZonedDateTime;
  to: Temporal.ZonedDateTime;
}

export interface Conversion extends Pair {
  /** Whether the local time happened once, twice (clocks put back) or never (clocks put forward). */
  occurs: 'once' | 'twice' | 'never';
  /** The other moment with the same local time, if there are two. */
  other?: Pair;
}

export interface ConversionRequest {
  /** `2026-07-01T09:30`, seconds optional, or `09:30` for today in the zone `from`. */
  time: string;
  from: string;
  to: string;
  /** Which one to use if the local time happened twice. */
  whenTwice: 'earlier' | 'later';
  now: Temporal.Instant;
}

/**
 * Converts a local time of one zone to another zone. A time that the clocks skipped moves forward by the length of the gap,
 * as in calendars (RFC 5545, 3.3.5).
 * @param request `from` and `to` must be existing zone names
 * @throws {ToolError} if `time` is not a local time
 */
export function convert({ time, from, to, whenTwice, now }: ConversionRequest): Conversion {
  const local = parseLocalTime(time, now.toZonedDateTimeISO(from).toPlainDate());
  const earlier = local.toZonedDateTime(from, { disambiguation: 'earlier' });
  const later = local.toZonedDateTime(from, { disambiguation: 'later' });
  const both = (at: Temporal.ZonedDateTime) => ({ from: at, to: at.withTimeZone(to) });

  if (earlier.epochNanoseconds === later.epochNanoseconds) return { ...both(earlier), occurs: 'once' };
  if (!earlier.toPlainDateTime().equals(local)) return { ...both(later), occurs: 'never' };
  const [chosen, other] = whenTwice === 'earlier' ? [earlier, later] : [later, earlier];
  return { ...both(chosen), occurs: 'twice', other: both(other) };
}

function parseLocalTime(time: string, today: Temporal.PlainDate): Temporal.PlainDateTime {
  const [, date, clock] = /^(?:(\d{4}-\d\d-\d\d)[T ])?(\d\d:\d\d(?::\d\d)?)$/i.exec(time.trim()) ?? [];
  try {
    if (clock) return (date ? Temporal.PlainDate.from(date) : today).toPlainDateTime(Temporal.PlainTime.from(clock));
  } catch {
    // The pattern fits, but the day or time does not exist, such as 30 February.
  }
  throw new ToolError(
    `${JSON.stringify(time)} is no local time. Write 2026-07-01T09:30, or 09:30 for today, on a 24-hour clock, without an offset or Z: from_timezone says where it is that time.`,
  );
}

/** How far `to` is ahead of `from` at that moment, as `+13:30` or `-05:00`. */
export function difference({ from, to }: Conversion): string {
  const minutes = Math.round((to.offsetNanoseconds - from.offsetNanoseconds) / 60e9);
  const two = (n: number) => String(n).padStart(2, '0');
  return `${minutes < 0 ? '-' : '+'}${two(Math.floor(Math.abs(minutes) / 60))}:${two(Math.abs(minutes) % 60)}`;
}
