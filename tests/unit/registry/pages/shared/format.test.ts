import { ago, counted, exactTime, shortDay, tileOf, took } from '../../../../../registry/pages/shared/format.ts';

test.each([
  [0, 'just now'],
  [1.4, 'just now'],
  [2, '2 s ago'],
  [59, '59 s ago'],
  [60, '1 min ago'],
  [3_599, '59 min ago'],
  [3_600, '1 h ago'],
  [86_399, '23 h ago'],
  [86_400, '1 d ago'],
  [-30, 'just now'],
])('%d seconds back is "%s"', (seconds, text) => {
  const now = new Date('2026-11-23T12:00:00Z');
  expect(ago(new Date(now.getTime() - seconds * 1_000), now)).toBe(text);
});

test('Exact times are in UTC and labelled so', () => {
  expect(exactTime(new Date('2026-11-23T04:26:07.999Z'))).toBe('2026-11-23 04:26:07 UTC');
});

test('A day has its year only if that is not the current one', () => {
  const now = new Date('2026-12-31T23:59:59Z');
  expect(shortDay(new Date('2026-11-03T23:59:59Z'), now)).toBe('3 Nov');
  expect(shortDay(new Date('2027-01-01T00:00:00Z'), now)).toBe('1 Jan 2027');
});

test('One thing is singular, none and two are plural', () => {
  expect([0, 1, 2].map((count) => counted(count, 'server'))).toEqual(['0 servers', '1 server', '2 servers']);
});

test.each([
  ['Current time', 'CT'],
  ['GitHub', 'GI'],
  ['"quoted" <server>', 'QS'],
  ['x', 'X'],
  ['   ', ''],
  ['Ärzte über uns', 'ÄÜ'],
])('The tile of "%s" has the letters "%s"', (title, letters) => {
  expect(tileOf(title)).toBe(letters);
});

test.each([
  [0.4, '0 ms'],
  [128, '128 ms'],
  [999, '999 ms'],
  [1_900, '1.9 s'],
])('An answer after %d ms took "%s"', (ms, text) => {
  expect(took(ms)).toBe(text);
});
