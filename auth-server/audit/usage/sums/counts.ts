import type { UsageCounts } from '../../../../common/doors/usage.ts';
import { bucketCount } from '../../store/sum-tables.ts';
import { percentile } from './buckets.ts';

/** What is counted of some calls. */
export interface Counts {
  calls: number;
  refused: number;
  measured: number;
  errors: number;
  /** Seconds since 1970. */
  last: number;
  /** The number of measured calls in each bucket; undefined if there are none. */
  times: number[] | undefined;
}

export function noCounts(): Counts {
  return { calls: 0, refused: 0, measured: 0, errors: 0, last: 0, times: undefined };
}

/** Adds `more` to `sum`. */
export function addCounts(sum: Counts, more: Readonly<Counts>): void {
  sum.calls += more.calls;
  sum.refused += more.refused;
  sum.measured += more.measured;
  sum.errors += more.errors;
  sum.last = Math.max(sum.last, more.last);
  if (!more.times) return;
  sum.times ??= new Array<number>(bucketCount).fill(0);
  for (let i = 0; i < bucketCount; i++) sum.times[i] = (sum.times[i] ?? 0) + (more.times[i] ?? 0);
}

/** Adds counts to those under `key`. */
export function addUnder(all: Map<string, Counts>, key: string, more: Readonly<Counts>): void {
  let sum = all.get(key);
  if (!sum) {
    sum = noCounts();
    all.set(key, sum);
  }
  addCounts(sum, more);
}

/** Counts as the API returns them. */
export function shownCounts({ calls, refused, errors, times = [] }: Readonly<Counts>): UsageCounts {
  return { calls, refused, errors, p50: percentile(times, 0.5), p95: percentile(times, 0.95) };
}
