/** What tells the time: `Temporal.Now.instant`, or a fixed moment. */
export type Clock = () => Temporal.Instant;
