import {
  mostOthers,
  type Others,
  type PeopleQuery,
  type PersonAccess,
  peoplePerPage,
  type SeenGroups,
  seenDays,
} from '../../common/doors/people.ts';
import { dayMilliseconds } from '../audit/store/days.ts';
import type { Audit } from '../audit/thread/audit.ts';
import type { OAuthClient } from '../cognito/oauth-client.ts';
import type { PeopleDirectory } from '../store/people/directory.ts';
import { homesOf, idOfPerson } from './who.ts';

export interface OthersDeps {
  directory: PeopleDirectory;
  providers: ReadonlyMap<string, OAuthClient>;
  idleSeconds: number;
  /** Knows the people of whom there are records. */
  audit: Pick<Audit, 'ask'>;
}

interface Other {
  name: string;
  accounts: number;
  lastSeen: number;
}

/** A page of the people who have no access now, but accounts at servers or records in the audit: those seen last first. */
export async function othersOf(deps: OthersDeps, { q, page }: PeopleQuery): Promise<Others> {
  const { directory, providers, idleSeconds, audit } = deps;
  const [seen, connected] = await Promise.all([
    audit.ask('people', { text: '', most: mostOthers }),
    directory.withAccountsOnly(idleSeconds, mostOthers),
  ]);
  const present = await directory.present(
    seen.map(({ sub }) => sub),
    idleSeconds,
  );
  const all = new Map<string, Other>();
  for (const { sub, name, seenAt } of seen)
    if (!present.has(sub)) all.set(sub, { name, accounts: 0, lastSeen: seenAt });
  for (const { sub, accounts, usedAt } of connected) {
    const known = all.get(sub);
    all.set(sub, { name: known?.name ?? sub, accounts, lastSeen: Math.max(known?.lastSeen ?? 0, usedAt) });
  }
  const text = q.toLowerCase();
  const fitting = [...all]
    .filter(([sub, { name }]) => name.toLowerCase().includes(text) || sub.toLowerCase().includes(text))
    .sort(([one, { lastSeen: a }], [other, { lastSeen: b }]) => b - a || (one < other ? -1 : 1))
    .slice(0, mostOthers);
  const home = onlyHome(providers);
  const start = (page - 1) * peoplePerPage;
  const rows = fitting.slice(start, start + peoplePerPage);
  return {
    people: rows.map(([sub, other]) => ({ id: idOfPerson({ home, sub }), sub, ...other })),
    total: fitting.length,
  };
}

/** How many people of some groups were seen in the last {@link seenDays} days. */
export async function groupsOf(
  { audit, directory }: Pick<OthersDeps, 'audit' | 'directory'>,
  { group }: { group: readonly string[] },
): Promise<SeenGroups> {
  const groups = [...new Set(group)];
  const since = Date.now() - seenDays * dayMilliseconds;
  // Who has signed in and only looked at pages has no record.
  const present = await directory.groupsOf(groups, Math.floor(since / 1000));
  const counts = await audit.ask('groups', { groups, since, present });
  return { groups: groups.map((each) => ({ group: each, people: counts.get(each) ?? 0 })) };
}

/** A person who has no access now. @returns undefined if nothing is known of the subject */
export async function otherPerson(deps: OthersDeps, sub: string): Promise<PersonAccess | undefined> {
  const [seen, accounts] = await Promise.all([
    deps.audit.ask('people', { text: sub, most: mostOthers }),
    deps.directory.accountsOf([sub]),
  ]);
  const name = seen.find((each) => each.sub === sub)?.name;
  if (name === undefined && !accounts.has(sub)) return undefined;
  const home = onlyHome(deps.providers);
  const provider = deps.providers.get(home)?.settings.title ?? '';
  const person = { id: idOfPerson({ home, sub }), name: name ?? sub, username: name ?? sub, provider, groups: [], sub };
  return { person, records: [] };
}

/** The provider of a subject of which only that is known: neither an account nor the audit says with which one they sign in. */
function onlyHome(providers: ReadonlyMap<string, OAuthClient>): string {
  const homes = new Set(homesOf(providers).values());
  const [first = ''] = homes;
  return homes.size === 1 ? first : '';
}
