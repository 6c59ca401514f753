import * as z from 'zod';

/** How many records of a person the auth-server lists: the newest. */
export const mostRecords = 200;

const seconds = z.int().min(0);

/** One access of a person, as *My account* shows it: no credential, and nothing of which one could be made. */
export const accountRecord = z.strictObject({
  /** Names it when it is ended. */
  id: z.string().regex(/^[\w-]{22}$/),
  /** `terminal`: a session of the command line. */
  kind: z.enum(['browser', 'terminal', 'client', 'personal']),
  /** Whether the question came with it. */
  isOwn: z.boolean(),
  /** What an OAuth client calls itself, or the name of a personal token; null if there is none. */
  client: z.string().nullable(),
  /** The audience of an OAuth client or personal token: `<publicUrl>/<server>/mcp`, `<publicUrl>/mcp` or `<publicUrl>/api`. */
  resource: z.string().nullable(),
  /** In seconds since 1970. The last use is known to within an hour for clients, else to within a minute. */
  since: seconds,
  lastUsed: seconds,
  ends: seconds,
  /** When it ends without further use; null for never. */
  endsUnused: seconds.nullable(),
  /** Addresses: where the person signed in for it, and where it was last used. Null if that is not known; an older auth-server knows none. */
  from: z.string().nullish(),
  usedFrom: z.string().nullish(),
});

export type AccountRecord = z.output<typeof accountRecord>;

/** The answer of the auth-server's `GET /account`: the newest records first. */
export const accountAnswer = z.strictObject({
  /** Title of the provider that the person signed in with. */
  provider: z.string(),
  /** Whether people may make personal tokens. */
  makesTokens: z.boolean(),
  records: z.array(accountRecord).max(mostRecords),
});

export type Account = z.output<typeof accountAnswer>;

/** What `POST /account/end` ends: one record, all OAuth clients, all personal tokens, or all sessions but the one that asks. */
export const accountEnd = z.union([
  z.strictObject({ id: z.string().max(100) }),
  z.strictObject({ all: z.enum(['clients', 'tokens', 'sessions']) }),
]);

export type AccountEnd = z.output<typeof accountEnd>;

/** Its answer: how many ended. */
export const accountEnded = z.strictObject({ ended: z.int().min(0) });
