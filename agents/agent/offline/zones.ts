import { hints, modernNames } from '../../../common/time/zone-names.ts';

/** Zones by the IANA name and by its city, both in lower case. */
const zones = new Map<string, readonly string[]>([
  ['utc', ['UTC']],
  ['gmt', ['UTC']],
  ...Intl.supportedValuesOf('timeZone').flatMap((name) => {
    const zone = modernNames.get(name) ?? name;
    return [name, zone].flatMap((one) =>
      [one, one.split('/').at(-1) ?? one].map((key) => [plain(key), [zone]] as const),
    );
  }),
]);

/**
 * The IANA time zones that a text may mean: one for a city (`New York`, `São Paulo`), an IANA name or an offset
 * (`UTC+9`, as `+09:00`), several for an ambiguous abbreviation (`IST`), none for any other text.
 */
export function zonesOf(text: string): readonly string[] {
  const [, sign, hours = '', minutes = '00'] = /^(?:UTC|GMT)([+-])(\d{1,2})(?::?(\d\d))?$/.exec(text) ?? [];
  if (sign) return Number(hours) <= 14 ? [`${sign}${hours.padStart(2, '0')}:${minutes}`] : [];
  const name = plain(text);
  // "ist" and "est" are words of other languages, and "to" and "us" of this one.
  if (name.length <= 3 && text !== text.toUpperCase()) return [];
  return zones.get(name) ?? hints.get(name.replaceAll(' ', '')) ?? [];
}

function plain(text: string): string {
  return text.normalize('NFD').replace(/\p{M}/gu, '').replaceAll('_', ' ').toLowerCase();
}
