import { randomBytes } from 'node:crypto';
import { isWeakKey } from '../../../../common/settings/weak-key.ts';

test.each([
  ['one letter', 'a'.repeat(32)],
  ['one letter, many times', '0'.repeat(500)],
  ['one letter but for the end', `${'a'.repeat(31)}b`],
  ['two letters', 'aabbabababbbaabababbaaabbabababa'],
  ['a few letters among many equal ones', `${'a'.repeat(25)}bcdefgh`],
  ['a word', 'swordfish'.repeat(4)],
  ['a word that is cut off', 'correct-horse!'.repeat(3).slice(0, 35)],
  ['digits in order', '01234567890123456789012345678901'],
  ['letters in order', 'abcdefghijklmnopqrstuvwxyz012345'],
  ['a longer pattern', 'qwertyuiopasdfg'.repeat(3)],
])('A key of %s is weak', (_what, key) => {
  expect(key.length).toBeGreaterThanOrEqual(32);
  expect(isWeakKey(key)).toBe(true);
});

test('Random keys of every common spelling are not weak', () => {
  // One of 20,000 keys of 32 decimal digits has so few different ones that it counts as weak; with 40, the least of 300,000 has 101 bits.
  const digits = () => Array.from(randomBytes(40), (byte) => byte % 10).join('');
  for (let n = 0; n < 1_000; n++) {
    const bytes = randomBytes(32);
    const keys = [bytes.toString('hex'), bytes.toString('hex').slice(0, 32), bytes.toString('base64'), digits()];
    expect(keys.filter(isWeakKey)).toEqual([]);
  }
});
