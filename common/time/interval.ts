const tellAgainMilliseconds = 60_000;

/**
 * Does something again and again in the background, and keeps no process alive for it.
 * Not one on top of the other: a database that is slow would be asked ever more often. Failures are told once a minute.
 */
export function interval(
  milliseconds: number,
  work: () => Promise<void>,
  onFailure: (error: unknown) => void,
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
  return setInterval(() => void run(), milliseconds).unref();
}
