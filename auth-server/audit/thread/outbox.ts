import { eventText } from '../event.ts';
import type { KnownCaller } from '../record.ts';
import type { Batch } from '../write/writer.ts';

/** Records of one batch. What a crash loses is at most this, or what came in a second. */
const batchSize = 250;
/** Batches that the thread may have at a time, so that waiting records are in memory once. */
const mostSent = 4;
/** More records than these are not kept while the database cannot be written: about 20 MB. The log has them. */
const mostWaiting = 20_000;

/** Records on their way to the thread: each gets a number, and stays here until the thread has confirmed it. */
export function createOutbox(post: (batch: Batch) => void) {
  const waiting: string[] = [];
  let callers: KnownCaller[] = [];
  const sent: { batch: Batch; count: number }[] = [];
  let next = 1;
  let confirmed = 0;
  let lost = 0;
  const count = () => next - 1 - confirmed + waiting.length;
  const send = (most: number) => {
    while (waiting.length > 0 && sent.length < most) {
      const texts = waiting.splice(0, batchSize);
      const batch = { from: next, texts: texts.join('\n'), callers };
      callers = [];
      next += texts.length;
      sent.push({ batch, count: texts.length });
      post(batch);
    }
  };
  return {
    add(record: string, caller?: KnownCaller): void {
      // Also with a record that is lost: those after it name the caller too.
      if (caller) callers.push(caller);
      if (count() >= mostWaiting) {
        lost++;
        return;
      }
      if (lost > 0) waiting.push(eventText('audit/lost', {}, { count: lost }));
      lost = 0;
      waiting.push(record);
      if (waiting.length >= batchSize) send(mostSent);
    },
    /** Sends what waits, unless the thread has enough already. */
    flush: () => send(mostSent),
    /** Sends all that wait. */
    flushAll: () => send(Number.POSITIVE_INFINITY),
    /** The thread has written all records up to this number. */
    written(number: number): void {
      confirmed = Math.max(confirmed, number);
      while (sent[0] && sent[0].batch.from + sent[0].count - 1 <= confirmed) sent.shift();
      if (waiting.length >= batchSize) send(mostSent);
    },
    /** Sends what is not confirmed to a new thread. */
    sendAgain(): void {
      for (const { batch } of sent) post(batch);
    },
    /** How many records are not confirmed. */
    unwritten: count,
  };
}
