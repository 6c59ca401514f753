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

test.each(['{"a":"\\ud800"}', '{"\\udc00":1}', `{"a":"${'x'.repeat(40)}\\uD83D"}`, '["\\uDE00\\uD83D"]'])(
  'An unpaired surrogate in %s is rejected',
  (text) => {
    expect(() => parseStrictJson(bytes(text))).toThrow('holds half a character');
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
