import * as z from 'zod';
import { accountRecord, mostRecords } from './account.ts';
import { accountDisconnect } from './accounts.ts';

/** How many people, or clients, one page has. */
export const peoplePerPage = 50;

/** How many of what administrators have ended are listed: the newest. */
export const mostEnded = 200;

const seconds = z.int().min(0);
const count = z.int().min(0);
const personId = z.string().regex(/^[\w-]{4,1500}$/);
/** The digest of an OAuth client's id, or the address of its metadata document. */
const clientId = z.string().min(1).max(2_000);

/** Asks for a page of people, or of clients. */
export const peopleQuery = z.object({
  q: z.string().trim().max(200).default('').describe('A piece of a name, a subject, or the name of a client or token.'),
  client: clientId.optional().describe('Only people for whom this client acts, by its `client_id`.'),
  page: z.coerce.number().int().min(1).max(100_000).default(1),
});

export type PeopleQuery = z.output<typeof peopleQuery>;

const person = z.strictObject({
  /** Names the person in addresses. It is no secret. */
  id: personId,
  /** The name to show. People may choose it. */
  name: z.string(),
  username: z.string(),
  /** Title of the provider that the person signs in with; empty if they have no access now, and several are configured. */
  provider: z.string(),
  groups: z.array(z.string()),
});

/** The answer of the auth-server's `GET /people`: those who have access, by name. */
export const peopleAnswer = z.strictObject({
  people: z
    .array(
      person.extend({
        signIns: count,
        clients: count,
        tokens: count,
        /** What their clients and tokens are called, each once. */
        names: z.array(z.string()),
        lastUsed: seconds,
        /** Since when they are signed in, by the oldest sign-in; null if they are not. */
        since: seconds.nullish(),
        /** The address of the last use; null if that is not known. */
        usedFrom: z.string().nullish(),
        /** Their accounts at servers. */
        accounts: count.optional(),
      }),
    )
    .max(peoplePerPage),
  total: count,
  /** The client that was asked for; null without one, or if it acts for no one. */
  client: z.strictObject({ id: clientId, name: z.string().nullable() }).nullable(),
});

export type People = z.output<typeof peopleAnswer>;

/** How many people without access are listed: those who were seen last. */
export const mostOthers = 2_000;

/**
 * The answer of `GET /people/others`: people who have no access now, but accounts at servers or records in the audit. A name
 * or an account says nothing of their provider or groups.
 */
export const othersAnswer = z.strictObject({
  people: z
    .array(
      z.strictObject({
        id: personId,
        name: z.string(),
        sub: z.string(),
        accounts: count,
        /** When they were last seen: by the audit to the day, else by their accounts. */
        lastSeen: seconds,
      }),
    )
    .max(peoplePerPage),
  total: count.max(mostOthers),
});

export type Others = z.output<typeof othersAnswer>;

/** For how many days people count as seen. */
export const seenDays = 30;

/** How many groups one question may name. */
export const mostGroups = 200;

/** Asks how many people of some groups were seen: `?group=a&group=b`. */
export const groupsQuery = z.object({
  group: z
    .union([z.string(), z.array(z.string())])
    .transform((one) => [one].flat())
    .pipe(z.array(z.string().min(1).max(256)).max(mostGroups)),
});

/** The answer of `GET /people/groups`: the people of each group that were seen in {@link seenDays}. */
export const groupsAnswer = z.strictObject({
  groups: z.array(z.strictObject({ group: z.string(), people: count })).max(mostGroups),
});

export type SeenGroups = z.output<typeof groupsAnswer>;

/** The answer of `GET /people/<id>`: a person, and the newest records first; none for those who have no access now. */
export const personAnswer = z.strictObject({
  person: person.extend({ sub: z.string() }),
  records: z.array(accountRecord.extend({ clientId: clientId.nullable() })).max(mostRecords),
});

export type PersonAccess = z.output<typeof personAnswer>;

/** The answer of `GET /people/clients`: the OAuth clients that act as people, those of the most people first. */
export const clientsAnswer = z.strictObject({
  clients: z
    .array(z.strictObject({ id: clientId, name: z.string().nullable(), people: count, lastUsed: seconds }))
    .max(peoplePerPage),
  total: count,
});

export type Clients = z.output<typeof clientsAnswer>;

/** The answer of `GET /people/ended`: what administrators have ended, the newest first. */
export const endedAnswer = z.strictObject({
  ended: z
    .array(
      z.strictObject({
        at: seconds,
        by: z.string(),
        what: z.enum(['one', 'clients', 'tokens', 'sessions', 'everything', 'client']),
        person: z.string().nullable(),
        client: z.string().nullable(),
        /** Null if the auth-server stopped before it was done. */
        ended: count.nullable(),
      }),
    )
    .max(mostEnded),
});

export type Ended = z.output<typeof endedAnswer>;

/**
 * What `POST /people/end` ends: one record of a person, all of a kind, everything (with the person's tokens of the provider), all
 * of their accounts at servers or that at one, or all access of one client.
 */
export const accessEnd = z.union([
  z.strictObject({ person: personId, id: z.string().max(100) }),
  z.strictObject({ person: personId, all: z.enum(['clients', 'tokens', 'sessions', 'everything']) }),
  z.strictObject({ person: personId, all: z.literal('accounts') }),
  z.strictObject({ person: personId, ...accountDisconnect.shape }),
  z.strictObject({ client: clientId }),
]);

export type AccessEnd = z.output<typeof accessEnd>;

/** What ends of a person's accounts at servers: one, or all. */
export type AccountsEnd = Extract<AccessEnd, { account: string } | { all: 'accounts' }>;

export function isAccountsEnd(what: AccessEnd): what is AccountsEnd {
  return 'account' in what || ('all' in what && what.all === 'accounts');
}
