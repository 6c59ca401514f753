import { offsetZone, plain, zonesOf } from './places.ts';

export type Kind = 'zone' | 'time' | 'date' | 'datetime' | 'number' | 'ticker' | 'quoted' | 'email' | 'url';

/** Something in a message that can become an argument, and where it stands. */
export interface Entity {
  kind: Kind;
  value: string;
  start: number;
  end: number;
  /** The end of a range that the words around it make it: from, to. */
  role?: 'from' | 'to' | undefined;
  /** What else it may mean; a zone such as IST. */
  choices?: readonly string[] | undefined;
}

interface Reading {
  message: string;
  /** The message with what has been understood blanked, so that nothing is read twice. */
  rest: string;
  found: Entity[];
}

/**
 * What a message holds for arguments: time zones by city or country, times, dates, numbers, ticker symbols, quoted text,
 * addresses. In the order of the message.
 * @param today what `today` and `last 7 days` count from
 */
export function readEntities(message: string, today: Temporal.PlainDate): Entity[] {
  const reading: Reading = { message, rest: message, found: [] };
  take(reading, /"([^"]+)"|“([^”]+)”|`([^`]+)`|(?<![\p{L}\d])'([^']+)'(?![\p{L}\d])/gu, 'quoted', (m) =>
    m.slice(1).find((part) => part !== undefined),
  );
  take(reading, /https?:\/\/[^\s<>"']+[^\s<>"'.,;:!?)]/g, 'url', ([text]) => text);
  take(reading, /[\w.+-]+@[\w-]+(?:\.[\w-]+)+/g, 'email', ([text]) => text);
  takeDates(reading, today);
  takeTimes(reading);
  takeOffsets(reading);
  takePlaces(reading);
  take(reading, /(?<![\p{L}\d.:])-?\d+(?:\.\d+)?(?![\p{L}\d:])/gu, 'number', ([text]) => text);
  take(reading, /(?<![\p{L}\d])\$?([A-Z]{1,5}(?:\.[A-Z])?)(?![\p{L}\d])/gu, 'ticker', (m) => tickerIn(m));
  return withRoles(reading);
}

function take(
  reading: Reading,
  pattern: RegExp,
  kind: Kind,
  read: (match: RegExpExecArray) => string | undefined,
  more: Pick<Entity, 'role'> = {},
): void {
  for (const match of reading.rest.matchAll(pattern)) {
    const value = read(match);
    if (value !== undefined)
      add(reading, { kind, value, start: match.index, end: match.index + match[0].length, ...more });
  }
}

function add(reading: Reading, entity: Entity): void {
  const { start, end } = entity;
  reading.found.push(entity);
  reading.rest = reading.rest.slice(0, start) + ' '.repeat(end - start) + reading.rest.slice(end);
}

const notTickers = new Set(['I', 'A', 'AM', 'PM', 'MCP', 'API', 'OK', 'UTC', 'GMT', 'URL', 'JSON', 'ID', 'AND', 'OR']);

function tickerIn([text, symbol = '']: RegExpExecArray): string | undefined {
  return text.startsWith('$') || (!notTickers.has(symbol) && symbol.length > 1) ? symbol : undefined;
}

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const month = '(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\\.?';

function takeDates(reading: Reading, today: Temporal.PlainDate): void {
  take(reading, /\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)?/g, 'datetime', ([text]) =>
    text.replace(' ', 'T'),
  );
  take(reading, /\b\d{4}-\d\d-\d\d\b/g, 'date', ([text]) => text);
  const named = (day: string | undefined, name: string | undefined, year: string | undefined) =>
    dateOf(Number(year ?? today.year), months.indexOf((name ?? '').slice(0, 3).toLowerCase()) + 1, Number(day));
  take(reading, new RegExp(`\\b(\\d{1,2})(?:st|nd|rd|th)?(?: of)? ${month}(?:,? (\\d{4}))?\\b`, 'gi'), 'date', (m) =>
    named(m[1], m[2], m[3]),
  );
  take(reading, new RegExp(`\\b${month} (\\d{1,2})(?:st|nd|rd|th)?(?:,? (\\d{4}))?\\b`, 'gi'), 'date', (m) =>
    named(m[2], m[1], m[3]),
  );
  const days = { yesterday: -1, today: 0, tomorrow: 1 };
  take(reading, /\b(yesterday|today|tomorrow)\b/gi, 'date', ([text]) =>
    today.add({ days: days[text.toLowerCase() as keyof typeof days] }).toString(),
  );
  for (const match of reading.rest.matchAll(/\b(?:last|past) (?:(\d{1,4}) )?(day|week|month|year)s?\b/gi)) {
    const from = today.subtract({ [`${match[2]?.toLowerCase()}s`]: Number(match[1] ?? 1) });
    const place = { kind: 'date', start: match.index, end: match.index + match[0].length } as const;
    add(reading, { ...place, value: from.toString(), role: 'from' });
    add(reading, { ...place, value: today.toString(), role: 'to' });
  }
}

function dateOf(year: number, monthOfYear: number, day: number): string | undefined {
  try {
    return Temporal.PlainDate.from({ year, month: monthOfYear, day }, { overflow: 'reject' }).toString();
  } catch {
    return undefined;
  }
}

function takeTimes(reading: Reading): void {
  const clock = (hours: number, minutes: string, half: string | undefined) => {
    const shifted = half ? (hours % 12) + (half.toLowerCase().startsWith('p') ? 12 : 0) : hours;
    const valid = shifted < 24 && Number(minutes) < 60 && (!half || (hours >= 1 && hours <= 12));
    return valid ? `${String(shifted).padStart(2, '0')}:${minutes}` : undefined;
  };
  take(reading, /(?<![\d:+-])(\d{1,2}):(\d\d)(?:\s?([ap])\.?m\b\.?)?(?![\d:])/gi, 'time', (m) =>
    clock(Number(m[1]), m[2] ?? '00', m[3]),
  );
  take(reading, /(?<![\d:.])(\d{1,2})\s?([ap])\.?m\b\.?/gi, 'time', (m) => clock(Number(m[1]), '00', m[2]));
  take(reading, /\b(noon|midnight)\b/gi, 'time', ([text]) => (text.toLowerCase() === 'noon' ? '12:00' : '00:00'));
}

function takeOffsets(reading: Reading): void {
  take(reading, /(?<![\p{L}\d])(?:(?:UTC|GMT)[+-]\d{1,2}(?::?\d\d)?|[+-]\d\d:\d\d)(?!\d)/gu, 'zone', ([text]) =>
    offsetZone(text),
  );
}

const afterThese = /(?:^|\s)(?:in|for|at|of|from|to|into|and|between)\s+(?:the\s+)?$/i;

/** Names of one to four words; a longer one first, so that New York is not York. */
function takePlaces(reading: Reading): void {
  const words = [...reading.rest.matchAll(/[\p{L}\p{M}][\p{L}\p{M}\d_/.’'-]*/gu)];
  for (let at = 0; at < words.length; at++) {
    for (let count = Math.min(4, words.length - at); count > 0; count--) {
      const [first, last] = [words[at], words[at + count - 1]];
      if (!first || !last) break;
      const place = placeAt(reading, first.index, last.index + last[0].length);
      if (!place) continue;
      add(reading, place);
      at += count - 1;
      break;
    }
  }
}

function placeAt(reading: Reading, start: number, wordsEnd: number): Entity | undefined {
  const text = reading.rest.slice(start, wordsEnd).replace(/(?:'s|[.'’-])+$/u, '');
  if (/\s{2}/.test(text)) return undefined;
  // "to" and "us" are words before they are places; a place is written with a capital, or where a place belongs.
  const named = /^\p{Lu}/u.test(text) || (text.length > 3 && afterThese.test(reading.message.slice(0, start)));
  const abbreviation = plain(text).length <= 4 && text !== text.toUpperCase();
  const zones = named && !(abbreviation && shortOnly(text)) ? zonesOf(text) : undefined;
  if (!zones?.[0]) return undefined;
  const end = start + text.length;
  return { kind: 'zone', value: zones[0], start, end, choices: zones.length > 1 ? zones : undefined };
}

/** Abbreviations of zones count in capitals only: "est" and "Ist" are words of other languages. */
function shortOnly(text: string): boolean {
  return /^(us|uk|[a-z]{1,2}[sd]?t|utc|gmt)$/i.test(text);
}

const fromWord = /(?:^|[^\p{L}])(from|since|between|starting|after)\s+(?:the\s+)?$/iu;
const toWord = /(?:^|[^\p{L}])(to|until|till|through|into|and)\s+(?:the\s+)?$|[-–…]\s*$/iu;

function withRoles({ message, found }: Reading): Entity[] {
  const ordered = found.sort((a, b) => a.start - b.start);
  const roled = ordered.map((entity): Entity => {
    const before = message.slice(0, entity.start);
    if (entity.role) return entity;
    if (fromWord.test(before)) return { ...entity, role: 'from' };
    return toWord.test(before) ? { ...entity, role: 'to' } : entity;
  });
  return besideTime(roled);
}

/** "when it is 9:00 in Berlin": the zone beside a time is the one that the time is of, so the other is asked for. */
function besideTime(entities: Entity[]): Entity[] {
  const zones = entities.filter(({ kind, role }) => kind === 'zone' && role !== 'from');
  const time = entities.find(({ kind }) => kind === 'time' || kind === 'datetime');
  if (!time || zones.length !== 2 || zones.some(({ role }) => role !== undefined)) return entities;
  const distance = ({ start, end }: Entity) => Math.max(start - time.end, time.start - end);
  const [own] = zones.toSorted((a, b) => distance(a) - distance(b));
  return entities.map((entity) =>
    zones.includes(entity) ? { ...entity, role: entity === own ? ('from' as const) : ('to' as const) } : entity,
  );
}

/** The text without these parts; what is left keeps its place. */
export function without(text: string, parts: Iterable<Entity>): string {
  let rest = text;
  for (const { start, end } of parts) rest = rest.slice(0, start) + ' '.repeat(end - start) + rest.slice(end);
  return rest;
}
