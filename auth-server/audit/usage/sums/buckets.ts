import { bucketCount } from '../../store/sum-tables.ts';

/**
 * Upper bounds in milliseconds of the buckets that answers are counted in. From 4 ms to 10 s each is at most 1.75 times the one
 * before, so that a percentile is off by less than that, and usually by a tenth; above 10 s by less than six times. What takes longer
 * than an hour counts as an hour.
 */
const bounds = [
  1, 2, 4, 7, 10, 15, 25, 40, 60, 100, 150, 250, 400, 600, 1_000, 1_500, 2_500, 4_000, 6_000, 10_000, 30_000, 120_000,
  600_000, 3_600_000,
];

/** @param milliseconds that an answer took @returns the index of its bucket */
export function bucketOf(milliseconds: number): number {
  const found = bounds.findIndex((bound) => milliseconds <= bound);
  return found === -1 ? bucketCount - 1 : found;
}

/**
 * The time within which a share of the answers came, interpolated within its bucket.
 * @param times the number of answers in each bucket
 * @param share from 0 to 1
 * @returns whole milliseconds; null if there are no answers
 */
export function percentile(times: readonly number[], share: number): number | null {
  const rank = share * times.reduce((sum, each) => sum + each, 0);
  let below = 0;
  for (const [index, inside] of times.entries()) {
    if (inside > 0 && below + inside >= rank) {
      const [from, to] = [bounds[index - 1] ?? 0, bounds[index] ?? 0];
      return Math.round(from + ((to - from) * (rank - below)) / inside);
    }
    below += inside;
  }
  return null;
}
