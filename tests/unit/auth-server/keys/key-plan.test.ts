import { type KeyPlan, keyPlan, lastingKeyPlan, stateOf } from '../../../../auth-server/keys/key-plan.ts';
import type { StoredKey } from '../../../../auth-server/store/key.ts';

const now = 1_800_000_000;
const day = 86_400;
const watched = 600;

/** A key with the ages of its states in seconds. A state without an age has not been reached. */
function key(kid: string, made: number, signs?: number, stopped?: number): StoredKey {
  const at = (age: number | undefined) => (age === undefined ? undefined : now - age);
  return { kid, jwk: { kty: 'OKP' }, madeAt: now - made, signsSince: at(signs), stoppedAt: at(stopped) };
}
const plan = (keys: StoredKey[], { days = 30, seen = watched } = {}) =>
  keyPlan(keys, { now, lifeSeconds: days * day, seenFor: () => seen });
const quiet: KeyPlan = { signs: 'a', published: ['a'], drop: [], make: 'nothing' };

describe('the plan for the keys', () => {
  test('makes the first key when there is none', () => {
    expect(plan([])).toEqual({ signs: undefined, published: [], drop: [], make: 'first' });
  });

  test.each<[string, StoredKey[], Partial<KeyPlan>]>([
    ['a young key signs', [key('a', 0, 0)], {}],
    ['no successor a second before 29 days', [key('a', 29 * day - 1, 29 * day - 1)], {}],
    ['a successor at 29 days', [key('a', 29 * day, 29 * day)], { make: 'next' }],
    ['a successor when the service starts after 300 days', [key('a', 300 * day, 300 * day)], { make: 'next' }],
    [
      'the waiting time is not part of the lifetime',
      [key('a', 40 * day, 28 * day)],
      { signs: 'a', published: ['a'], make: 'nothing' },
    ],
    [
      'the successor waits a second before it is a day old',
      [key('a', 60 * day, 60 * day), key('b', day - 1)],
      { published: ['a', 'b'] },
    ],
    [
      'the successor signs once it is a day old',
      [key('a', 30 * day, 30 * day), key('b', day)],
      { signs: 'b', published: ['a', 'b'] },
    ],
    [
      'the old key is still published a second before it has been stopped for a day',
      [key('a', 31 * day, 31 * day, day - 1), key('b', 2 * day, day - 1)],
      { signs: 'b', published: ['a', 'b'] },
    ],
    [
      'the old key is removed after it has been stopped for a day',
      [key('a', 31 * day, 31 * day, day), key('b', 2 * day, day)],
      { signs: 'b', published: ['b'], drop: ['a'] },
    ],
    ['a waiting key signs at once when its predecessor is gone', [key('b', 5)], { signs: 'b', published: ['b'] }],
    [
      'a new first key is made when only stopped keys are left',
      [key('a', 5 * day, 5 * day, 5)],
      { signs: undefined, make: 'first' },
    ],
  ])('%s', (_what, keys, expected) => {
    expect(plan(keys)).toEqual({ ...quiet, ...expected });
  });

  test.each([
    ['signs no key', [key('a', 60 * day, 60 * day), key('b', 60 * day)], 'a'],
    ['drops no key', [key('a', 90 * day, 90 * day, 60 * day), key('b', 60 * day, 60 * day)], 'b'],
  ])('%s that the process has not seen for ten minutes, for any time of the wall clock', (_what, keys, signs) => {
    expect(plan(keys, { seen: watched - 1 })).toMatchObject({ signs, published: ['a', 'b'], drop: [] });
    expect(plan(keys)).not.toMatchObject({ signs, published: ['a', 'b'] });
  });

  test.each([
    [1, 0],
    [2, day],
    [365, 364 * day],
  ])('with a lifetime of %d days makes the successor after %d seconds of signing', (days, age) => {
    expect(plan([key('a', age, age)], { days }).make).toBe('next');
    expect(plan([key('a', age - 1, age - 1)], { days }).make).toBe('nothing');
  });
});

test('a key waits, then signs, then is stopped, and a key that never signed can be stopped too', () => {
  const states = [key('a', 9), key('a', 9, 5), key('a', 9, 5, 1), key('a', 9, undefined, 1)].map(stateOf);
  expect(states).toEqual(['waits', 'signs', 'stopped', 'stopped']);
});

describe('the plan for keys that verify for as long as there are records', () => {
  test.each<[string, StoredKey[], Partial<KeyPlan>]>([
    ['makes the first key', [], { signs: undefined, published: [], make: 'first' }],
    ['a young key signs', [key('a', 30 * day - 1, 30 * day - 1)], {}],
    ['after 30 days another one signs at once', [key('a', 30 * day, 30 * day)], { signs: undefined, make: 'first' }],
    [
      'a key that has stopped a year ago stays',
      [key('old', 400 * day, 400 * day, 365 * day), key('a', 5, 5)],
      { published: ['old', 'a'] },
    ],
  ])('%s', (_what, keys, expected) => {
    expect(lastingKeyPlan(keys, { now, lifeSeconds: 30 * day, seenFor: () => watched })).toEqual({
      ...quiet,
      ...expected,
    });
  });
});
