import { performance } from 'node:perf_hooks';
import { usageSpans } from '../../../common/doors/usage.ts';
import type { AuditDatabase } from '../store/database.ts';
import type { UsageQuestions } from './questions.ts';
import { makeSums } from './sums/make-sums.ts';

/** How often the sums are made. What is not in them yet, answers take from the rows. */
export const sumsMilliseconds = 60_000;
/** The thread makes sums for at most this part of its time: one in so many. */
const pauses = 20;

/** Makes the sums, and pauses the longer the longer that took. Call the result every {@link sumsMilliseconds}. */
export function createSumsJob(
  database: AuditDatabase,
  holder: string,
  { usage }: Pick<UsageQuestions, 'usage'>,
): () => Promise<void> {
  let pauseUntil = Number.NEGATIVE_INFINITY;
  return async () => {
    const started = performance.now();
    if (started < pauseUntil) return;
    const now = Date.now();
    await makeSums(database, holder, now);
    // What hours hold that no longer change is read here, so that no page waits for it.
    for (const span of usageSpans) await usage({ query: { span }, visible: { servers: 'all' }, now });
    pauseUntil = started + pauses * (performance.now() - started);
  };
}
