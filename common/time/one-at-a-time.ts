/**
 * Runs work one time after another. Calls that wait for a run share the next one: under many changes, what writes all of them
 * runs as often as it can, not once for each.
 * @returns asks for a run that begins after the call, and settles as that run does
 */
export function oneAtATime(work: () => Promise<void>): () => Promise<void> {
  let last: Promise<unknown> = Promise.resolve();
  let next: Promise<void> | undefined;
  return () => {
    next ??= last.then(() => {
      next = undefined;
      return work();
    });
    last = next.catch(() => undefined);
    return next;
  };
}
