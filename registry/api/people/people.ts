import { type Request, Router } from 'express';
import * as z from 'zod';
import { accessEnd } from '../../../common/doors/people.ts';
import { readJson } from '../../access/body.ts';
import { personOf } from '../../access/guards.ts';
import { requireEndAccess, requireViewPeople } from '../../access/view-people.ts';
import { type PeopleDoor, readPeopleQuery } from '../../doors/people.ts';
import { readInput } from '../../errors/read-input.ts';
import { type Answer, time } from '../shared/answer.ts';
import { type AccountsApiOptions, createAccountsApi } from './accounts.ts';

const address = z.string().nullable().describe('An address, as nginx saw it; null if it is not known.');
const person = {
  id: z.string().describe('Names the person in addresses.'),
  name: z.string().describe('The name to show. People may choose it.'),
  username: z.string(),
  provider: z.string(),
  groups: z.array(z.string()),
};

/** The answer of `GET /people`. */
export const peopleListing = z.strictObject({
  people: z.array(
    z.strictObject({
      ...person,
      sign_ins: z.int(),
      clients: z.int(),
      tokens: z.int(),
      names: z.array(z.string()).describe('What their clients and tokens are called.'),
      last_used: time,
      last_used_from: address,
      signed_in_since: time.nullable().describe('By the oldest sign-in; null without one.'),
      accounts: z.int().describe('Their accounts at servers.'),
    }),
  ),
  total: z.int().describe('On all pages of 50.'),
});

/** The answer of `GET /people/others`. */
export const othersListing = z.strictObject({
  people: z.array(
    z.strictObject({
      id: person.id,
      name: person.name,
      sub: z.string(),
      accounts: z.int().describe('Their accounts at servers.'),
      last_seen: time.describe('By the audit to the day, else by their accounts.'),
    }),
  ),
  total: z.int().describe('On all pages of 50, at most 2,000: those who were seen last.'),
});

/** The answer of `GET /people/{id}`. */
export const personDetails = z.strictObject({
  ...person,
  sub: z.string(),
  access: z
    .array(
      z.strictObject({
        id: z.string().describe('Names it when it is ended.'),
        kind: z.enum(['browser', 'terminal', 'client', 'personal']),
        name: z.string().nullable().describe('What a client calls itself, or the name of a personal token.'),
        client_id: z.string().nullable(),
        resource: z.string().nullable().describe('What a client or token may reach.'),
        since: time,
        from: address.describe('Where the person signed in for it.'),
        last_used: time,
        last_used_from: address,
        ends: time,
      }),
    )
    .describe('The newest 200.'),
});

/** The answer of `GET /people/clients`. */
export const clientListing = z.strictObject({
  clients: z.array(
    z.strictObject({ client_id: z.string(), name: z.string().nullable(), people: z.int(), last_used: time }),
  ),
  total: z.int().describe('On all pages of 50.'),
});

/** The answer of `GET /people/ended`. */
export const endedListing = z.strictObject({
  ended: z.array(
    z.strictObject({
      at: time,
      by: z.string(),
      what: z.string(),
      person: z.string().nullable(),
      client: z.string().nullable(),
      ended: z.int().nullable().describe('null if the auth-server stopped before it was done.'),
    }),
  ),
});

/** The answer of `POST /people/end`. */
export const endedCount = z.strictObject({ ended: z.int().describe('How many records ended.') });

export interface PeopleApiOptions extends AccountsApiOptions {
  people: PeopleDoor;
}

/**
 * `GET /people`, `/people/others`, `/people/clients`, `/people/ended` and `/people/:id`, and `POST /people/end`, mounted at `/api`: who has access
 * and through what. They take the session of a person with `view_people`; to end something, with `end_access` too.
 */
export function createPeopleApi(options: PeopleApiOptions): Router {
  const { guard, policy, people } = options;
  const api = Router({ caseSensitive: true, strict: true });
  api.use(createAccountsApi(options)); // /accounts, /accounts/disconnect, /people/:id/accounts
  const assertionOf = (req: Request) => {
    requireViewPeople(policy(), personOf(req));
    return req.get('x-mcp-assertion') ?? '';
  };
  api.get('/people', guard, async (req, res) => {
    const found = await people.people(assertionOf(req), readPeopleQuery(req.query));
    const rows = found.people.map(({ signIns, lastUsed, since, usedFrom, accounts = 0, ...rest }) => {
      const times = { last_used: at(lastUsed), signed_in_since: since ? at(since) : null };
      return { ...rest, sign_ins: signIns, ...times, last_used_from: usedFrom ?? null, accounts };
    });
    res.json({ people: rows, total: found.total } satisfies Answer<typeof peopleListing>);
  });
  api.get('/people/others', guard, async (req, res) => {
    const { people: found, total } = await people.others(assertionOf(req), readPeopleQuery(req.query));
    const rows = found.map(({ lastSeen, ...rest }) => ({ ...rest, last_seen: at(lastSeen) }));
    res.json({ people: rows, total } satisfies Answer<typeof othersListing>);
  });
  api.get('/people/clients', guard, async (req, res) => {
    const { clients, total } = await people.clients(assertionOf(req), readPeopleQuery(req.query));
    const rows = clients.map(({ id, lastUsed, ...rest }) => ({ client_id: id, ...rest, last_used: at(lastUsed) }));
    res.json({ clients: rows, total } satisfies Answer<typeof clientListing>);
  });
  api.get('/people/ended', guard, async (req, res) => {
    const { ended } = await people.ended(assertionOf(req));
    const rows = ended.map((row) => ({ ...row, at: at(row.at) }));
    res.json({ ended: rows } satisfies Answer<typeof endedListing>);
  });
  api.get('/people/:id', guard, async (req: Request<{ id: string }>, res) => {
    const found = await people.person(assertionOf(req), req.params.id);
    const access = found.records.map(({ id, kind, client, clientId, resource, since, lastUsed, ends, ...more }) => {
      const addresses = { from: more.from ?? null, last_used_from: more.usedFrom ?? null };
      const times = { since: at(since), last_used: at(lastUsed), ends: at(ends), ...addresses };
      return { id, kind, name: client, client_id: clientId, resource, ...times };
    });
    res.json({ ...found.person, access } satisfies Answer<typeof personDetails>);
  });
  api.post('/people/end', guard, readJson(), async (req, res) => {
    requireEndAccess(policy(), personOf(req));
    const what = readInput(accessEnd, req.body, () => howToEnd);
    res.json({ ended: await people.end(assertionOf(req), what) } satisfies Answer<typeof endedCount>);
  });
  return api;
}

const howToEnd =
  'Send {"person", "id"}, {"person", "all": "clients", "tokens", "sessions", "everything" or "accounts"}, {"person", "server", "account"}, or {"client"}.';

function at(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}
