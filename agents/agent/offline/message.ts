import { hints, modernNames } from '../../../common/time/zone-names.ts';

type Kind = 'quoted' | 'time' | 'date' | 'zone' | 'number' | 'ticker';

/** A part of a message that can become an argument. */
export interface Value {
  kind: Kind;
  /** What it means; several zones for an ambiguous abbreviation. */
  meanings: readonly string[];
  start: number;
  end: number;
  /** The end of a range that the words before it make it. */
  role: 'from' | 'to' | undefined;
}

/** A message, taken apart. */
export interface Message {
  /** Arguments written as `name=value`, by the name in lower case. */
  given: ReadonlyMap<string, string>;
  /** The message without them; the other characters keep their place. */
  rest: string;
  /** In the order of the message. */
  values: readonly Value[];
}

const pair = /(?<![\w.])([A-Za-z_][\w-]*)\s?=\s?("[^"]*"|'[^']*'|\{.*\}|\[[^[\]]*\]|[^\s;"'=]+)/g;
const place = (words: number) =>
  new RegExp(String.raw`(?<![\p{L}\d_/-])[\p{L}_/-]+(?: [\p{L}_/-]+){${words - 1}}(?![\p{L}\d_/+-])`, 'gu');
const patterns: readonly [Kind, RegExp][] = [
  ['quoted', /"[^"]+"|“[^”]+”|(?<![\p{L}\d])'[^']+'(?![\p{L}\d])/gu],
  ['time', /\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d\b/g],
  ['date', /\b\d{4}-\d\d-\d\d\b/g],
  ['time', /(?<![\d:.+-])([01]?\d|2[0-3]):[0-5]\d(?!:?\d|\s?[ap]\.?m\b)/gi],
  ['zone', /(?:UTC|GMT)[+-]\d[\d:]*/g],
  // Longer names first: New York is not York.
  ...[3, 2, 1].map((words): [Kind, RegExp] => ['zone', place(words)]),
  ['number', /(?<![\p{L}\d.:])-?\d+(?:\.\d+)?(?![\p{L}\d:])/gu],
  [
    'ticker',
    /(?<![\p{L}\d])(?:\$[A-Z]{1,5}|(?!(?:MCP|API|OK|URL|JSON|ID|UTC|GMT)\b)[A-Z]{2,5})(?:\.[A-Z])?(?![\p{L}\d])/gu,
  ],
];

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

/** Takes a message apart. */
export function readMessage(message: string): Message {
  const given = new Map<string, string>();
  const rest = message.replace(pair, (text, name: string, value: string) => {
    given.set(name.toLowerCase(), value.replace(/^(["'])(.*)\1$/s, '$2').replace(/,$/, ''));
    return ' '.repeat(text.length);
  });
  const values: Value[] = [];
  let unread = rest;
  for (const [kind, pattern] of patterns) {
    for (let match = pattern.exec(unread); match; match = pattern.exec(unread)) {
      const [start, end] = [match.index, match.index + match[0].length];
      const meanings = meaningsOf(kind, match[0]);
      // The next place may begin within this match, one word later.
      if (meanings.length === 0) pattern.lastIndex = start + match[0].split(' ', 1).join('').length;
      else {
        values.push({ kind, meanings, start, end, role: roleAfter(rest.slice(0, start)) });
        unread = blank(unread, [{ start, end }]);
      }
    }
  }
  return { given, rest, values: values.sort((a, b) => a.start - b.start) };
}

function meaningsOf(kind: Kind, text: string): readonly string[] {
  if (kind === 'zone') return zonesOf(text);
  if (kind === 'quoted') return [text.slice(1, -1)];
  return [kind === 'time' ? text.replace(' ', 'T').padStart(5, '0') : text.replace('$', '')];
}

/**
 * The IANA time zones that a text may mean: one for a city (`New York`, `São Paulo`), an IANA name or an offset
 * (`UTC+9`, as `+09:00`), several for an ambiguous abbreviation (`IST`), none for any other text.
 */
function zonesOf(text: string): readonly string[] {
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

function roleAfter(text: string): Value['role'] {
  // "9:00 in Berlin": the zone beside a time is the one in which it is that time.
  if (/(\b(from|since|between)|\d:\d\d)( in| at)? $/i.test(text)) return 'from';
  return /\b(to|until|and) $/i.test(text) ? 'to' : undefined;
}

/** Replaces these parts of a text by spaces. */
export function blank(text: string, parts: Iterable<{ start: number; end: number }>): string {
  let rest = text;
  for (const { start, end } of parts) rest = rest.slice(0, start) + ' '.repeat(end - start) + rest.slice(end);
  return rest;
}
