import { chartOf } from '../../../../../registry/pages/details/chart.ts';

const now = new Date('2026-11-23T12:10:00Z');
const span = (minutesAgo: number, more: object = {}) => ({
  start: new Date(now.getTime() - minutesAgo * 60_000),
  ok: 10,
  failed: 0,
  meanMs: 12,
  longestMs: 20,
  ...more,
});

test('A day is 48 half hours: one failed check of 30 shows, and times without a check are no failures', () => {
  const { slots, figures, isDrawn } = chartOf('day', [span(100, { ok: 29, failed: 1 }), span(40), span(10)], now);
  expect(slots).toHaveLength(48);
  expect(slots.slice(-5).map(({ kind, title }) => [kind, title])).toEqual([
    ['none', '10:00 UTC: no check'],
    ['down', '10:30 UTC: 1 of 30 checks failed, 12 ms'],
    ['none', '11:00 UTC: no check'],
    ['good', '11:30 UTC: all 10 checks good, 12 ms'],
    ['good', '12:00 UTC: all 10 checks good, 12 ms'],
  ]);
  expect(figures.map(({ value }) => value)).toEqual(['98 %', '12 ms', '20 ms']);
  expect(isDrawn).toBe(true);
});

test('Less than an hour of checks is in figures only, and one failure is never 100 %', () => {
  const { isDrawn, figures, summary } = chartOf('day', [span(10, { ok: 9_999, failed: 1 })], now);
  expect(isDrawn).toBe(false);
  expect(figures[0]).toMatchObject({ value: '99.9 %', note: '9,999 of 10,000 checks' });
  expect(summary).toMatch(/^99\.9 % of 10,000 checks succeeded/);
  expect(chartOf('week', [], now)).toMatchObject({ figures: [], summary: 'No check yet.', isDrawn: false });
});
