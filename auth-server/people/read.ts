import {
  type Clients,
  type Ended,
  mostEnded,
  type People,
  type PeopleQuery,
  type PersonAccess,
  peoplePerPage,
} from '../../common/doors/people.ts';
import { type AccountDeps, recordsOf, toAccountRecord } from '../account/records.ts';
import type { PeopleDirectory, PersonRow } from '../store/people/directory.ts';
import type { EndedAccessStore } from '../store/people/ended-access.ts';
import type { SessionRecord } from '../store/session-record.ts';
import { type OthersDeps, otherPerson } from './others.ts';
import { homeOf, homesOf, idOfPerson, personOfId } from './who.ts';

/** What the list of people is read from. */
export interface PeopleDeps extends AccountDeps {
  directory: PeopleDirectory;
  /** Knows the people of whom there are records. */
  audit: OthersDeps['audit'];
  endedAccess: EndedAccessStore;
}

/** A page of the people who have access, by name. */
export async function peopleOf(deps: PeopleDeps, { q, client, page }: PeopleQuery): Promise<People> {
  const { directory, providers, idleSeconds } = deps;
  const homes = homesOf(providers);
  const found = client === undefined ? undefined : await directory.client(client, idleSeconds);
  const { rows, total } = await directory.people(homes, partOf(deps, q, page), client);
  const subs = rows.map(({ sub }) => sub);
  const accounts = await directory.accountsOf(subs);
  const names = Map.groupBy(await directory.namesOf(homes, subs, idleSeconds), idOfPerson);
  return {
    people: rows.map((row) => ({
      ...shownPerson(deps, row),
      ...{ signIns: row.signIns, clients: row.clients, tokens: row.tokens, lastUsed: row.lastSeen },
      ...{ since: row.signedInAt ?? null, usedFrom: row.usedAddress ?? null, accounts: accounts.get(row.sub) ?? 0 },
      names: [...new Set((names.get(idOfPerson(row)) ?? []).flatMap(({ name }) => name ?? []))],
    })),
    total,
    client: client !== undefined && found ? { id: client, name: found.name ?? null } : null,
  };
}

/** A person's access. @returns undefined if there is no such person, or nothing is known of them */
export async function personAccess(
  deps: PeopleDeps,
  id: string,
  own: SessionRecord,
): Promise<PersonAccess | undefined> {
  const who = personOfId(deps.providers, id);
  const records = who ? await recordsOf(deps, who, own) : [];
  const [newest] = records;
  if (!newest) return who && (await otherPerson(deps, who.sub));
  const { sub, username, shownName, groups } = newest;
  const row = { home: homeOf(deps.providers, newest.provider), sub, username, shownName, groups };
  return {
    person: { ...shownPerson(deps, row), sub },
    records: records.map((record) => {
      return { ...toAccountRecord(deps, record, own), clientId: record.oauthClient ?? null };
    }),
  };
}

/** A page of the OAuth clients that act as people. */
export async function clientsOf(deps: PeopleDeps, { q, page }: PeopleQuery): Promise<Clients> {
  const { rows, total } = await deps.directory.clients(homesOf(deps.providers), partOf(deps, q, page));
  const clients = rows.map(({ oauthClient: id, name = null, people, lastSeen: lastUsed }) => {
    return { id, name, people, lastUsed };
  });
  return { clients, total };
}

/** What administrators have ended. */
export async function endedAccess({ endedAccess: store }: PeopleDeps): Promise<Ended> {
  const rows = await store.newest(mostEnded);
  return { ended: rows.map(({ by, ...row }) => ({ ...row, by: by.name })) };
}

function partOf({ idleSeconds }: PeopleDeps, text: string, page: number) {
  return { idleSeconds, text, offset: (page - 1) * peoplePerPage, limit: peoplePerPage };
}

type Who = Pick<PersonRow, 'home' | 'sub' | 'username' | 'shownName' | 'groups'>;

function shownPerson({ providers }: PeopleDeps, who: Who): Omit<PersonAccess['person'], 'sub'> {
  const { home, username, shownName, groups } = who;
  const provider = providers.get(home)?.settings.title ?? home;
  return { id: idOfPerson(who), name: shownName ?? username, username, provider, groups: [...groups] };
}
