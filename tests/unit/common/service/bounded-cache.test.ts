import { expect, test } from '@jest/globals';
import { boundedCache } from '../../../../common/service/bounded-cache.ts';

test('A bounded cache keeps so many entries, and drops what was used least recently', () => {
  const cache = boundedCache<string, number>(3);
  for (const [index, key] of ['a', 'b', 'c'].entries()) cache.set(key, index);
  cache.get('a');
  cache.set('d', 3);
  expect([...cache.keys()].toSorted()).toEqual(['a', 'c', 'd']);
});
