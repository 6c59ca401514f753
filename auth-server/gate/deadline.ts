import { AuthError } from '../denials/auth-error.ts';

/**
 * Waits for work, but not for longer than nginx waits for the verdict: a denial with its reason is worth more than one
 * that nginx makes up. One of the two is called, once: `failed` with what the work threw, or {@link AuthError}
 * decision_too_slow.
 */
export type InTime = <T>(work: Promise<T>, done: (value: T) => void, failed: (error: unknown) => void) => void;

interface Waiting {
  until: number;
  failed: (error: unknown) => void;
}

/** One timer looks after all that is under way: a timer for each would cost more than many a decision. */
export function createInTime(milliseconds: number): InTime {
  // In the order in which they began, which is that in which they end.
  const waiting = new Set<Waiting>();
  let isLooking = false;
  const look = () => {
    isLooking = false;
    const now = performance.now();
    for (const each of waiting) {
      if (each.until > now) return wake(each.until - now);
      waiting.delete(each);
      each.failed(
        new AuthError('decision_too_slow', 'The gateway could not decide about this request in time. Try again.'),
      );
    }
  };
  const wake = (after: number) => {
    isLooking = true;
    setTimeout(look, Math.ceil(after)).unref();
  };
  return (work, done, failed) => {
    const mine = { until: performance.now() + milliseconds, failed };
    waiting.add(mine);
    if (!isLooking) wake(milliseconds);
    work.then(
      (value) => waiting.delete(mine) && done(value),
      (error) => waiting.delete(mine) && failed(error),
    );
  };
}
