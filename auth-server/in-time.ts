import { AuthError } from './errors.ts';

/**
 * Waits for `work`, but not for longer than nginx waits for the verdict: a denial with its reason is worth more than
 * one that nginx makes up.
 * @throws {AuthError} decision_too_slow, or what `work` throws
 */
export async function inTime<T>(work: Promise<T>, milliseconds: number): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    reject(new AuthError('decision_too_slow', 'The gateway could not decide about this request in time. Try again.'));
  }, milliseconds);
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
