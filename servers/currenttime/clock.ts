/** Returns the current time: `Temporal.Now.instant`, or a fixed one in tests. */
export type Clock = () => Temporal.Instant;
