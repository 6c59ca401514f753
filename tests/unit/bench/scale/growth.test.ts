import { growthOf } from '../../../../bench/scale/growth.ts';
import type { Cell } from '../../../../bench/scale/row.ts';

const sizes = [10, 1_000, 10_000];
const cells = (...figures: (number | number[])[]): Cell[] =>
  figures.map((figure, i) => ({ size: sizes[i] ?? Number.NaN, runs: [figure].flat() }));

describe('What all of it takes together', () => {
  test.each<[grows: string, cells: Cell[], isSteep: boolean, words: string]>([
    ['not at all', cells(5, 5, 5), false, 'the same'],
    ['as the size does', cells(1, 100, 1_000), false, '1000.0 times in all'],
    ['as the size does, beside what is always there', cells(500, 600, 1_500), false, '3.0 times in all'],
    ['with the square of the size', cells(1, 10_000, 1_000_000), true, 'more than linear (size^2.0)'],
    ['with the square, beside what is always there', cells(500, 510, 1_500), true, 'more than linear (size^1.6)'],
    [
      'more steeply, but the measurements differ as much',
      cells([1, 2], [100, 400], [1_100, 9_000]),
      false,
      '3366.7 times in all',
    ],
  ])('It grows %s', (_grows, all, isSteep, words) => {
    expect(growthOf({ of: 'all', cells: all })).toEqual({ isSteep, words });
  });
});

describe('What each takes', () => {
  test.each<[costs: string, cells: Cell[], isSteep: boolean, words: string]>([
    ['the same', cells(100, 110, 120), false, 'the same'],
    ['less with many', cells(100, 60, 50), false, '0.5 times'],
    ['more with many', cells(100, 150, 300), true, 'each costs 3.0 times as much'],
    ['perhaps more: the measurements overlap', cells([80, 120], [100], [110, 300]), false, '2.0 times'],
  ])('Each costs %s', (_costs, all, isSteep, words) => {
    expect(growthOf({ of: 'each', cells: all })).toEqual({ isSteep, words });
  });
});

test.each<[why: string, cells: Cell[]]>([
  ['one size was measured', cells(5)],
  ['the smallest figure is nothing', cells(0, 3, 9)],
])('No growth is told if %s', (_why, all) => {
  expect(growthOf({ of: 'each', cells: all })).toBeUndefined();
});
