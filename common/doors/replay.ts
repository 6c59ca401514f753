import * as z from 'zod';
import { longestPolicy } from './versions.ts';

/** Equal recorded decisions that the other policy would answer otherwise. */
export const replayRow = z.object({
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

/** Why it cannot be told what another policy would have answered, and the words for it. */
export const cannotTellWords = {
  registry: 'requests to the registry itself, which judges them by permissions that the record does not name',
  erased: 'of people who were erased',
  caller_unknown: "the caller's groups are not recorded",
  groups_unknown: "not all of the caller's groups are recorded",
  object_unknown: 'what was asked for is not recorded',
  object_cut: 'the name is too long to be recorded whole',
  several_objects: 'several resources at once, of which the first is recorded',
  object_kind: 'the record does not tell a prompt from a resource',
  tool_changed: 'the tool waited for approval then, or waits now',
  limits: 'refused by a limit on calls, and the limits would change',
  too_many: 'too many different requests to look at each',
} as const;

export type CannotTell = keyof typeof cannotTellWords;

const cannotTellNames = Object.keys(cannotTellWords) as [CannotTell, ...CannotTell[]];

/** The most rows of a side. */
export const mostReplayRows = 200;

/** What differs in one way. */
export const replaySide = z.object({ calls: z.int(), people: z.int(), rows: z.array(replayRow).max(mostReplayRows) });

/** What another policy would have answered to the recorded requests. */
export const replayAnswer = z.object({
  /** The time of the oldest record that was read; null if there is none. */
  from: z.iso.datetime().nullable(),
  to: z.iso.datetime(),
  records: z.int(),
  judged: z.int(),
  /** Would be allowed, and was refused. */
  allowed: replaySide,
  /** Would be refused, and was allowed. */
  refused: replaySide,
  /** Would wait for a person's approval, and was allowed or refused. */
  held: replaySide,
  /** Would depend on the arguments, which are not recorded. */
  depends: replaySide,
  cannotTell: z.array(z.object({ reason: z.enum(cannotTellNames), count: z.int() })),
  /** Would be answered as it was. */
  same: z.int(),
  milliseconds: z.int(),
});

export type ReplayRow = z.output<typeof replayRow>;
export type ReplaySide = z.output<typeof replaySide>;
export type ReplayAnswer = z.output<typeof replayAnswer>;

/** What is to be replayed. `since`: the oldest time of a record; all that is kept if undefined. */
export const replayQuery = z.strictObject({
  text: z.string().min(1).max(longestPolicy),
  since: z.iso.datetime({ offset: true, error: 'must be a time such as 2026-11-23T09:00:00Z' }).optional(),
});

export type ReplayQuery = z.output<typeof replayQuery>;
