import type { Kysely } from 'kysely';
import { LRUCache } from 'lru-cache';
import type { SelfDescription } from '../servers/self-description.ts';
import type { Status, TransportCheck } from '../servers/server-health.ts';
import type { ToolInfo } from '../servers/tool.ts';
import { type Chart, chartOf, forgetOldChecks, keepChecks, type Sample } from './check-sums.ts';
import { type RegistryDatabase, type Writing, writing } from './database.ts';
import type { Schema } from './migrations.ts';

/** What is kept of a server's state. */
export interface KeptState {
  status: Status;
  /** Failed checks in a row. */
  failures: number;
  error: string | null;
  since: string;
  latencyMs: number | null;
  checks: readonly TransportCheck[];
}

/** A server as it last announced itself. */
export interface LastAnswer {
  tools: readonly ToolInfo[];
  announced: SelfDescription;
}

/** Everything that is known of one server from before. */
export interface Kept {
  server: string;
  /** Where it was asked: what is kept of another place does not count. */
  target: string;
  checkedAt: Date;
  state: KeptState;
  seen: (LastAnswer & { at: Date }) | undefined;
}

/** One state that began, for the history. */
export interface HealthEvent {
  at: Date;
  state: Status | 'unstable';
  latencyMs: number | null;
  reason: string | null;
}

/** What one or more checks of a server brought, to be kept. */
export interface Observation {
  server: string;
  target: string;
  checkedAt: Date;
  state: KeptState;
  /** Only if it differs from what is kept. */
  seen: (LastAnswer & { at: Date }) | undefined;
  events: readonly HealthEvent[];
  samples: readonly Sample[];
}

/** A server's past: when its state changed, and its checks over a day and a week. */
export interface History {
  events: HealthEvent[];
  chart: Chart;
}

/** What the registry observed of servers, over restarts. */
export interface Observations {
  /** @param after only what was checked later; all if undefined */
  read(after?: Date): Promise<Kept[]>;
  /** Keeps all of it in one step. What is of a server that is gone or has moved is dropped. */
  keep(observations: readonly Observation[], now: Date): Promise<void>;
  history(server: string, now: Date): Promise<History>;
  /** When the last check was that this registry has kept of a server, in milliseconds since 1970; 0 for none. */
  keptAt(server: string): number;
  /**
   * Takes or holds the duty to check all servers, which one registry has at a time.
   * @returns whether it is `owner`'s until `milliseconds` from now
   */
  takeDuty(owner: string, milliseconds: number, now: Date): Promise<boolean>;
}

const mostEvents = 500;
const eventDays = 30;
const dayMilliseconds = 86_400_000;
const tidyMilliseconds = 3_600_000;
const mostRemembered = 20_000;
const duty = 'checks';

/** Makes {@link Observations} over the registry's database. */
export function createObservations(database: RegistryDatabase): Observations {
  const { db } = database;
  let tidiedAt = 0;
  const keptAt = new LRUCache<string, number>({ max: mostRemembered });
  return {
    read: (after) => readKept(db, after),
    async keep(observations, now) {
      await writing(database, async (transaction) => {
        await keepAll(transaction, observations);
        if (now.getTime() - tidiedAt < tidyMilliseconds) return;
        await forgetOld(transaction, now);
        tidiedAt = now.getTime();
      });
      for (const { server, checkedAt } of observations) keptAt.set(server, checkedAt.getTime());
    },
    keptAt: (server) => keptAt.get(server) ?? 0,
    async history(server, now) {
      const rows = await db
        .selectFrom('server_event')
        .select(['at', 'state', 'latency_ms', 'reason'])
        .where('server', '=', server)
        .orderBy('at', 'desc')
        .limit(mostEvents)
        .execute();
      const events = rows.map(({ at, state, latency_ms, reason }) => ({
        at: new Date(at),
        state: state as HealthEvent['state'],
        latencyMs: latency_ms,
        reason,
      }));
      return { events, chart: await chartOf(db, server, now) };
    },
    takeDuty: (owner, milliseconds, now) =>
      writing(database, async (transaction) => {
        const row = await transaction
          .selectFrom('registry_state')
          .select('value')
          .where('key', '=', duty)
          .executeTakeFirst();
        const [holder, until] = row?.value.split(' ') ?? [];
        if (holder !== owner && Number(until) > now.getTime()) return false;
        const value = `${owner} ${now.getTime() + milliseconds}`;
        const put = transaction.insertInto('registry_state').values({ key: duty, value });
        await put.onConflict((c) => c.column('key').doUpdateSet({ value })).execute();
        return true;
      }),
  };
}

/** Forgets all that was observed of a server, in the transaction that deletes or moves it. */
export async function forgetObservations(transaction: Writing, server: string): Promise<void> {
  for (const table of ['server_health', 'server_seen', 'server_event', 'server_checks'] as const)
    await transaction.deleteFrom(table).where('server', '=', server).execute();
}

async function readKept(db: Kysely<Schema>, after: Date | undefined): Promise<Kept[]> {
  const later = after?.toISOString() ?? '';
  const rows = await db.selectFrom('server_health').selectAll().where('at', '>', later).execute();
  const names = rows.map(({ server }) => server);
  if (names.length === 0) return [];
  const seen = await db.selectFrom('server_seen').selectAll().where('server', 'in', names).execute();
  const byServer = new Map(seen.map((row) => [row.server, row]));
  return rows.map(({ server, target, at, state }) => {
    const last = byServer.get(server);
    const known =
      last?.target === target ? { ...(JSON.parse(last.seen) as LastAnswer), at: new Date(last.at) } : undefined;
    return { server, target, checkedAt: new Date(at), state: JSON.parse(state) as KeptState, seen: known };
  });
}

async function forgetOld(transaction: Writing, now: Date): Promise<void> {
  const oldest = new Date(now.getTime() - eventDays * dayMilliseconds).toISOString();
  await transaction.deleteFrom('server_event').where('at', '<', oldest).execute();
  await forgetOldChecks(transaction, now);
}

async function keepAll(transaction: Writing, all: readonly Observation[]): Promise<void> {
  const names = all.map(({ server }) => server);
  if (names.length === 0) return;
  const servers = await transaction
    .selectFrom('server')
    .select(['name', 'upstream', 'mcp_path', 'sse_path'])
    .where('name', 'in', names)
    .execute();
  const targets = new Map(servers.map((s) => [s.name, [s.upstream, s.mcp_path ?? '-', s.sse_path ?? '-'].join(' ')]));
  const current = all.filter(({ server, target }) => targets.get(server) === target);
  if (current.length === 0) return;
  await putStates(transaction, current);
  await putSeen(transaction, current);
  await addEvents(transaction, current);
  await keepChecks(
    transaction,
    current.flatMap(({ server, samples }) => samples.map((sample) => ({ ...sample, server }))),
  );
}

async function putStates(transaction: Writing, all: readonly Observation[]): Promise<void> {
  const rows = all.map(({ server, target, checkedAt, state }) => ({
    server,
    target,
    at: checkedAt.toISOString(),
    state: JSON.stringify(state),
  }));
  const insert = transaction.insertInto('server_health').values(rows);
  const replaced = (e: { ref: (name: string) => unknown }, name: string) => e.ref(`excluded.${name}`) as never;
  await insert
    .onConflict((c) =>
      c.column('server').doUpdateSet((e) => ({
        target: replaced(e as never, 'target'),
        at: replaced(e as never, 'at'),
        state: replaced(e as never, 'state'),
      })),
    )
    .execute();
}

async function putSeen(transaction: Writing, all: readonly Observation[]): Promise<void> {
  for (const { server, target, seen } of all) {
    if (!seen) continue;
    const { at, ...body } = seen;
    const row = { target, at: at.toISOString(), seen: JSON.stringify(body) };
    const insert = transaction.insertInto('server_seen').values({ server, ...row });
    await insert.onConflict((c) => c.column('server').doUpdateSet(row)).execute();
  }
}

async function addEvents(transaction: Writing, all: readonly Observation[]): Promise<void> {
  const rows = all.flatMap(({ server, events }) =>
    events.map(({ at, state, latencyMs, reason }) => ({
      server,
      at: at.toISOString(),
      state,
      latency_ms: latencyMs,
      reason,
    })),
  );
  if (rows.length === 0) return;
  await transaction.insertInto('server_event').values(rows).execute();
  for (const server of new Set(rows.map((row) => row.server))) {
    const beyond = await transaction
      .selectFrom('server_event')
      .select('at')
      .where('server', '=', server)
      .orderBy('at', 'desc')
      .offset(mostEvents)
      .limit(1)
      .executeTakeFirst();
    if (!beyond) continue;
    const late = transaction.deleteFrom('server_event').where('server', '=', server);
    await late.where('at', '<=', beyond.at).execute();
  }
}
