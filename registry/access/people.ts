import { accountEnded } from '../../common/identity/account.ts';
import type { ConnectedAccount } from '../../common/identity/accounts.ts';
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
} from '../../common/identity/people.ts';
import type { Policy } from '../../policy/policy.ts';
import { mayUseUiEverywhere } from '../../policy/ui.ts';
import { readInput } from '../errors/read-input.ts';
import { RegistryError } from '../errors/registry-error.ts';
import { askForConnected } from './account.ts';
import { createAsk } from './ask-auth-server.ts';
import type { Person } from './guards.ts';

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

/** Whether a person may see who has access. People belong to no server, so the permission counts for all servers only. */
export function mayViewPeople(policy: Policy, { scopes }: Person): boolean {
  return mayUseUiEverywhere(policy, scopes, 'view_people');
}

/** Whether a person may end the access of others, which they also have to see. */
export function mayEndAccess(policy: Policy, person: Person): boolean {
  return mayViewPeople(policy, person) && mayUseUiEverywhere(policy, person.scopes, 'end_access');
}

/**
 * Requires the permission to see who has access.
 * @throws {RegistryError} `not_permitted`
 */
export function requireViewPeople(policy: Policy, person: Person): void {
  if (!mayViewPeople(policy, person)) throw needs('see who has access', 'view_people');
}

/**
 * Requires the permission to end the access of others.
 * @throws {RegistryError} `not_permitted`
 */
export function requireEndAccess(policy: Policy, person: Person): void {
  requireViewPeople(policy, person);
  if (!mayEndAccess(policy, person)) throw needs('end the access of others', 'end_access');
}

/**
 * Reads what a list of people or clients is asked for. Forms send empty fields, which filter nothing.
 * @throws {RegistryError} `input_invalid`
 */
export function readPeopleQuery(query: Readonly<Record<string, unknown>>): PeopleQuery {
  return readInput(peopleQuery, Object.fromEntries(Object.entries(query).filter(([, value]) => value !== '')));
}

function needs(what: string, permission: string): RegistryError {
  const message = `To ${what}, one of your groups needs the permission ${permission} for all in UI-Scopes.`;
  return new RegistryError('not_permitted', message);
}
