import * as z from 'zod';

/** How many callers near a limit are listed. */
export const mostNear = 100;
/** How many limits of one person are listed. */
export const mostLimits = 1_000;

const seconds = z.int().min(0);
const count = z.int().min(0);

const limit = z.strictObject({
  /** Name or pattern. */
  server: z.string(),
  tools: z.array(z.string()).readonly(),
  /** How many calls are allowed in a window. */
  most: z.int().min(1),
  /** Length of a window. */
  seconds: z.union([z.literal(60), z.literal(3_600), z.literal(86_400)]),
  /** Calls in the window that is open now. */
  calls: count,
  /** When the next window begins, in seconds since 1970. */
  endsAt: seconds,
});

/** The answer of the auth-server's `GET /account/limits`: the person's own limits, in the order of the policy. */
export const ownLimitsAnswer = z.strictObject({ limits: z.array(limit).max(mostLimits) });

export type OwnLimits = z.output<typeof ownLimitsAnswer>;

/** The answer of `GET /people/limits`: callers who have used half of a limit, those nearest to it first. */
export const nearLimitsAnswer = z.strictObject({
  near: z
    .array(
      limit.extend({
        kind: z.enum(['person', 'agent']),
        name: z.string(),
        sub: z.string(),
        /** Names the person in addresses; null for an agent, and where the provider is not known. */
        id: z.string().nullable(),
      }),
    )
    .max(mostNear),
  /** `none`: the policy has no limits; `alone`: the database does not answer, and each process counts for itself. */
  state: z.enum(['none', 'shared', 'alone']),
});

export type NearLimits = z.output<typeof nearLimitsAnswer>;
