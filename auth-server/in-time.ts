import { AuthError } from './errors.ts';

/**
 * Waits for work, but not for longer than nginx waits for the verdict: a denial with its reason is worth more than one
 * that nginx makes up.
 * @throws {AuthError} decision_too_slow, or what the work throws
 */
export type InTime = <T>(work: Promise<T>) => Promise<T>;

interface Waiting {
  until: number;
  giveUp: (reason: AuthError) => void;
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
      each.giveUp(
        new AuthError('decision_too_slow', 'The gateway could not decide about this request in time. Try again.'),
      );
    }
  };
  const wake = (after: number) => {
    if (!isLooking) setTimeout(look, Math.ceil(after)).unref();
    isLooking = true;
  };
  return (work) =>
    new Promise((resolve, reject) => {
      const mine = { until: performance.now() + milliseconds, giveUp: reject };
      waiting.add(mine);
      wake(milliseconds);
      work.then(
        (value) => {
          waiting.delete(mine);
          resolve(value);
        },
        (error) => {
          waiting.delete(mine);
          reject(error);
        },
      );
    });
}
