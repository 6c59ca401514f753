import { LRUCache } from 'lru-cache';
import * as z from 'zod';

/** Returns the current time: `Temporal.Now.instant`, or a fixed one in tests. */
export type Clock = () => Temporal.Instant;

/** One moment in the local time of one zone. */
export const momentSchema = z.object({
  timezone: z.string().describe('IANA name of the zone'),
  datetime: z.string().describe('local date and time with offset, ISO 8601, such as 2026-07-01T09:30:00+09:00'),
  utc_offset: z.string().describe('offset from UTC, such as +05:45'),
  weekday: z.string().describe('English name of the weekday'),
  dst: z.boolean().describe('whether daylight saving time is in effect'),
});

/** `at` as data; see {@link momentSchema}. */
export function toMoment(at: Temporal.ZonedDateTime): z.infer<typeof momentSchema> {
  return {
    timezone: at.timeZoneId,
    datetime: at.toString({ timeZoneName: 'never', smallestUnit: 'second' }),
    utc_offset: at.offset,
    weekday: weekdayOf(at),
    dst: isDaylightSaving(at),
  };
}

// To make a formatter takes a hundred times as long as to use it.
const dates = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'long', year: 'numeric' });
const weekdays = new Intl.DateTimeFormat('en-US', { weekday: 'long' });
const zones = new LRUCache<string, Intl.DateTimeFormat>({ max: 500 });

/** `at` as text: `Wednesday, 1 July 2026, 20:00:00 EDT (UTC-04:00), daylight saving time`. */
export function toText(at: Temporal.ZonedDateTime): string {
  const date = dates.format(at.toPlainDate());
  const time = at.toPlainTime().toString({ smallestUnit: 'second' });
  const abbreviation = abbreviationOf(at);
  const offset = `UTC${at.offset}`;
  const zone = abbreviation ? `${abbreviation} (${offset})` : offset;
  return `${weekdayOf(at)}, ${date}, ${time} ${zone}${isDaylightSaving(at) ? ', daylight saving time' : ''}`;
}

function weekdayOf(at: Temporal.ZonedDateTime): string {
  return weekdays.format(at.toPlainDate());
}

/**
 * Whether daylight saving time is in effect, which neither Temporal nor Intl reports directly. Most zones have a telling
 * name ("Eastern Daylight Time"). Some have none (Antarctica/Troll) or a misleading one (Irish Standard Time is the summer's):
 * there a period counts that ends with the clocks put back, is shorter than ten months, and recurs a year later. The length
 * excludes Morocco's standard time around Ramadan; the recurrence excludes countries that change their zone permanently.
 */
function isDaylightSaving(at: Temporal.ZonedDateTime): boolean {
  if (/\b(Daylight|Summer)\b/.test(zoneName(at, 'long', 'en-US'))) return true;
  const start = at.getTimeZoneTransition('previous');
  const end = at.getTimeZoneTransition('next');
  if (!start || !end || end.offsetNanoseconds >= at.offsetNanoseconds) return false;
  return start.until(end, { largestUnit: 'days' }).days < 300 && at.add({ years: 1 }).offset === at.offset;
}

/** Intl knows an abbreviation only in the locales that use it; elsewhere it returns GMT+9. */
const locales = ['en-US', 'en-GB', 'en-IE', 'en-AU', 'en-NZ', 'en-CA', 'en-IN', 'en-ZA', 'ja-JP'];

function abbreviationOf(at: Temporal.ZonedDateTime): string | undefined {
  return locales.map((locale) => zoneName(at, 'short', locale)).find((name) => /^[A-Z]{2,5}$/.test(name));
}

function zoneName(at: Temporal.ZonedDateTime, style: 'short' | 'long', locale: string): string {
  const key = `${at.timeZoneId} ${style} ${locale}`;
  let format = zones.get(key);
  if (!format) {
    format = new Intl.DateTimeFormat(locale, { timeZone: at.timeZoneId, timeZoneName: style });
    zones.set(key, format);
  }
  return format.formatToParts(at.epochMilliseconds).find((part) => part.type === 'timeZoneName')?.value ?? '';
}
