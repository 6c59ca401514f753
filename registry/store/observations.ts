import type { Kysely } from 'kysely';
import { boundedCache } from '../../common/service/bounded-cache.ts';
import type { SelfDescription } from '../servers/self-description.ts';
import { targetOf } from '../servers/server.ts';
import type { Status, TransportCheck } from '../servers/server-health.ts';
import type { ToolInfo } from '../servers/tool.ts';
import { addChecks, type Chart, chartOf, deleteOldChecks, type Sample } from './checks.ts';
import { putState, type RegistryDatabase, readState, type Writing, writing } from './database.ts';
import { toServer } from './servers.ts';
import type { Schema } from './tables/schema.ts';

/** The stored state of a server. */
export interface StoredState {
  status: Status;
  /** Failed checks in a row. */
  failures: number;
  error: string | null;
  since: string;
  latencyMs: number | null;
  /** Missing in what older versions have stored. */
  slow?: boolean;
  checks: readonly TransportCheck[];
}

/** What a server last said about itself. Stored as JSON under these names. */
export interface LastAnswer {
  tools: readonly ToolInfo[];
  announced: SelfDescription;
}

/** What is stored of one server's health. */
export interface StoredHealth {
  server: string;
  /** Where it was checked, see `targetOf`. What is stored for another target does not count. */
  target: string;
  checkedAt: Date;
  state: StoredState;
  answer: (LastAnswer & { at: Date }) | undefined;
}

/** The beginning of one state, for the history. */
interface HealthEvent {
  at: Date;
  state: Status | 'unstable' | 'slow';
  latencyMs: number | null;
  reason: string | null;
}

/** The result of one or more checks of a server. Its `answer` is set only if it differs from the stored one. */
export interface Observation extends StoredHealth {
  events: readonly HealthEvent[];
  samples: readonly Sample[];
}

/** A server's past: the changes of its state, and its checks over a day and a week. */
export interface History {
  events: HealthEvent[];
  chart: Chart;
}

export type Observations = ReturnType<typeof createObservations>;

const mostEvents = 500;
const eventDays = 30;
const dayMilliseconds = 86_400_000;
const cleanupMilliseconds = 3_600_000;
const mostRemembered = 20_000;
const leaseKey = 'checks';

/** Makes the store of what health checks found, over the registry's database. */
export function createObservations(database: RegistryDatabase) {
  const { db } = database;
  let cleanedAt = 0;
  const storedAt = boundedCache<string, number>(mostRemembered);
  return {
    /** @param after returns only what was checked later; undefined for all */
    read: (after?: Date) => readStored(db, after),
    /** Stores all observations in one transaction, except those of servers that are deleted or have moved. */
    async add(observations: readonly Observation[], now: Date): Promise<void> {
      await writing(database, async (transaction) => {
        await addAll(transaction, observations);
        if (now.getTime() - cleanedAt < cleanupMilliseconds) return;
        await deleteOld(transaction, now);
        cleanedAt = now.getTime();
      });
      for (const { server, checkedAt } of observations) storedAt.set(server, checkedAt.getTime());
    },
    /** When this process last stored a check of the server, in milliseconds since 1970; 0 if never. */
    storedAt: (server: string) => storedAt.get(server) ?? 0,
    async history(server: string, now: Date): Promise<History> {
      return { events: await readEvents(db, server), chart: await chartOf(db, server, now) };
    },
    /**
     * Acquires or renews the lease to check all servers. One registry holds it at a time.
     * @returns whether `owner` holds it for the next `milliseconds`
     */
    takeLease: (owner: string, milliseconds: number, now: Date) =>
      writing(database, async (transaction) => {
        const [holder, until] = (await readState(transaction, leaseKey))?.split(' ') ?? [];
        if (holder !== owner && Number(until) > now.getTime()) return false;
        await putState(transaction, leaseKey, `${owner} ${now.getTime() + milliseconds}`);
        return true;
      }),
  };
}

const tables = ['server_health', 'server_seen', 'server_event', 'server_checks'] as const;

/** Deletes everything that was observed of a server, in the transaction that deletes or moves it. */
export async function forgetObservations(transaction: Writing, server: string): Promise<void> {
  for (const table of tables) await transaction.deleteFrom(table).where('server', '=', server).execute();
}

/** Moves everything that was observed of a server to its new name, in the transaction that renames it. */
export async function renameObservations(transaction: Writing, from: string, to: string): Promise<void> {
  for (const table of tables)
    await transaction.updateTable(table).set({ server: to }).where('server', '=', from).execute();
}

async function readStored(db: Kysely<Schema>, after: Date | undefined): Promise<StoredHealth[]> {
  const later = after?.toISOString() ?? '';
  const rows = await db.selectFrom('server_health').selectAll().where('at', '>', later).execute();
  const names = rows.map(({ server }) => server);
  if (names.length === 0) return [];
  const answers = await db.selectFrom('server_seen').selectAll().where('server', 'in', names).execute();
  const byServer = new Map(answers.map((row) => [row.server, row]));
  return rows.map(({ server, target, at, state }) => {
    const last = byServer.get(server);
    const answer =
      last?.target === target ? { ...(JSON.parse(last.seen) as LastAnswer), at: new Date(last.at) } : undefined;
    return { server, target, checkedAt: new Date(at), state: JSON.parse(state) as StoredState, answer };
  });
}

async function readEvents(db: Kysely<Schema>, server: string): Promise<HealthEvent[]> {
  const rows = await db
    .selectFrom('server_event')
    .selectAll()
    .where('server', '=', server)
    .orderBy('at', 'desc')
    .limit(mostEvents)
    .execute();
  return rows.map(({ at, state, latency_ms: latencyMs, reason }) => {
    return { at: new Date(at), state: state as HealthEvent['state'], latencyMs, reason };
  });
}

async function deleteOld(transaction: Writing, now: Date): Promise<void> {
  const oldest = new Date(now.getTime() - eventDays * dayMilliseconds).toISOString();
  await transaction.deleteFrom('server_event').where('at', '<', oldest).execute();
  await deleteOldChecks(transaction, now);
}

async function addAll(transaction: Writing, all: readonly Observation[]): Promise<void> {
  const names = all.map(({ server }) => server);
  if (names.length === 0) return;
  const servers = await transaction.selectFrom('server').selectAll().where('name', 'in', names).execute();
  const targets = new Map(servers.map((row) => [row.name, targetOf(toServer(row))]));
  const current = all.filter(({ server, target }) => targets.get(server) === target);
  if (current.length === 0) return;
  await putStates(transaction, current);
  await putAnswers(transaction, current);
  await addEvents(transaction, current);
  const samples = current.flatMap((each) => each.samples.map((sample) => ({ ...sample, server: each.server })));
  await addChecks(transaction, samples);
}

async function putStates(transaction: Writing, all: readonly Observation[]): Promise<void> {
  const rows = all.map(({ server, target, checkedAt, state }) => {
    return { server, target, at: checkedAt.toISOString(), state: JSON.stringify(state) };
  });
  const insert = transaction.insertInto('server_health').values(rows);
  const replaced = insert.onConflict((c) =>
    c.column('server').doUpdateSet(({ ref }) => {
      return { target: ref('excluded.target'), at: ref('excluded.at'), state: ref('excluded.state') };
    }),
  );
  await replaced.execute();
}

async function putAnswers(transaction: Writing, all: readonly Observation[]): Promise<void> {
  for (const { server, target, answer } of all) {
    if (!answer) continue;
    const { at, ...seen } = answer;
    const row = { target, at: at.toISOString(), seen: JSON.stringify(seen) };
    const insert = transaction.insertInto('server_seen').values({ server, ...row });
    await insert.onConflict((c) => c.column('server').doUpdateSet(row)).execute();
  }
}

async function addEvents(transaction: Writing, all: readonly Observation[]): Promise<void> {
  const rows = all.flatMap(({ server, events }) =>
    events.map(({ at, latencyMs, ...same }) => ({ ...same, server, at: at.toISOString(), latency_ms: latencyMs })),
  );
  if (rows.length === 0) return;
  await transaction.insertInto('server_event').values(rows).execute();
  for (const server of new Set(rows.map((row) => row.server))) {
    const events = transaction.selectFrom('server_event').select('at').where('server', '=', server);
    const beyond = await events.orderBy('at', 'desc').offset(mostEvents).limit(1).executeTakeFirst();
    if (!beyond) continue;
    const surplus = transaction.deleteFrom('server_event').where('server', '=', server);
    await surplus.where('at', '<=', beyond.at).execute();
  }
}
