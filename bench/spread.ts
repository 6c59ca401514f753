import { median } from './wrk.ts';

/** What several rounds have measured. */
export interface Spread {
  median: number;
  least: number;
  most: number;
}

export function spreadOf(values: readonly number[]): Spread {
  return { median: median(values), least: Math.min(...values), most: Math.max(...values) };
}

/** `1.50 (1.20 to 1.90)`, or `1.50` of one round. @param digits after the point */
export function shown({ median: middle, least, most }: Spread, digits: number): string {
  if (least === most) return middle.toFixed(digits);
  return `${middle.toFixed(digits)} (${least.toFixed(digits)} to ${most.toFixed(digits)})`;
}
