import { type Spread, spreadOf } from '../spread.ts';

/** One line: what was measured, and what came out. */
export interface Figure extends Spread {
  what: string;
  unit: string;
  /** How many to show after the point. */
  digits: number;
}

export function figure(what: string, unit: string, values: readonly number[], digits = 0): Figure {
  return { what, unit, digits, ...spreadOf(values) };
}
