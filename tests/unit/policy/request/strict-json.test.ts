import { jest } from '@jest/globals';
import fc from 'fast-check';
import { parseStrictJson } from '../../../../policy/request/strict-json.ts';

/** Long enough for the skip of whole chunks, with the characters that could make a skip end at the wrong place. */
const nasty = fc.string({
  unit: fc.constantFrom('"', '\\', ':', 'a', '{', '}', ',', '\u0000', 'é', '😀'),
  maxLength: 120,
});
const bytes = (text: string) => new TextEncoder().encode(text);
const numRuns = process.env.STRYKER_MUTATOR_WORKER ? 50 : 1_000;

test('Short and long strings of quotes, backslashes and colons are read unchanged', () => {
  fc.assert(
    fc.property(nasty, nasty, fc.array(nasty, { maxLength: 3 }), (key, value, list) => {
      const written = { [`k${key}`]: value, list };
      expect(parseStrictJson(bytes(JSON.stringify(written)))).toEqual(written);
    }),
    { numRuns },
  );
});

test('A duplicate key is found after any string', () => {
  fc.assert(
    fc.property(nasty, nasty, (before, value) => {
      const member = `${JSON.stringify(value)}:${JSON.stringify(before)}`;
      const text = `{"x":${JSON.stringify(before)},"in":{${member},${member}}}`;
      expect(() => parseStrictJson(bytes(text))).toThrow('a key stands twice in one object');
    }),
    { numRuns },
  );
});

test.each(['{"a":"\\ud800"}', '{"\\udc00":1,"\\udc01":2}', '["\\uDE00\\uD83D"]', '{"a":1e999}'])(
  'What programs read as different values, but in the same place, is read: %s',
  (text) => {
    expect(parseStrictJson(bytes(text))).toEqual(JSON.parse(text));
  },
);

test('The check of a body with one long string costs little more than its parsing, for any characters', () => {
  for (const filling of ['x', '\\\\', '\\"', ':']) {
    const text = bytes(`{"a":"${filling.repeat(200_000)}"}`);
    const started = performance.now();
    parseStrictJson(text);
    expect(performance.now() - started).toBeLessThan(10_000);
  }
});

test.each([
  ['an escaped quote and a colon', String.raw`\":,`],
  ['an escaped backslash at the end', String.raw`\\`],
  ['three backslashes, a quote and a colon', String.raw`\\\":`],
  ['four backslashes at the end', String.raw`\\\\`],
  ['an escaped quote at the end', String.raw`:\"`],
])('A string of any length with %s ends where JSON says', (_what, tail) => {
  for (let length = 0; length < 60; length++) {
    const text = `{"${'k'.repeat(length)}${tail}":"${'x'.repeat(length)}${tail}","b":[1,{"c":2}]}`;
    expect(parseStrictJson(bytes(text))).toEqual(JSON.parse(text));
  }
});

describe('A body with too many values', () => {
  const most = 100_000;
  test.each([
    ['in a list', (n: number) => `[${'0,'.repeat(n - 1)}0]`],
    ['in lists of their own', (n: number) => `[${'[],'.repeat(n / 2)}0]`],
    ['as members', (n: number) => `{${Array.from({ length: n / 2 }, (_, i) => `"${i}":0`).join()}}`],
  ])('%s is rejected before anything is built of it, and one below the limit is read', (_where, text) => {
    const parsed = jest.spyOn(JSON, 'parse');
    expect(() => parseStrictJson(bytes(text(most + 4)))).toThrow('the body has more than 100000 values and members');
    expect(parsed).not.toHaveBeenCalled();
    parsed.mockRestore();
    expect(parseStrictJson(bytes(text(most - 4)))).toBeDefined();
  });

  test('does not count what stands in strings', () => {
    expect(parseStrictJson(bytes(JSON.stringify({ a: ',:[{'.repeat(100_000) })))).toBeDefined();
  });

  test.each(['{"a":"x', '"', '["\\', '"\\"', `"${'x'.repeat(100)}`, `"${'\\"'.repeat(50)}`])(
    'and one that ends in the string %j is rejected',
    (text) => {
      expect(() => parseStrictJson(bytes(text))).toThrow('the body is not valid JSON');
    },
  );
});
