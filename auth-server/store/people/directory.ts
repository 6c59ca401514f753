import { type Kysely, type RawBuilder, type SelectQueryBuilder, sql } from 'kysely';
import type { Schema } from '../migrations.ts';
import { groupsOf, present, stands } from './presence.ts';

/** A person who has access, with how much of each kind. */
export interface PersonRow {
  /** The provider that stands for all with its subjects. */
  home: string;
  sub: string;
  username: string;
  shownName: string | undefined;
  groups: readonly string[];
  signIns: number;
  clients: number;
  tokens: number;
  /** In seconds since 1970. */
  lastSeen: number;
  /** The address of the last use, if it is known. */
  usedAddress: string | undefined;
  /** When the oldest sign-in that still stands was made. */
  signedInAt: number | undefined;
}

/** An OAuth client that acts as people. */
interface ClientRow {
  oauthClient: string;
  name: string | undefined;
  people: number;
  lastSeen: number;
}

/** Which rows of a list, and how many there are at most. */
export interface Part {
  /** Seconds without a request after which the session of a browser ends. */
  idleSeconds: number;
  /** A piece of a name, in any case; empty for all. */
  text: string;
  offset: number;
  limit: number;
}

/** For each provider the one that stands for all with its subjects. A provider that is not named stands for itself. */
type Homes = ReadonlyMap<string, string>;

export type PeopleDirectory = ReturnType<typeof createPeopleDirectory>;

/** Digits of a time in seconds since 1970, from 2001 to 2286. */
const timeDigits = 10;

/** The most names of clients and tokens that are read for one page of people. */
const mostNames = 2_000;

/**
 * Who has access, over the records that have neither expired nor ended for want of use.
 * Grouped by the database: thousands of people stay there.
 */
export function createPeopleDirectory(db: Kysely<Schema>) {
  return {
    /** A page of people, by name. @param oauthClient only people for whom this client acts */
    people: (homes: Homes, part: Part, oauthClient?: string) => peopleIn(db, homes, part, oauthClient),
    /** The names of the clients and tokens of some people, each with the person's `home` and `sub`, newest use first. */
    namesOf: (homes: Homes, subs: readonly string[], idleSeconds: number) => namesOf(db, homes, subs, idleSeconds),
    /** An OAuth client that acts for people; undefined if it acts for no one. */
    client: (oauthClient: string, idleSeconds: number) => clientIn(db, oauthClient, idleSeconds),
    /** How many accounts at servers these people have, by subject; those without any are left out. */
    accountsOf: (subs: readonly string[]) => accountsOf(db, subs),
    /** Who has accounts at servers and no access now, those that were used last first, at most `most`. */
    withAccountsOnly: (idleSeconds: number, most: number) => withAccountsOnly(db, idleSeconds, most),
    /** Those of some subjects who have access. */
    present: (subs: readonly string[], idleSeconds: number) => present(db, subs, idleSeconds),
    /** Those of some groups that each person has, by subject: people with a record that has not expired and was used since. */
    groupsOf: (groups: readonly string[], since: number) => groupsOf(db, new Set(groups), since),
    /** A page of OAuth clients, those that act for the most people first. */
    clients: (homes: Homes, part: Part) => clientsIn(db, homes, part),
  };
}

async function peopleIn(db: Kysely<Schema>, homes: Homes, part: Part, oauthClient?: string) {
  const all = db.selectFrom('session').where(stands(part.idleSeconds));
  const fitting =
    oauthClient === undefined
      ? all.where(hasText(part.text, ['username', 'shown_name', 'sub', 'oauth_client_name']))
      : all.where('oauth_client', '=', oauthClient);
  const named = fitting.select([
    homeIn(homes).as('home'),
    'sub',
    sql<string>`coalesce(shown_name, username)`.as('name'),
  ]);
  const found = db.selectFrom(named.as('r')).groupBy(['home', 'sub']);
  // One pass over all records. What is said of each person is read for one page only.
  const page = await found
    .select(['home', 'sub', sql<number | string>`count(*) over ()`.as('total')])
    .orderBy(sql`lower(max(name))`)
    .orderBy('home')
    .orderBy('sub')
    .offset(part.offset)
    .limit(part.limit)
    .execute();
  const [first] = page;
  const said = await aboutPeople(db, homes, part.idleSeconds, page);
  return {
    total: first ? Number(first.total) : part.offset === 0 ? 0 : await countOf(db, found.select('sub')),
    rows: page.flatMap((one) => said.get(keyOf(one)) ?? []),
  };
}

async function aboutPeople(db: Kysely<Schema>, homes: Homes, idleSeconds: number, page: readonly Named[]) {
  if (page.length === 0) return new Map<string, PersonRow>();
  const subs = page.map(({ sub }) => sub);
  const records = db
    .selectFrom('session')
    .where(stands(idleSeconds))
    .where('sub', 'in', subs)
    .select([
      ...(['sub', 'username', 'shown_name', 'groups', 'last_seen'] as const),
      // The address of the newest use is the end of the greatest text: times have ten digits until 2286.
      sql<string>`cast(last_seen as text) || coalesce(used_address, '')`.as('use'),
      sql<number | null>`case when kind = 'browser' then created_at end`.as('signed_in'),
      homeIn(homes).as('home'),
      countIf('browser').as('sign_in'),
      countIf('client').as('client'),
      countIf('personal').as('token'),
    ]);
  const rows = await db
    .selectFrom(records.as('r'))
    .groupBy(['home', 'sub'])
    .select((e) => ['home', 'sub', e.fn.max('username').as('username'), e.fn.max('shown_name').as('shown')])
    .select((e) => [e.fn.max('groups').as('groups'), e.fn.max('last_seen').as('seen')])
    .select((e) => [e.fn.max('use').as('use'), e.fn.min('signed_in').as('since')])
    .select((e) => [e.fn.sum('sign_in').as('s'), e.fn.sum('client').as('c'), e.fn.sum('token').as('t')])
    .execute();
  return new Map(
    rows.map(({ home, sub, username, shown, groups, seen, use, since, s, c, t }): [string, PersonRow] => [
      keyOf({ home, sub }),
      {
        ...{ home, sub, username, shownName: shown ?? undefined, lastSeen: Number(seen) },
        groups: JSON.parse(groups) as string[],
        ...{ signIns: Number(s), clients: Number(c), tokens: Number(t) },
        ...{ usedAddress: use.slice(timeDigits) || undefined, signedInAt: since === null ? undefined : Number(since) },
      },
    ]),
  );
}

type Named = Pick<PersonRow, 'home' | 'sub'>;

const keyOf = ({ home, sub }: Named) => `${home} ${sub}`;

async function countOf(db: Kysely<Schema>, found: SelectQueryBuilder<Schema, never, object>): Promise<number> {
  const all = db.selectFrom(found.as('f')).select((e) => e.fn.countAll().as('n'));
  return Number((await all.executeTakeFirstOrThrow()).n);
}

async function namesOf(db: Kysely<Schema>, homes: Homes, subs: readonly string[], idleSeconds: number) {
  if (subs.length === 0) return [];
  const all = db.selectFrom('session').where(stands(idleSeconds)).where('sub', 'in', subs);
  const others = all.where('kind', '!=', 'browser').orderBy('last_seen', 'desc').limit(mostNames);
  return await others.select([homeIn(homes).as('home'), 'sub', 'kind', 'oauth_client_name as name']).execute();
}

async function clientsIn(db: Kysely<Schema>, homes: Homes, { idleSeconds, text, offset, limit }: Part) {
  const all = db.selectFrom('session').where(stands(idleSeconds)).where('oauth_client', 'is not', null);
  const records = all.where(hasText(text, ['oauth_client', 'oauth_client_name'])).select([
    ...(['oauth_client', 'oauth_client_name', 'last_seen'] as const),
    // One text, because SQLite counts distinct values of one expression only.
    sql<string>`${homeIn(homes)} || ' ' || sub`.as('who'),
  ]);
  const clients = db.selectFrom(records.as('r')).groupBy('oauth_client');
  const rows = await clients
    .select((e) => ['oauth_client', e.fn.max('oauth_client_name').as('name'), e.fn.max('last_seen').as('seen')])
    .select((e) => [e.fn.count('who').distinct().as('people'), sql<number | string>`count(*) over ()`.as('total')])
    .orderBy('people', 'desc')
    // Those without a name last: the databases do not agree on where null stands.
    .orderBy(sql`max(oauth_client_name) is null`)
    .orderBy(sql`lower(max(oauth_client_name))`)
    .orderBy('oauth_client')
    .offset(offset)
    .limit(limit)
    .execute();
  const [first] = rows;
  return {
    total: first ? Number(first.total) : offset === 0 ? 0 : await countOf(db, clients.select('oauth_client')),
    rows: rows.map(
      ({ oauth_client, name, people, seen }): ClientRow => ({
        ...{ oauthClient: oauth_client ?? '', name: name ?? undefined },
        ...{ people: Number(people), lastSeen: Number(seen) },
      }),
    ),
  };
}

async function clientIn(db: Kysely<Schema>, oauthClient: string, idleSeconds: number) {
  const all = db.selectFrom('session').where(stands(idleSeconds)).where('oauth_client', '=', oauthClient);
  const found = await all.select('oauth_client_name as name').orderBy('last_seen', 'desc').limit(1).executeTakeFirst();
  return found && { name: found.name ?? undefined };
}

async function accountsOf(db: Kysely<Schema>, subs: readonly string[]): Promise<ReadonlyMap<string, number>> {
  if (subs.length === 0) return new Map();
  const all = db.selectFrom('account').where('subject', 'in', subs).groupBy('subject');
  const rows = await all.select((e) => ['subject', e.fn.countAll().as('count')]).execute();
  return new Map(rows.map(({ subject, count }) => [subject, Number(count)]));
}

async function withAccountsOnly(db: Kysely<Schema>, idleSeconds: number, most: number) {
  const signedIn = db.selectFrom('session').select('sub').where(stands(idleSeconds));
  const all = db.selectFrom('account').where('subject', 'not in', signedIn).groupBy('subject');
  const rows = await all
    .select((e) => ['subject', e.fn.countAll().as('count'), e.fn.max('used_at').as('used')])
    .orderBy('used', 'desc')
    .orderBy('subject')
    .limit(most)
    .execute();
  return rows.map(({ subject, count, used }) => ({ sub: subject, accounts: Number(count), usedAt: Number(used) }));
}

function homeIn(homes: Homes): RawBuilder<string> {
  const others = [...homes].filter(([provider, home]) => provider !== home);
  if (others.length === 0) return sql<string>`provider`;
  const cases = others.map(([provider, home]) => sql`when ${provider} then ${home}`);
  return sql<string>`case provider ${sql.join(cases, sql` `)} else provider end`;
}

function countIf(kind: string): RawBuilder<number> {
  return sql<number>`case when kind = ${kind} then 1 else 0 end`;
}

/** Whether one of the columns has a piece of text, in any case of ASCII letters (SQLite's `lower` knows no others). */
function hasText(text: string, columns: readonly string[]): RawBuilder<boolean> {
  const pattern = `%${text.replace(/[\\%_]/g, '\\$&')}%`;
  const each = columns.map(
    (column) => sql`lower(coalesce(${sql.ref(column)}, '')) like lower(cast(${pattern} as text)) escape '\\'`,
  );
  return sql<boolean>`(${sql.join(each, sql` or `)})`;
}
