import type { Usage } from '../../../../../common/doors/usage.ts';
import { barsOf } from '../../../../../registry/pages/usage/bars.ts';
import { linesOf } from '../../../../../registry/pages/usage/lines.ts';
import { roundTop, slotLength, slotTime, ticksOf } from '../../../../../registry/pages/usage/slots.ts';
import { sparkOf } from '../../../../../registry/pages/usage/spark.ts';
import { noUsage } from '../../../../support/registry/usage-data.ts';

const now = new Date('2026-11-23T13:30:00Z');

/** A day whose hours are these, the rest without a call. */
function dayWith(hours: Readonly<Record<number, Partial<Usage['total']>>>): Usage {
  const none: Usage = { ...noUsage({ span: '24h' }, now), measured: 'all' };
  const slots = none.slots.map((slot, i) => ({ ...slot, ...hours[i] }));
  const sum = (part: 'calls' | 'refused' | 'errors') => slots.reduce((total, slot) => total + slot[part], 0);
  return {
    ...none,
    slots,
    total: { ...none.total, calls: sum('calls'), refused: sum('refused'), errors: sum('errors') },
  };
}

test.each([
  [0, 2],
  [1, 2],
  [3, 4],
  [10, 10],
  [11, 20],
  [97, 100],
  [6_784, 8_000],
])('The scale of a chart up to %i ends at %i, and its middle is a whole number', (most, top) => {
  expect([roundTop(most), roundTop(most) % 2]).toEqual([top, 0]);
});

test('A bar stacks what went well, what was refused and what failed, and fills the height at the top of the scale', () => {
  const { slots, scale, barWidth } = barsOf(dayWith({ 3: { calls: 100, refused: 20, errors: 30 } }));
  expect(scale).toEqual(['100', '50', '0']);
  expect(slots[3]?.bars).toEqual([
    { ink: 'ink', x: 129.2, y: 72, height: 72 },
    { ink: 'ink-wait', x: 129.2, y: 43.2, height: 28.8 },
    { ink: 'ink-bad', x: 129.2, y: 0, height: 43.2 },
  ]);
  expect(barWidth).toBe(33.3);
});

test('A single failed call among thousands is seen', () => {
  const [, , failed] = barsOf(dayWith({ 3: { calls: 10_000, refused: 1, errors: 1 } })).slots[3]?.bars ?? [];
  expect(failed).toMatchObject({ ink: 'ink-bad', height: 2 });
});

test('A chart of calls says in words how many there were and when most, and each slot what it has', () => {
  const { label, slots, title, rows } = barsOf(dayWith({ 3: { calls: 1_200, refused: 1 }, 4: { calls: 1 } }));
  expect(title).toBe('Calls by hour');
  expect(label).toBe('Calls by hour: 1,201 calls, 1 refused, 0 with an error. Most at 17:00 UTC, 1,200.');
  expect(slots.slice(2, 5).map((slot) => slot.title)).toEqual([
    '16:00 UTC: no call',
    '17:00 UTC: 1,200 calls, 1 refused, 0 with an error',
    '18:00 UTC: 1 call, 0 refused, 0 with an error',
  ]);
  expect(rows.map(({ time, calls }) => [time, calls])).toEqual([
    ['18:00', 1],
    ['17:00', 1_200],
  ]);
});

test('Without measured calls, a chart of calls says nothing of errors', () => {
  const { label, hasErrors } = barsOf({ ...dayWith({ 3: { calls: 2, refused: 1 } }), measured: 'none' });
  expect([label, hasErrors]).toEqual(['Calls by hour: 2 calls, 1 refused. Most at 17:00 UTC, 2.', false]);
});

test('A line of times has a gap where nothing was measured, and a slot alone is a dash', () => {
  const hours = { 0: { p50: 100, p95: 400 }, 1: { p50: 200, p95: null }, 3: { p50: 400, p95: 400 } };
  const { p50, p95, scale, label, slots, rows } = linesOf({
    ...dayWith(hours),
    total: { calls: 3, refused: 0, errors: 0, p50: 200, p95: 400 },
  });
  expect(scale).toEqual(['400 ms', '200 ms', '0']);
  expect(p50).toBe('M20.8 108L62.5 72M133.3 0h25');
  expect(p95).toBe('M8.3 0h25M133.3 0h25');
  expect(label).toBe(
    'Time to answer by hour: half within 200 ms, 95 % within 400 ms. Slowest at 14:00 UTC: 95 % within 400 ms.',
  );
  expect(slots[2]?.title).toBe('16:00 UTC: nothing measured');
  expect(rows.map(({ time }) => time)).toEqual(['17:00', '15:00', '14:00']);
});

test('A sparkline stays inside its area, and there is none of a single number', () => {
  expect(sparkOf([0, 4, 2])).toEqual({ line: '1,19 44,1 87,10', area: '1,20 1,19 44,1 87,10 87,20' });
  expect(sparkOf([0, 0])?.line).toBe('1,19 87,19');
  expect(sparkOf([5])).toBeUndefined();
});

test('The ticks and the times of slots fit the span', () => {
  const of = (span: Usage['span']) => {
    const { slots, slotSeconds } = noUsage({ span }, now);
    const first = slots[0] ?? { at: '', ...noUsage({ span }, now).total };
    return [...ticksOf(span, slots), slotTime(span, slotSeconds, first), slotLength(slotSeconds)];
  };
  expect(of('24h')).toEqual(['14:00', '20:00', '02:00', '08:00', '14:00', 'hour']);
  expect(of('7d')).toEqual(['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun', 'Mon 16 Nov 15:00', '3 hours']);
  expect(of('90d')).toEqual(['26 Aug', '25 Sep', '25 Oct', 'Wed 26 Aug', 'day']);
});
