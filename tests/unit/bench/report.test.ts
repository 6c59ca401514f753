import type { Cost } from '../../../bench/calls/measure.ts';
import { judged, tablesOf } from '../../../bench/parts/report.ts';
import { asMarkdown, asText } from '../../../bench/parts/table.ts';
import { spreadOf } from '../../../bench/spread.ts';

const one = (value: number) => spreadOf([value]);
const ratios = { cpu: spreadOf([2, 3, 7]), p50: one(1.5), p99: one(2.5) };

function costOf(change: Partial<Cost>): Cost {
  const base = { route: 'direct', credential: 'agent', size: '300 B', connections: 32 } as const;
  const cpu = { nginx: one(60), 'auth-server': one(70) };
  return { ...base, cpu, all: one(130), p50: one(4), p99: one(8), byBase: ratios, ...change };
}

const plain = costOf({ route: 'plain', cpu: { nginx: one(30) }, all: one(30) });
const hub = costOf({ route: 'hub', cpu: { nginx: one(130), 'auth-server': one(140), relay: one(0), hub: one(300) } });

test('The table of a number of calls has each part, and the ratios with their spread', () => {
  const [calls] = tablesOf([plain, costOf({ byFloor: { ...ratios, cpu: one(1.8) } }), hub], []);
  expect(calls?.title).toBe('A call of 300 B, 32 at a time');
  expect(calls?.lines).toEqual([
    ['nginx without a gate', '', '30', '', '', '1', '', '1 (4.0 ms)', '1 (8.0 ms)'],
    ['direct', 'agent', '60', '70', '', '3.0 (2.0 to 7.0)', '1.8', '1.5', '2.5'],
    ['through the hub', 'agent', '130', '140', '0, 300', '3.0 (2.0 to 7.0)', '', '1.5', '2.5'],
  ]);
});

test('Calls of another size, and another number of calls at a time, have tables of their own', () => {
  const titles = tablesOf([plain, costOf({ connections: 1 }), costOf({ size: '16 kB sent' })], []).map(
    ({ title }) => title,
  );
  expect(titles).toEqual([
    'A call of 300 B, 32 at a time',
    'A call of 300 B, 1 at a time',
    'A call of 16 kB, 32 at a time',
    'Also',
  ]);
});

test('A day is told in seconds of CPU and as a share of a core', () => {
  expect(tablesOf([plain, costOf({ all: one(116.4) })], []).at(-1)?.lines).toEqual([
    ['a million calls of an agent a day', '116 s of CPU, 86 s of it for the gate: 0.10 % of one core'],
  ]);
});

test('A figure of one round has no spread', () => {
  const figures = [
    { what: 'start', unit: 's', digits: 2, ...spreadOf([0.4, 0.5, 0.6]) },
    { what: 'memory', unit: 'MB', digits: 0, ...one(148.3) },
  ];
  expect(tablesOf([], figures)[0]?.lines).toEqual([
    ['start', '0.50 (0.40 to 0.60) s'],
    ['memory', '148 MB'],
  ]);
});

test('A terminal gets columns, and a page a table of Markdown', () => {
  const table = { title: 'Also', head: ['what', 'figure'], lines: [['start', '0.5 s']] };
  expect(asText(table)).toBe('Also\n\nwhat   figure\nstart  0.5 s\n');
  expect(asMarkdown(table)).toBe('**Also**\n\n| what | figure |\n| --- | --- |\n| start | 0.5 s |\n');
});

test('Of an even number of rounds, the median is between the two in the middle', () => {
  expect(spreadOf([4, 1, 2, 10])).toEqual({ median: 3, least: 1, most: 10 });
});

test.each<[is: string, ratio: number, others: number, begins: string]>([
  ['11 % dearer', 2.0, 0, 'warning: '],
  ['10 % dearer', 1.98, 0, 'a call'],
  ['the same', 1.8, 0, 'a call'],
  ['cheaper', 1.2, 0, 'a call'],
  ['dearer beside other work', 2.8, 0.5, 'a call'],
])('A call that is %s is shown with both figures', (_is, ratio, others, begins) => {
  const line = judged(one(ratio), 1.8, others);
  expect(line).toContain(`${ratio.toFixed(2)} times the least gate, 1.80 when`);
  expect(line.startsWith(begins)).toBe(true);
  expect(line.includes('Not compared')).toBe(others > 0);
});
