import { bucketCount } from '../../../../auth-server/audit/store/sum-tables.ts';
import { bucketOf, percentile } from '../../../../auth-server/audit/usage/sums/buckets.ts';
import { layoutOf, segmentsOf } from '../../../../auth-server/audit/usage/sums/spans.ts';
import { usageSpans } from '../../../../common/doors/usage.ts';

const timesOf = (milliseconds: readonly number[]) => {
  const times = new Array<number>(bucketCount).fill(0);
  for (const each of milliseconds) times[bucketOf(each)] = (times[bucketOf(each)] ?? 0) + 1;
  return times;
};

test('A percentile between 4 ms and 10 s is off by less than three quarters, whatever the times are', () => {
  for (let exact = 4; exact <= 10_000; exact = Math.ceil(exact * 1.07)) {
    for (const share of [0.5, 0.95]) {
      const found = percentile(timesOf(new Array(20).fill(exact)), share) ?? 0;
      expect(Math.max(found / exact, exact / found)).toBeLessThanOrEqual(1.75);
    }
  }
});

test('Percentiles lie where the times are; there is none of no times, and the slowest count as an hour at most', () => {
  const even = Array.from({ length: 1_000 }, (_, index) => index + 1);
  expect(percentile(timesOf(even), 0.5)).toBe(500);
  expect(percentile(timesOf(even), 0.95)).toBe(950);
  expect(percentile(timesOf([]), 0.5)).toBeNull();
  expect(percentile(timesOf([10 * 3_600_000]), 0.95)).toBeLessThanOrEqual(3_600_000);
  expect(percentile(timesOf([0]), 0.5)).toBeLessThanOrEqual(1);
});

test.each(usageSpans)(
  'The slots of %s follow each other without a gap, and the last one holds the present hour',
  (span) => {
    const hour = 498_663;
    const { slots, slotHours, from, to } = layoutOf(span, hour);
    expect(slots.length).toBeLessThanOrEqual(100);
    expect(slots).toEqual(slots.map((_, index) => from + index * slotHours));
    expect(slots.at(-1)).toBeGreaterThan(hour - slotHours);
    expect(to).toBe(hour + 1);
  },
);

test('Hours are read from whole days where there are any, each exactly once', () => {
  for (const range of [
    { from: 50, to: 60 },
    { from: 48, to: 72 },
    { from: 30, to: 2_500 },
    { from: 47, to: 49 },
    { from: 9, to: 9 },
  ]) {
    const hours = segmentsOf(range).flatMap(({ from, to }) => Array.from({ length: to - from }, (_, i) => from + i));
    expect(hours).toEqual(Array.from({ length: range.to - range.from }, (_, i) => range.from + i));
  }
  expect(segmentsOf({ from: 30, to: 80 }).map(({ hours }) => hours)).toEqual([1, 24, 1]);
});
