import { type Kysely, sql } from 'kysely';
import type { Writing } from './database.ts';
import type { Schema } from './tables/schema.ts';

/** One check of a server, for the charts. */
export interface Sample {
  at: Date;
  ok: boolean;
  /** How long the server took to answer. */
  ms: number;
}

/** The checks within a span of time. */
export interface Span {
  start: Date;
  ok: number;
  failed: number;
  /** Mean and longest answer time of the successful checks; null if there were none. */
  meanMs: number | null;
  longestMs: number | null;
}

/** A server's checks, oldest first: the last 24 hours by 5 minutes, the last 7 days by hours. */
export type Chart = Record<keyof typeof kinds, Span[]>;

const minute = 60_000;
const kinds = { day: { size: 5, minutes: 24 * 60 }, week: { size: 60, minutes: 7 * 24 * 60 } } as const;

type Row = Schema['server_checks'];
type ServerSample = Sample & { server: string };

/** Adds checks to the stored sums. */
export async function addChecks(transaction: Writing, samples: readonly ServerSample[]): Promise<void> {
  const rows = sum(samples);
  // PostgreSQL accepts 65,535 parameters in one statement.
  for (let i = 0; i < rows.length; i += 1_000) {
    await transaction
      .insertInto('server_checks')
      .values(rows.slice(i, i + 1_000))
      .onConflict((c) =>
        c.columns(['server', 'size', 'start']).doUpdateSet({
          ok: sql<number>`server_checks.ok + excluded.ok`,
          failed: sql<number>`server_checks.failed + excluded.failed`,
          total_ms: sql<number>`server_checks.total_ms + excluded.total_ms`,
          longest_ms: sql<number>`case when excluded.longest_ms > server_checks.longest_ms then excluded.longest_ms else server_checks.longest_ms end`,
        }),
      )
      .execute();
  }
}

/** Deletes the sums that no chart shows any more. */
export async function deleteOldChecks(transaction: Writing, now: Date): Promise<void> {
  for (const { size, minutes } of Object.values(kinds)) {
    const oldest = Math.floor(now.getTime() / minute) - minutes - 2 * size;
    await transaction.deleteFrom('server_checks').where('size', '=', size).where('start', '<', oldest).execute();
  }
}

/** Reads the charts of one server. */
export async function chartOf(db: Kysely<Schema>, server: string, now: Date): Promise<Chart> {
  const read = async ({ size, minutes }: { size: number; minutes: number }) => {
    const rows = await db
      .selectFrom('server_checks')
      .selectAll()
      .where('server', '=', server)
      .where('size', '=', size)
      .where('start', '>', Math.floor(now.getTime() / minute) - minutes - size)
      .orderBy('start')
      .execute();
    return rows.map(({ start, ok, failed, total_ms, longest_ms }) => ({
      start: new Date(start * minute),
      ok,
      failed,
      meanMs: ok > 0 ? Math.round(total_ms / ok) : null,
      longestMs: ok > 0 ? longest_ms : null,
    }));
  };
  return { day: await read(kinds.day), week: await read(kinds.week) };
}

function sum(samples: readonly ServerSample[]): Row[] {
  const rows = new Map<string, Row>();
  for (const { server, at, ok, ms } of samples) {
    for (const { size } of Object.values(kinds)) {
      const start = Math.floor(at.getTime() / minute / size) * size;
      const key = `${server} ${size} ${start}`;
      const row = rows.get(key) ?? { server, size, start, ok: 0, failed: 0, total_ms: 0, longest_ms: 0 };
      row[ok ? 'ok' : 'failed']++;
      if (ok) {
        row.total_ms += Math.round(ms);
        row.longest_ms = Math.max(row.longest_ms, Math.round(ms));
      }
      rows.set(key, row);
    }
  }
  return [...rows.values()];
}
