import type { ReadingLimits } from '../../routing/read-responses.ts';

/** How many checks run at once, and how many of them may be of servers that were slow last time. */
export const checksAtOnce = 16;
export const slowChecksAtOnce = 8;

/** How many connection tests run at once. Each tests the transports of a server side by side. */
export const connectionTestsAtOnce = 8;

/** What one check reads over one transport, in bytes. */
export const bytesOfCheck = 4 * 1024 * 1024;

/** What the check of an honest server stays far below: a thousand tools of a hundred values and keys each come close. */
export const readingLimits: ReadingLimits = {
  message: { bytes: bytesOfCheck, depth: 100, values: 200_000, elements: 5_000 },
  otherValues: 5_000,
  allValues: 200_000,
  // Four lists of 64 pages each, the handshake, and the end of the session.
  requests: 270,
  events: 2_000,
};

/**
 * Memory for what checks, or connection tests, hold until they end, in bytes. Those of one server get half of it. The
 * registry has 512 MB in compose, and takes 200 MB without any check. The largest check takes 30 MB. A check that finds no
 * room ends, and runs again soon.
 */
export const heldByChecks = 72 * 1024 * 1024;
export const heldByTests = 64 * 1024 * 1024;

/** What a check holds that is not counted: sockets, the client, and the first 4 kB of each answer. */
export const uncountedOfCheck = 512 * 1024;
