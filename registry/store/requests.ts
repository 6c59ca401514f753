import { randomBytes } from 'node:crypto';
import { type Kysely, type Selectable, sql } from 'kysely';
import { databaseNow } from '../../common/database/database.ts';
import { RegistryError } from '../errors/registry-error.ts';
import type { Actor } from './change-log.ts';
import { type RegistryDatabase, type Writing, writing } from './database.ts';
import { readServer } from './servers.ts';
import type { Schema } from './tables/schema.ts';

/** States of a request. `ended`: after its time, or with its server. */
export const requestStates = ['open', 'given', 'refused', 'withdrawn', 'ended'] as const;

export type RequestState = (typeof requestStates)[number];

/** A person's wish for access to a server. All of its texts come from people or servers: show them as plain text. */
export interface AccessRequest {
  /** Letters and digits, for addresses. */
  id: string;
  server: string;
  /** Names of tools; none for "some access". */
  tools: readonly string[];
  reason: string;
  by: Actor;
  /** The groups that the person had when they asked, of those that the policy knew. */
  groups: readonly string[];
  at: Date;
  /** When it ends by itself. */
  until: Date;
  state: RequestState;
  /** Who answered, when, and with which words; undefined while it is open. */
  answer?: { by: Actor; at: Date; words: string } | undefined;
}

/** What is stored of a new request. */
export type NewRequest = Pick<AccessRequest, 'server' | 'tools' | 'reason' | 'by' | 'groups'>;

/** A new state of a request. */
export interface Settling {
  state: Exclude<RequestState, 'open'>;
  by: Actor;
  words: string;
}

/** Bounds of what people may ask for. */
export const requestBounds = {
  /** Open requests of one person. */
  open: 20,
  /** Tools in one request. */
  tools: 50,
  /** Characters of a reason, or of an answer. */
  words: 500,
  days: 30,
} as const;

/** Answered requests that are kept of one person: the newest, and for this many days. */
const kept = { most: 50, days: 90 };
const daySeconds = 86_400;
/** Open requests that editors see. The others follow when these are answered. */
const mostListed = 500;

const registry: Actor = { sub: '#registry', username: 'the registry' };

/** Makes the table of requests over the registry's database. Times are by the database's clock. */
export function createRequestTable(database: RegistryDatabase) {
  const { db, kind } = database;
  const clock = async (on: Kysely<Schema>) => {
    const { now } = await on.selectNoFrom(databaseNow(kind).as('now')).executeTakeFirstOrThrow();
    return Number(now);
  };
  /** Runs `work` with what has ended by now written down. */
  const settled = <T>(work: (transaction: Writing, now: number) => Promise<T>) =>
    writing(database, async (transaction) => {
      const now = await clock(transaction);
      await endLate(transaction, now);
      return await work(transaction, now);
    });
  const read = async (where: { sub?: string; id?: string; state?: RequestState }) => {
    const now = await clock(db);
    let all = db.selectFrom('access_request').selectAll();
    if (where.sub !== undefined) all = all.where('by_sub', '=', where.sub);
    if (where.id !== undefined) all = all.where('id', '=', where.id);
    if (where.state !== undefined) all = all.where('state', '=', where.state).where('until', '>', now);
    const rows = await all.orderBy('at').orderBy('id').limit(mostListed).execute();
    return rows.map((row) => toRequest(row, now));
  };
  return {
    /**
     * Stores a request, or adds it to the person's open one for the same server: its tools are added, its reason replaces the
     * former one, and the end stays.
     * @throws {RegistryError} `not_found` if the server is gone, `input_invalid` if the person has too many, or it would have
     *   too many tools
     */
    add: (wish: NewRequest) => settled((transaction, now) => addRequest(transaction, wish, now)),
    /** A person's own, the oldest first. */
    of: (sub: string) => read({ sub }),
    /** The open ones, the oldest first: at most 500. */
    open: () => read({ state: 'open' }),
    async countOpen(): Promise<number> {
      const open = db.selectFrom('access_request').where('state', '=', 'open').where('until', '>', databaseNow(kind));
      return Number((await open.select((e) => e.fn.countAll().as('n')).executeTakeFirstOrThrow()).n);
    },
    find: async (id: string) => (await read({ id }))[0],
    /**
     * Gives an open request another state.
     * @param mayDo refuses by throwing, with the request as it is
     * @throws {RegistryError} `not_found`, or `changed_meanwhile` if it is not open
     */
    settle: (id: string, settling: Settling, mayDo: (request: AccessRequest) => void = () => undefined) =>
      settled(async (transaction, now) => {
        const row = await transaction.selectFrom('access_request').selectAll().where('id', '=', id).executeTakeFirst();
        if (!row) throw new RegistryError('not_found', 'There is no such request.');
        const request = toRequest(row, now);
        mayDo(request);
        if (request.state !== 'open') throw notOpen(request.state);
        const change = answerOf(settling, now);
        await transaction.updateTable('access_request').set(change).where('id', '=', id).execute();
        return toRequest({ ...row, ...change }, now);
      }),
  };
}

/** Ends the open requests for a server, in the transaction that deletes it. */
export async function endRequests(transaction: Writing, server: string): Promise<void> {
  const now = Math.floor(Date.now() / 1000);
  const change = answerOf({ state: 'ended', by: registry, words: 'The server was deleted.' }, now);
  const open = transaction.updateTable('access_request').set(change).where('server', '=', server);
  await open.where('state', '=', 'open').execute();
}

/**
 * Ends the open requests for servers that are gone: a registry of a release without requests, over the same database, deletes a
 * server only.
 */
export async function endRequestsOfGone(database: RegistryDatabase): Promise<void> {
  const open = database.db.selectFrom('access_request').select('server').distinct().where('state', '=', 'open');
  const left = await open.where('server', 'not in', database.db.selectFrom('server').select('name')).execute();
  if (left.length === 0) return;
  await writing(database, async (transaction) => {
    for (const { server } of left) if (!(await readServer(transaction, server))) await endRequests(transaction, server);
  });
}

/** Moves the requests for a server to its new name, in the transaction that renames it. */
export async function renameRequests(transaction: Writing, from: string, to: string): Promise<void> {
  await endRequests(transaction, to);
  await transaction.updateTable('access_request').set({ server: to }).where('server', '=', from).execute();
}

async function addRequest(transaction: Writing, wish: NewRequest, now: number): Promise<AccessRequest> {
  const { server, by } = wish;
  // The server may have been deleted since the page was made.
  if (!(await readServer(transaction, server))) throw new RegistryError('not_found', 'There is no such server.');
  await forgetOld(transaction, by.sub, now);
  const own = transaction.selectFrom('access_request').selectAll().where('by_sub', '=', by.sub);
  const open = await own.where('state', '=', 'open').execute();
  const before = open.find((row) => row.server === server);
  if (!before && open.length >= requestBounds.open)
    throw invalid(`You have ${open.length} open requests, which is the most. Withdraw one first.`);
  const had = before ? toRequest(before, now).tools : [];
  const tools = [...new Set([...had, ...wish.tools])];
  if (tools.length > requestBounds.tools)
    throw invalid(
      `One request may name ${requestBounds.tools} tools at most: ask for some access, and say which in words.`,
    );
  const asked = { tools: JSON.stringify(tools), groups: JSON.stringify(wish.groups), reason: wish.reason };
  const row = before
    ? { ...before, ...asked, by_name: by.username }
    : {
        ...{ id: randomBytes(12).toString('hex'), server, by_sub: by.sub, by_name: by.username, ...asked },
        ...{ at: now, until: now + requestBounds.days * daySeconds, state: 'open' },
        ...{ answered_at: null, answered_by_sub: null, answered_by_name: null, words: null },
      };
  const insert = transaction.insertInto('access_request').values(row);
  await insert.onConflict((c) => c.column('id').doUpdateSet({ ...asked, by_name: by.username })).execute();
  return toRequest(row, now);
}

/** Writes down which requests have ended by themselves, so that a person can ask again. */
async function endLate(transaction: Writing, now: number): Promise<void> {
  const late = transaction.updateTable('access_request').where('state', '=', 'open').where('until', '<=', now);
  await late.set({ state: 'ended', answered_at: sql.ref('until') }).execute();
}

async function forgetOld(transaction: Writing, sub: string, now: number): Promise<void> {
  const gone = transaction.deleteFrom('access_request').where('state', '!=', 'open');
  await gone.where('answered_at', '<', now - kept.days * daySeconds).execute();
  const answered = transaction.selectFrom('access_request').select(['id']).where('by_sub', '=', sub);
  const old = answered
    .where('state', '!=', 'open')
    .orderBy('at', 'desc')
    .orderBy('id')
    .offset(kept.most - 1)
    .limit(1_000);
  const ids = (await old.execute()).map(({ id }) => id);
  if (ids.length > 0) await transaction.deleteFrom('access_request').where('id', 'in', ids).execute();
}

function answerOf({ state, by, words }: Settling, now: number) {
  return { state, answered_at: now, answered_by_sub: by.sub, answered_by_name: by.username, words };
}

function toRequest(row: Selectable<Schema['access_request']>, now: number): AccessRequest {
  const { id, server, reason, answered_at: answered, answered_by_sub: sub, answered_by_name: username } = row;
  // Ended by itself, and not written down yet.
  const isLate = row.state === 'open' && Number(row.until) <= now;
  return {
    ...{ id, server, reason, tools: JSON.parse(row.tools), groups: JSON.parse(row.groups) },
    by: { sub: row.by_sub, username: row.by_name },
    ...{ at: dateOf(row.at), until: dateOf(row.until) },
    state: isLate ? 'ended' : (row.state as RequestState),
    answer:
      answered === null || sub === null
        ? undefined
        : { by: { sub, username: username ?? '' }, at: dateOf(answered), words: row.words ?? '' },
  };
}

function dateOf(seconds: number): Date {
  return new Date(Number(seconds) * 1000);
}

function notOpen(state: RequestState): RegistryError {
  return new RegistryError('changed_meanwhile', `This request is ${state} already: look at it again.`);
}

function invalid(message: string): RegistryError {
  return new RegistryError('input_invalid', message, { faults: [{ path: 'tools', message }] });
}
