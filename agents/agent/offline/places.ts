import { hints, modernNames } from '../../../common/time/zone-names.ts';

/** The zones that a place name may mean; one if it is clear. */
export type Zones = readonly string[];

/** Words of a text that may name a place: `new york` for `New York`, `sao paulo` for `São Paulo`. */
export function plain(text: string): string {
  return text
    .normalize('NFD')
    .replace(/[\p{M}.’']/gu, '')
    .replace(/_/g, ' ')
    .toLowerCase()
    .trim();
}

/** Cities and areas of the IANA database, and what people write instead. */
const cities: ReadonlyMap<string, Zones> = cityTable();
let countries: ReadonlyMap<string, Zones> | undefined;

/** The zones of a city, an IANA name, an abbreviation or a country; undefined if it is none of them. */
export function zonesOf(place: string): Zones | undefined {
  const name = plain(place);
  const iana = /^[a-z]+\/[a-z/ +-]+\d*$/.test(name) ? properName(name.replaceAll(' ', '_')) : undefined;
  if (iana) return [iana];
  const city = cities.get(name) ?? hints.get(name.replaceAll(' ', ''));
  if (city) return city;
  countries ??= countryTable();
  return countries.get(name);
}

/** `UTC+9`, `GMT-5:30`, `+05:30` as a fixed offset, which Temporal takes as a zone. */
export function offsetZone(text: string): string | undefined {
  const [, sign, hours, minutes = '00'] = /^(?:UTC|GMT)?([+-])(\d{1,2})(?::?(\d\d))?$/.exec(text) ?? [];
  if (!sign || !hours || Number(hours) > 14) return undefined;
  return `${sign}${hours.padStart(2, '0')}:${minutes}`;
}

function properName(name: string): string | undefined {
  try {
    const { timeZoneId } = Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(name);
    return modernNames.get(timeZoneId) ?? timeZoneId;
  } catch {
    return undefined;
  }
}

function cityTable(): Map<string, Zones> {
  const table = new Map<string, Zones>([
    ['utc', ['UTC']],
    ['gmt', ['UTC']],
  ]);
  for (const name of Intl.supportedValuesOf('timeZone')) {
    const zone = modernNames.get(name) ?? name;
    for (const spelled of new Set([name, zone])) {
      const place = plain(spelled.split('/').at(-1) ?? '');
      table.set(place, [...new Set([...(table.get(place) ?? []), zone])]);
    }
  }
  return table;
}

function countryTable(): Map<string, Zones> {
  const table = new Map<string, Zones>();
  const names = new Intl.DisplayNames(['en'], { type: 'region', fallback: 'none' });
  const letters = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZ'];
  for (const code of letters.flatMap((first) => letters.map((second) => first + second))) {
    const name = names.of(code);
    const zones = name ? zonesIn(code) : [];
    if (name && zones.length > 0) table.set(plain(name), zones);
  }
  for (const [short, long] of [
    ['usa', 'united states'],
    ['us', 'united states'],
    ['uk', 'united kingdom'],
  ] as const) {
    const zones = table.get(long);
    if (zones) table.set(short, zones);
  }
  return table;
}

function zonesIn(region: string): string[] {
  // ECMA-402's Intl.Locale info; TypeScript does not know it yet.
  const locale = new Intl.Locale(`und-${region}`) as Intl.Locale & { getTimeZones?: () => string[] | undefined };
  return (locale.getTimeZones?.() ?? []).map((zone) => modernNames.get(zone) ?? zone);
}
