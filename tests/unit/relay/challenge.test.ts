import { readChallenge } from '../../../relay/upstream/challenge.ts';

test.each<[string | undefined, ReturnType<typeof readChallenge>]>([
  [undefined, undefined],
  ['Basic realm="x", error="insufficient_scope"', undefined],
  ['Bearer', { error: undefined, scopes: [] }],
  ['bearer error=invalid_token', { error: 'invalid_token', scopes: [] }],
  [
    'Bearer realm="a, b", error="insufficient_scope", scope="a b a"',
    { error: 'insufficient_scope', scopes: ['a', 'b'] },
  ],
  ['Basic realm="x", Bearer error="insufficient_scope", scope="a"', { error: 'insufficient_scope', scopes: ['a'] }],
  ['Bearer error="one", error="two"', { error: 'one', scopes: [] }],
  ['Bearer scope="a\\"b c"', { error: undefined, scopes: ['c'] }],
  ['Bearer scope="a\u202eb c"', { error: undefined, scopes: ['c'] }],
])('The challenge %j is read as %j', (header, expected) => {
  expect(readChallenge(header)).toEqual(expected);
});

test('A long challenge is read to a bound, and of many or long scopes a few are kept', () => {
  const scopes = Array.from({ length: 50 }, (_, i) => `s${i}`);
  expect(readChallenge(`Bearer scope="${scopes.join(' ')}"`)?.scopes).toEqual(scopes.slice(0, 20));
  expect(readChallenge(`Bearer scope="${'x'.repeat(300)} a"`)?.scopes).toEqual(['a']);
  expect(readChallenge(`Bearer realm="${'x'.repeat(100_000)}", error="insufficient_scope"`)?.error).toBeUndefined();
});
