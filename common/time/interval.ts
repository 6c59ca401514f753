const tellAgainMilliseconds = 60_000;

/**
 * Repeats work in the background without keeping the process alive. A run that is still going on is never overlapped by
 * the next one: a slow database would get more and more queries. `onFailure` is called once a minute at most.
 * @param atOnce whether the first run begins now, not after the first interval
 */
export function interval(
  milliseconds: number,
  work: () => Promise<void>,
  onFailure: (error: unknown) => void,
  { atOnce = false } = {},
): NodeJS.Timeout {
  let busy = false;
  let toldAt = Number.NEGATIVE_INFINITY;
  const failed = (error: unknown) => {
    if (performance.now() - toldAt < tellAgainMilliseconds) return;
    toldAt = performance.now();
    onFailure(error);
  };
  const run = async () => {
    if (busy) return;
    busy = true;
    await work().catch(failed);
    busy = false;
  };
  if (atOnce) void run();
  return setInterval(() => void run(), milliseconds).unref();
}
