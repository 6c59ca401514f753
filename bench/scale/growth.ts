import { median } from '../wrk.ts';
import type { Cell, Row } from './row.ts';

/** How a figure grows from its smallest size to its largest. */
export interface Growth {
  /** Whether all of it together grows more than the size does. */
  isSteep: boolean;
  words: string;
}

/** Less than this is what two runs of the same code differ by on a busy machine. */
const noticed = 1.3;
/** A rise by less than this share of the figure is not seen. */
const resolution = 0.05;

/**
 * Says how a row grows. It counts as more than linear only if no choice among the measurements of each size makes it linear.
 * @returns undefined for a row with fewer than two sizes, or whose figures are too small to compare
 */
export function growthOf({ of, cells }: Pick<Row, 'of' | 'cells'>): Growth | undefined {
  const [first, last] = [cells[0], cells.at(-1)];
  if (first === undefined || last === undefined || first === last || at(first) <= 0 || at(last) <= 0) return undefined;
  const ratio = at(last) / at(first);
  if (of === 'each') {
    const isSteep = Math.min(...last.runs) > noticed * Math.max(...first.runs);
    return { isSteep, words: isSteep ? `each costs ${ratio.toFixed(1)} times as much` : about(ratio) };
  }
  if (isConvex(cells)) return { isSteep: true, words: `more than linear (size^${powerOf(cells).toFixed(1)})` };
  return { isSteep: false, words: ratio < noticed ? about(ratio) : `${ratio.toFixed(1)} times in all` };
}

function about(ratio: number): string {
  return ratio > noticed || ratio < 1 / noticed ? `${ratio.toFixed(1)} times` : 'the same';
}

const at = ({ runs }: Cell) => median(runs);

/** Whether the last step rises more per unit than the first one, by more than the measurements differ. */
function isConvex(cells: readonly Cell[]): boolean {
  const [first, middle, last] = stepsOf(cells);
  const whole = Math.min(...last.runs) - Math.max(...first.runs);
  const early = Math.max(...middle.runs) - Math.min(...first.runs);
  return whole > noticed * Math.max(early, resolution * at(middle)) * stretchOf(cells);
}

/** The power of the size with which the figure rises above what is there at any size. */
function powerOf(cells: readonly Cell[]): number {
  const [first, middle, last] = stepsOf(cells);
  const early = Math.max(at(middle) - at(first), resolution * at(middle));
  return Math.log((at(last) - at(first)) / early) / Math.log(stretchOf(cells));
}

/** How many times the first step the whole way is. */
function stretchOf(cells: readonly Cell[]): number {
  const [first, middle, last] = stepsOf(cells);
  return (last.size - first.size) / (middle.size - first.size);
}

const nothing: Cell = { size: 0, runs: [0] };

/** The first, the last but one, and the last. Of two sizes, the first step is that from nothing. */
function stepsOf(cells: readonly Cell[]): [Cell, Cell, Cell] {
  const [first = nothing, last = nothing] = [cells[0], cells.at(-1)];
  return cells.length > 2 ? [first, cells.at(-2) ?? first, last] : [nothing, first, last];
}
