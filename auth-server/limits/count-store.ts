import { randomUUID } from 'node:crypto';
import { sql, type Transaction } from 'kysely';
import { type DatabaseKind, databaseNow } from '../../common/database/database.ts';
import { databaseIn, openDatabase } from '../../common/database/open.ts';
import { changes, type Schema, usedPart } from './count-tables.ts';

/** Calls of one caller in one window. Times in seconds since 1970, by the clock of the database. */
export interface Counted {
  counter: string;
  caller: string;
  name: string;
  startsAt: number;
  endsAt: number;
  calls: number;
  most: number;
}

/** What a process learns when it has added its calls. */
export interface Shared {
  /** The calls of all processes, by {@link keyOf}. */
  totals: ReadonlyMap<string, number>;
  /** The clock of the database, in milliseconds since 1970. */
  now: number;
  /** How many processes count, with this one. */
  processes: number;
}

/** The counts that all processes share. Every method throws what the database threw. */
export interface CountStore {
  /**
   * Adds calls, all or none.
   * @param batch number of this batch: larger than the one before
   */
  add(batch: number, rows: readonly Counted[]): Promise<Shared>;
  /** Number of the last batch that this process has added; 0 for none. An answer may be lost on its way. */
  lastBatch(): Promise<number>;
  /** Counts in windows that have not ended, those nearest to their limit first. @param counters only these, if given */
  nearest(most: number, counters?: readonly string[]): Promise<Counted[]>;
  /** A caller's counts in windows that have not ended. */
  of(caller: string): Promise<Counted[]>;
  /** Deletes what has ended. */
  prune(): Promise<void>;
  close(): Promise<void>;
}

export const keyOf = ({ counter, caller }: Pick<Counted, 'counter' | 'caller'>) => `${counter} ${caller}`;

/** A process that was not heard for this long counts no more. */
const aliveSeconds = 30;
/** Ended windows stay for this long: a process may not have seen yet that one has ended. */
const keptSeconds = 120;
const rowsInStatement = 500;
/** One shares, and one is for pages. */
const mostConnections = 2;

/**
 * Opens the counts.
 * @param where a folder for `limits.db`, or `postgres://…`. Not the auth-server's own SQLite file: each write there makes other
 *   processes drop the sessions that they have in memory
 * @param onFailure receives the error of an idle connection that broke
 */
export async function openCountStore(where: string, onFailure: (error: unknown) => void = () => undefined) {
  const place = databaseIn(where, 'limits.db');
  const { db, kind, close } = await openDatabase<Schema>(place, changes, 'limits', onFailure, mostConnections);
  // A crash of the machine may lose the last second, and no write waits for the disk.
  if (kind === 'sqlite') await sql`pragma synchronous = normal`.execute(db);
  const id = randomUUID();
  const now = databaseNow(kind);
  const current = () =>
    db
      .selectFrom('limit_count')
      .select(['counter', 'caller', 'name', 'calls', 'most', 'starts_at as startsAt', 'ends_at as endsAt'])
      .where('ends_at', '>', now);
  const store: CountStore = {
    async add(batch, rows) {
      // Sorted: two processes that lock the same rows in another order would wait for each other.
      const sorted = rows.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
      return await db.transaction().execute(async (on) => {
        const totals = new Map<string, number>();
        for (let i = 0; i < sorted.length; i += rowsInStatement)
          for (const row of await addRows(on, sorted.slice(i, i + rowsInStatement))) totals.set(keyOf(row), row.calls);
        await on
          .insertInto('limit_process')
          .values({ id, batch, seen_at: now })
          .onConflict((c) => c.column('id').doUpdateSet({ batch, seen_at: now }))
          .execute();
        const { rows: found } = await sql<{ now: number; processes: number }>`
          select ${sql.raw(millisecondsOf[kind])} as now,
            (select count(*) from limit_process where seen_at > ${now} - ${aliveSeconds}) as processes`.execute(on);
        const [said] = found;
        return { totals, now: Number(said?.now), processes: Math.max(1, Number(said?.processes)) };
      });
    },
    async lastBatch() {
      const found = await db.selectFrom('limit_process').select('batch').where('id', '=', id).executeTakeFirst();
      return found?.batch ?? 0;
    },
    async nearest(most, counters) {
      const asked = counters ? current().where('counter', 'in', [...counters, '']) : current();
      return await asked.orderBy(usedPart, 'desc').limit(most).execute();
    },
    of: (caller) => current().where('caller', '=', caller).execute(),
    async prune() {
      await db.deleteFrom('limit_count').where('ends_at', '<', sql<number>`${now} - ${keptSeconds}`).execute();
      await db.deleteFrom('limit_process').where('seen_at', '<', sql<number>`${now} - ${keptSeconds}`).execute();
    },
    async close() {
      await db
        .deleteFrom('limit_process')
        .where('id', '=', id)
        .execute()
        .catch(() => undefined);
      await close();
    },
  };
  return store;
}

const millisecondsOf: Record<DatabaseKind, string> = {
  sqlite: "cast(unixepoch('subsec') * 1000 as integer)",
  postgres: 'cast(extract(epoch from clock_timestamp()) * 1000 as double precision)',
};

async function addRows(on: Transaction<Schema>, rows: readonly Counted[]) {
  return await on
    .insertInto('limit_count')
    .values(
      rows.map(({ counter, caller, name, calls, most, startsAt, endsAt }) => {
        return { counter, caller, name, calls, most, starts_at: startsAt, ends_at: endsAt };
      }),
    )
    .onConflict((c) =>
      c.columns(['caller', 'counter', 'starts_at']).doUpdateSet((eb) => ({
        calls: eb('limit_count.calls', '+', eb.ref('excluded.calls')),
        most: eb.ref('excluded.most'),
        name: eb.ref('excluded.name'),
      })),
    )
    .returning(['counter', 'caller', 'calls'])
    .execute();
}
