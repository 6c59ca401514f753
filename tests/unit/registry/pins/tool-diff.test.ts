import { reveal } from '../../../../common/text/reveal.ts';
import { diffDefinitions, lineOf } from '../../../../registry/pins/diff.ts';

const parts = (more: object = {}) => ({
  title: null,
  description: null,
  inputSchema: null,
  outputSchema: null,
  annotations: null,
  ...more,
});
const lines = (before: object, after: object) => diffDefinitions(parts(before), parts(after)).map(lineOf);
const city = (more: object) => ({ inputSchema: { type: 'object', properties: { city: { type: 'string', ...more } } } });

test.each([
  ['inputSchema.properties.city.description: "a" -> "b"', city({ description: 'a' }), city({ description: 'b' })],
  ['inputSchema.properties.city.enum[1]: (nothing) -> "x"', city({ enum: ['w'] }), city({ enum: ['w', 'x'] })],
  ['inputSchema.properties.city.default: 1 -> "1"', city({ default: 1 }), city({ default: '1' })],
  [
    'annotations.readOnlyHint: true -> false',
    { annotations: { readOnlyHint: true } },
    { annotations: { readOnlyHint: false } },
  ],
  ['outputSchema: (nothing) -> {"type":"object"}', {}, { outputSchema: { type: 'object' } }],
  ['annotations["a.b c"]: (nothing) -> 1', { annotations: {} }, { annotations: { 'a.b c': 1 } }],
  ['description: "a" -> "a\\u{200b}"', { description: 'a' }, { description: 'a\u200b' }],
  ['annotations["\\u{2066}x"]: 1 -> (nothing)', { annotations: { '\u2066x': 1 } }, { annotations: {} }],
  ['annotations.constructor: (nothing) -> 1', { annotations: {} }, { annotations: { constructor: 1 } }],
])('%s', (line, before, after) => {
  expect(lines(before, after)).toEqual([line]);
});

test('Equal values are no difference, in any order of keys', () => {
  expect(lines({ annotations: { a: 1, b: { c: 2, d: 3 } } }, { annotations: { b: { d: 3, c: 2 }, a: 1 } })).toEqual([]);
});

test('The number of differences and the length of texts are limited', () => {
  const many = Object.fromEntries(Array.from({ length: 1_000 }, (_, i) => [`k${i}`, i]));
  expect(lines({ annotations: {} }, { annotations: many })).toHaveLength(200);
  const [long] = diffDefinitions(null, parts({ description: 'x'.repeat(60_000) }));
  expect(long?.after).toMatch(/^"x{3999}… \(60002 characters\)$/);
  let deep: unknown = 1;
  let other: unknown = 2;
  for (let i = 0; i < 500; i++) [deep, other] = [{ a: deep }, { a: other }];
  expect(lines({ inputSchema: deep }, { inputSchema: other })).toHaveLength(1);
});

test.each([
  ['a zero-width space', '\u200b'],
  ['text the other way round', '\u202e'],
  ['an isolate', '\u2067'],
  ['a tag letter', '\u{e0041}'],
  ['a variation selector', '\ufe0f'],
  ['a Hangul filler', '\u3164'],
  ['a Braille blank', '\u2800'],
  ['a no-break space', '\u00a0'],
  ['a line separator', '\u2028'],
  ['an escape', '\u001b'],
  ['half a letter', '\ud800'],
  ['a soft hyphen', '\u00ad'],
])('%s is made visible', (_what, letter) => {
  const code = (letter.codePointAt(0) ?? 0).toString(16);
  expect(reveal(`a ${letter}b`)).toBe(`a \\u{${code}}b`);
});

test('Ordinary text of any language is unchanged', () => {
  const text = 'Größe 東京 Москва – “ok”\n\tمرحبا नमस्ते 🙂';
  expect(reveal(text)).toBe(text);
});
