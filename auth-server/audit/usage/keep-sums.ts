import { performance } from 'node:perf_hooks';
import type { AuditDatabase } from '../store/database.ts';
import { makeSums } from './make-sums.ts';

/** How often the sums are made. What is not in them yet, answers take from the rows. */
export const sumsMilliseconds = 60_000;
/** The thread makes sums for at most this part of its time: one in so many. */
const pauses = 20;

/** Makes the sums, and pauses the longer the longer that took. Call the result every {@link sumsMilliseconds}. */
export function createSumsJob(database: AuditDatabase, holder: string): () => Promise<void> {
  let pauseUntil = Number.NEGATIVE_INFINITY;
  return async () => {
    const started = performance.now();
    if (started < pauseUntil) return;
    await makeSums(database, holder, Date.now());
    pauseUntil = started + pauses * (performance.now() - started);
  };
}
