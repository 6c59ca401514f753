import { cleanText } from '../../../common/text/clean.ts';

/** The time since `then`, for people: `just now`, `12 s ago`, `3 min ago`, `2 h ago`, `4 d ago`. */
export function ago(then: Date, now: Date): string {
  const seconds = Math.max(0, Math.round((now.getTime() - then.getTime()) / 1000));
  if (seconds < 2) return 'just now';
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3_600)} h ago`;
  return `${Math.floor(seconds / 86_400)} d ago`;
}

/** The exact time for a tooltip: `2026-11-23 04:26:07 UTC`. */
export function exactTime(time: Date): string {
  return `${time.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/** A day in UTC in few letters: `3 Nov`, in another year than `now` `3 Nov 2027`. */
export function shortDay(time: Date, now: Date): string {
  const day = `${time.getUTCDate()} ${time.toLocaleDateString('en', { month: 'short', timeZone: 'UTC' })}`;
  return time.getUTCFullYear() === now.getUTCFullYear() ? day : `${day} ${time.getUTCFullYear()}`;
}

/** The clock time of a day in UTC: `04:26:07`. */
export function clockTime(time: Date): string {
  return time.toISOString().slice(11, 19);
}

/** A day in UTC, as a heading: `Monday, 23 November 2026`. */
export function dayHead(time: Date): string {
  const word = (part: 'weekday' | 'month') => time.toLocaleDateString('en', { [part]: 'long', timeZone: 'UTC' });
  return `${word('weekday')}, ${time.getUTCDate()} ${word('month')} ${time.getUTCFullYear()}`;
}

/** How long an answer took: `128 ms`, from a second on `1.9 s`. @param ms milliseconds */
export function took(ms: number): string {
  return ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`;
}

/** A number as people write it: `12,480`. */
export function withCommas(value: number): string {
  return value.toLocaleString('en');
}

/** `1 server`, `2 servers`, `1,204 servers`. */
export function counted(count: number, one: string): string {
  return `${count.toLocaleString('en')} ${one}${count === 1 ? '' : 's'}`;
}

const mostInWords = 5;

/** `a, b and c`; of more than five, `a, b, c, d, e and 2 more`. */
export function inWords(names: readonly string[], and: 'and' | 'or' = 'and'): string {
  const rest = names.length - mostInWords;
  const shown = rest > 0 ? [...names.slice(0, mostInWords), `${rest} more`] : names;
  const last = shown.at(-1) ?? '';
  return shown.length > 1 ? `${shown.slice(0, -1).join(', ')} ${and} ${last}` : last;
}

/** Text of unknown origin as one line that shows what it contains, with at most `longest` characters. */
export function cleaned(text: string, longest: number): string {
  return shortened(
    cleanText(
      text
        .slice(0, 4 * longest)
        .replace(/\s+/g, ' ')
        .trim(),
    ),
    longest,
  );
}

/** At most `longest` characters of a text, and `…` if it is longer. */
export function shortened(text: string, longest: number): string {
  return text.length > longest ? `${text.slice(0, longest)}…` : text;
}

/** Two letters that stand for a thing without an icon: the first of its first two words, or of its only one. */
export function tileOf(title: string): string {
  const words = title.match(/[\p{L}\p{N}]+/gu) ?? [];
  const [first = '', second = ''] = words.map((word) => [...word]).map(([initial = '', next = '']) => initial + next);
  const letters = second ? (first.at(0) ?? '') + (second.at(0) ?? '') : first;
  return letters.toLocaleUpperCase('en');
}

/** What a set is, in a few words. */
export function setWords(members: readonly unknown[]): string {
  return `set of ${counted(members.length, 'server')}`;
}
