import fc from 'fast-check';
import { align } from '../../../../../../common/policy/edit/text/align.ts';

const texts = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 12 });

/** The length of the longest common subsequence, by its definition. */
function longest(a: readonly string[], b: readonly string[]): number {
  if (a.length === 0 || b.length === 0) return 0;
  if (a[0] === b[0]) return 1 + longest(a.slice(1), b.slice(1));
  return Math.max(longest(a.slice(1), b), longest(a, b.slice(1)));
}

test('Pairs are of equal texts, only grow, and are as many as there can be', () => {
  fc.assert(
    fc.property(texts, texts, (a, b) => {
      const pairs = align(a, b);
      let [i, j] = [-1, -1];
      for (const [x, y] of pairs) {
        expect(a[x]).toBe(b[y]);
        expect(x > i && y > j).toBe(true);
        [i, j] = [x, y];
      }
      expect(pairs).toHaveLength(longest(a, b));
    }),
  );
});

test('A long list that was inserted, and two lists that have nothing in common, are no problem', () => {
  const own = Array.from({ length: 3_000 }, (_, i) => `own ${i}`);
  const more = Array.from({ length: 5_000 }, (_, i) => `more ${i}`);
  const changed = own.with(10, 'changed');
  expect(align(own, [...changed, ...more, 'end'])).toHaveLength(2_999);
  expect(align(own, [...more, ...changed])).toHaveLength(2_999);
  expect(align(own, more)).toEqual([]);
});
