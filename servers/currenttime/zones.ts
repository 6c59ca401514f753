import * as z from 'zod';
import { hints, modernNames } from '../../common/time/zone-names.ts';
import { ToolError } from '../tool-call.ts';

const oldNames = new Map([...modernNames].map(([old, modern]) => [modern, old]));

/** Every zone once, by its current name, sorted, and `UTC`, which `Intl` omits. */
const allZones: readonly string[] = [
  ...new Set(['UTC', ...Intl.supportedValuesOf('timeZone').map((name) => modernNames.get(name) ?? name)]),
].sort();

/** A zone as callers write it. The longest IANA name has 32 characters. */
export const zoneInput = z.string().max(100);

/**
 * Resolves an IANA name, current or former, in any case, with spaces or underscores (`america/new york`), or a fixed offset
 * (`+05:30`).
 * @returns the name in its proper case; keeps a former name (`asia/calcutta` becomes `Asia/Calcutta`)
 * @throws {ToolError} for an unknown zone; the message suggests similar ones
 */
export function resolveZone(name: string): string {
  const candidate = name.trim().replaceAll(' ', '_');
  const zone = zoneId(candidate);
  if (zone) return zone;
  const close = suggestZones(name);
  const advice = close.length ? `Did you mean ${close.join(' or ')}?` : 'list_timezones finds names.';
  throw new ToolError(
    `There is no time zone ${JSON.stringify(name)}. ${advice} Names are those of the IANA database, such as Europe/Paris.`,
  );
}

function zoneId(candidate: string): string | undefined {
  // Temporal would also accept a whole timestamp with a zone.
  if (!/^([A-Za-z][A-Za-z0-9_+/-]*|[+-]\d\d:\d\d)$/.test(candidate)) return undefined;
  try {
    return Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(candidate).timeZoneId;
  } catch {
    return undefined;
  }
}

/** Up to three zones with a similar place name, the most similar first. */
export function suggestZones(name: string): string[] {
  const place = letters(name.split('/').at(-1) ?? '');
  const meant = hints.get(place) ?? [];
  const close = allZones
    .map((zone) => ({ zone, score: Math.max(...namesOf(zone).map((n) => likeness(place, placeOf(n)))) }))
    .filter(({ score }) => score >= 0.5)
    .sort((a, b) => b.score - a.score);
  // After an exact match, merely similar places would only confuse.
  const best = close.some(({ score }) => score === 1) ? close.filter(({ score }) => score === 1) : close;
  return [...new Set([...meant, ...best.map(({ zone }) => zone)])].slice(0, 3);
}

/**
 * The zones that fit `filter`, sorted by name.
 * @param filter part of a present or former name (`new york`, `calcutta`), or an offset at `now` (`+05:30`, `UTC+9`);
 *   empty for all
 */
export function findZones(filter: string, now: Temporal.Instant): { zone: string; at: Temporal.ZonedDateTime }[] {
  const text = filter.trim().replaceAll(' ', '_').toLowerCase();
  const offset = offsetIn(text);
  return allZones
    .map((zone) => ({ zone, at: now.toZonedDateTimeISO(zone) }))
    .filter(({ zone, at }) =>
      offset ? at.offset === offset : namesOf(zone).some((n) => n.toLowerCase().includes(text)),
    );
}

function namesOf(zone: string): string[] {
  const old = oldNames.get(zone);
  return old ? [zone, old] : [zone];
}

function placeOf(zone: string): string {
  return letters(zone.split('/').at(-1) ?? '');
}

/** `utc+9`, `+5:30`, `-03:00` as an offset `±HH:MM`. */
function offsetIn(text: string): string | undefined {
  const [, sign, hours, minutes = '00'] = /^(?:utc|gmt)?([+-])(\d{1,2})(?::?(\d\d))?$/.exec(text) ?? [];
  return sign && hours && `${sign}${hours.padStart(2, '0')}:${minutes}`;
}

function letters(text: string): string {
  return text
    .normalize('NFD')
    .replace(/[^A-Za-z]/g, '')
    .toLowerCase();
}

/** Dice's coefficient over pairs of letters: 1 for equal words, 0 for no common pair. */
function likeness(a: string, b: string): number {
  const [first, second] = [pairs(a), pairs(b)];
  const total = first.size + second.size;
  return total === 0 ? 0 : (2 * first.intersection(second).size) / total;
}

function pairs(word: string): Set<string> {
  return new Set(Array.from({ length: Math.max(0, word.length - 1) }, (_, i) => word.slice(i, i + 2)));
}
