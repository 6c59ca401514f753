export type Alarm = ReturnType<typeof createAlarm>;

/** Ends what the client does when an answer cannot be read: over an event stream it would only wait. */
export function createAlarm() {
  let first: Error | undefined;
  let ring = Promise.withResolvers<never>();
  return {
    raise(error: Error): void {
      first ??= error;
      ring.reject(error);
    },
    /** The first answer that could not be read. */
    raised: () => first,
    watch<T>(work: Promise<T>): Promise<T> {
      ring = Promise.withResolvers<never>();
      ring.promise.catch(() => undefined);
      return Promise.race([work, ring.promise]);
    },
  };
}
