import * as z from 'zod';

/** Equal recorded decisions that the other policy would answer otherwise. */
const row = z.object({
  subject: z.string(),
  name: z.string(),
  isAgent: z.boolean(),
  /** `#registry` is the registry. */
  server: z.string(),
  method: z.string(),
  /** Empty if the method names none. */
  object: z.string(),
  count: z.int(),
  last: z.iso.datetime(),
  /** In words: what was answered, and what would be. */
  was: z.string(),
  now: z.string(),
  /** The id of the last record. */
  record: z.string(),
});

/** The most rows of a side. */
export const mostReplayRows = 200;

const side = z.object({ calls: z.int(), people: z.int(), rows: z.array(row).max(mostReplayRows) });

/** What another policy would have answered to the recorded requests. */
export const replayAnswer = z.object({
  /** The time of the oldest record that was read; null if there is none. */
  from: z.iso.datetime().nullable(),
  to: z.iso.datetime(),
  records: z.int(),
  judged: z.int(),
  /** Would be allowed, and was refused. */
  allowed: side,
  /** Would be refused, and was allowed. */
  refused: side,
  /** Would wait for a person's approval, and was allowed or refused. */
  held: side,
  /** Would depend on the arguments, which are not recorded. */
  depends: side,
  cannotTell: z.array(z.object({ reason: z.string(), count: z.int() })),
  /** Would be answered as it was. */
  same: z.int(),
  milliseconds: z.int(),
});

export type ReplayRow = z.output<typeof row>;
export type ReplaySide = z.output<typeof side>;
export type ReplayAnswer = z.output<typeof replayAnswer>;

/** The longest text of a policy in characters. */
const longestPolicy = 1_000_000;

/** What is to be replayed. `since`: the oldest time of a record; all that is kept if undefined. */
export const replayQuery = z.strictObject({
  text: z.string().min(1).max(longestPolicy),
  since: z.iso.datetime({ offset: true }).optional(),
});

export type ReplayQuery = z.output<typeof replayQuery>;
