import { jest } from '@jest/globals';
import { createVerifiedCache } from '../../../../auth-server/cognito/verified-cache.ts';

interface Claims {
  exp: number;
  name: string;
}

const second = 1_000;
const start = Date.parse('2026-01-01T00:00:00Z');
const claims = { exp: start / 1000 + 3_600, name: 'alice' };
let verified: ReturnType<typeof createVerifiedCache<Claims>>;
beforeEach(() => {
  jest.useFakeTimers({ now: start });
  verified = createVerifiedCache<Claims>();
  verified.keep('good', claims);
});
afterEach(() => void jest.useRealTimers());
const at = (milliseconds: number) => void jest.setSystemTime(start + milliseconds);

test('A verified credential is cached for five minutes, and no other credential is', () => {
  expect(verified.find('good')).toBe(claims);
  for (const other of ['goo', 'good ', 'Good', '']) expect(verified.find(other)).toBeUndefined();
  at(300 * second - 1);
  expect(verified.find('good')).toBe(claims);
  at(300 * second);
  expect(verified.find('good')).toBeUndefined();
});

test('A credential leaves the cache in the second in which it expires', () => {
  verified.keep('short', { exp: start / 1000 + 10, name: 'bob' });
  at(10 * second - 1);
  expect(verified.find('short')?.name).toBe('bob');
  at(10 * second);
  expect(verified.find('short')).toBeUndefined();
});

test('A clock that is set back invalidates the cache: a cached token may be issued in the future again', () => {
  at(-1);
  expect(verified.find('good')).toBeUndefined();
});

test('Clearing the cache removes every credential', () => {
  verified.clear();
  expect(verified.find('good')).toBeUndefined();
});

test('The cache holds many credentials, each with its claims, and evicts the oldest when it is full', () => {
  for (let i = 0; i < 5_000; i++) verified.keep(`token ${i}`, { exp: claims.exp, name: `name ${i}` });
  for (const i of [0, 1, 2_500, 4_999, 0]) expect(verified.find(`token ${i}`)?.name).toBe(`name ${i}`);
  for (let i = 5_000; i < 100_001; i++) verified.keep(`token ${i}`, claims);
  expect(verified.find('good')).toBeUndefined();
});

test('A credential that is verified again starts its five minutes again, even while it is in use', () => {
  at(299 * second);
  verified.keep('good', { ...claims, name: 'again' });
  at(500 * second);
  expect(verified.find('good')?.name).toBe('again');
});
