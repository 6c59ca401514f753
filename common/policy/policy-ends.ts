/** A clock that is set, or a machine that sleeps, delays an end by at most this. */
const longestWait = 60_000;

/**
 * Waits for the ends of a policy.
 * @param next returns when the next one is, in milliseconds since 1970; undefined for none
 * @param reached called when it is past. Calls `wait` again for the one after it
 */
export function untilEnd(next: () => number | undefined, reached: () => void) {
  let timer: NodeJS.Timeout | undefined;
  const stop = () => clearTimeout(timer);
  const wait = (): void => {
    stop();
    const end = next();
    if (end === undefined) return;
    const look = () => (Date.now() < end ? wait() : reached());
    timer = setTimeout(look, Math.min(Math.max(end - Date.now(), 1), longestWait));
    timer.unref();
  };
  return { wait, stop };
}
