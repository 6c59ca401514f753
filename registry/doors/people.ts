import { accountEnded } from '../../common/doors/account.ts';
import type { ConnectedAccount } from '../../common/doors/accounts.ts';
import {
  type AccessEnd,
  type Clients,
  clientsAnswer,
  type Ended,
  endedAnswer,
  type Others,
  othersAnswer,
  type People,
  type PeopleQuery,
  type PersonAccess,
  peopleAnswer,
  peopleQuery,
  personAnswer,
} from '../../common/doors/people.ts';
import { readInput } from '../errors/read-input.ts';
import { askForConnected } from './account.ts';
import { createAsk } from './ask-auth-server.ts';

/** What the access of all people may be asked for, with an administrator's assertion. Throws {@link RegistryError}. */
export interface PeopleDoor {
  people(assertion: string, query: PeopleQuery): Promise<People>;
  /** People who have no access now, but accounts at servers or records in the audit. */
  others(assertion: string, query: PeopleQuery): Promise<Others>;
  person(assertion: string, id: string): Promise<PersonAccess>;
  /** A person's accounts at servers, the newest first. */
  connected(assertion: string, id: string): Promise<ConnectedAccount[]>;
  clients(assertion: string, query: PeopleQuery): Promise<Clients>;
  ended(assertion: string): Promise<Ended>;
  /** @returns how many records ended */
  end(assertion: string, what: AccessEnd): Promise<number>;
}

/**
 * Makes the client of the auth-server, which keeps the records and judges by the assertion who may see and end them.
 * @param authServerUrl origin of the auth-server
 */
export function createPeopleDoor(authServerUrl: string): PeopleDoor {
  const ask = createAsk(authServerUrl);
  const withQuery = (path: string, { q, client, page }: PeopleQuery) =>
    `${path}?${new URLSearchParams({ q, page: String(page), ...(client !== undefined && { client }) })}`;
  return {
    people: (assertion, query) => ask({ path: withQuery('/people', query), assertion, answer: peopleAnswer }),
    others: (assertion, query) => ask({ path: withQuery('/people/others', query), assertion, answer: othersAnswer }),
    person: (assertion, id) => ask({ path: `/people/${encodeURIComponent(id)}`, assertion, answer: personAnswer }),
    connected: (assertion, id) => askForConnected(ask, `/people/${encodeURIComponent(id)}/connected`, assertion),
    clients: (assertion, query) => ask({ path: withQuery('/people/clients', query), assertion, answer: clientsAnswer }),
    ended: (assertion) => ask({ path: '/people/ended', assertion, answer: endedAnswer }),
    async end(assertion, body) {
      return (await ask({ path: '/people/end', assertion, answer: accountEnded, body })).ended;
    },
  };
}

/**
 * Reads what a list of people or clients is asked for. Forms send empty fields, which filter nothing.
 * @throws {RegistryError} `input_invalid`
 */
export function readPeopleQuery(query: Readonly<Record<string, unknown>>): PeopleQuery {
  return readInput(peopleQuery, Object.fromEntries(Object.entries(query).filter(([, value]) => value !== '')));
}
