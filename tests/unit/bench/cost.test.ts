import type { Cost, Costs, Way } from '../../../bench/cost/measure.ts';
import { asTable, judged, least, perDay } from '../../../bench/cost/words.ts';

const runs = (...sums: number[]): Cost[] => sums.map((sum) => ({ nginx: sum / 2, gate: sum / 2, p50: 1, p99: 2 }));
const costs = (of: Partial<Record<Way, Cost[]>>): Costs => new Map(Object.entries(of) as [Way, Cost[]][]);

test('The table has each way beside nginx alone and the floor of the same round, with the spread', () => {
  const table = asTable(
    32,
    costs({ 'nginx alone': runs(20, 40, 30), floor: runs(40, 80, 60), agent: runs(60, 80, 90) }),
  );
  expect(table.split('\n').at(-1)).toBe(
    '| agent | 40 | 40 | 80 | 3.00 (2.00 to 3.00) | 1.50 (1.00 to 1.50) | 1.0 | 2.0 |',
  );
});

test('The least of the rounds counts, because other load only adds to the others', () => {
  expect(least(runs(70, 50, 90))).toBe(50);
});

test('A day is told in seconds of CPU and as a share of a core', () => {
  expect(perDay(costs({ 'nginx alone': runs(30), agent: runs(116.4) }))).toBe(
    'A million calls a day take 116 s of CPU, 86 s of it for the gate: 0.10 % of one core.',
  );
});

test.each<[is: string, ratio: number, kept: number, warns: boolean]>([
  ['11 % dearer', 2.0, 1.8, true],
  ['10 % dearer', 1.98, 1.8, false],
  ['the same', 1.8, 1.8, false],
  ['cheaper', 1.2, 1.8, false],
])('A call that is %s is shown with both figures', (_is, ratio, kept, warns) => {
  const line = judged(ratio, kept);
  expect(line).toContain(`${ratio.toFixed(2)} times the floor, ${kept.toFixed(2)} when it was last kept`);
  expect(line.startsWith('warning: ')).toBe(warns);
});
