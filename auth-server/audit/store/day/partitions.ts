import { type Kysely, sql } from 'kysely';
import { type Days, dayAfter, dayRange } from '../days.ts';
import { type Alone, type DaySchema, type MainSchema, turns } from '../schema.ts';

/** The tables that have a partition for each day. */
const tables = ['decision', 'decision_seen', 'decision_count', 'audit_call'] as const;
const nameOfDay = /^decision_(\d{4})(\d\d)(\d\d)$/;
const partitionOf = (table: string, day: string) => `${table}_${day.replaceAll('-', '')}`;
/**
 * Dropping a partition waits for queries of the table, and all other queries wait behind it. A query that holds one table and
 * waits for another is a deadlock: after a second, PostgreSQL would end that query.
 */
const lockMilliseconds = 900;

/** The days as partitions of PostgreSQL. */
export function createDayPartitions(main: Kysely<MainSchema>, alone: Alone): Days & { close(): Promise<void> } {
  // The tables of the days are in the same database.
  const db = main as unknown as Kysely<DaySchema>;
  const made = new Set<string>();
  const days = async () => {
    const { rows } = await sql<{ name: string }>`select c.relname as name from pg_inherits i
      join pg_class c on c.oid = i.inhrelid where i.inhparent = 'decision'::regclass`.execute(main);
    return rows.flatMap(({ name }) => nameOfDay.exec(name)?.slice(1).join('-') ?? []).sort();
  };
  return {
    days,
    day: () => db,
    async make(day) {
      // Another process may have dropped an old day.
      if (made.has(day) && day >= dayAfter(Date.now(), -1)) return;
      await alone(turns.days, async (on) => {
        for (const table of tables) await makePartition(on, table, day, dayRange(day));
      });
      made.add(day);
    },
    async drop(day) {
      await alone(turns.days, async (on) => {
        await sql`set local lock_timeout = ${sql.lit(lockMilliseconds)}`.execute(on);
        const partitions = tables.map((table) => sql.table(partitionOf(table, day)));
        await sql`drop table if exists ${sql.join(partitions)}`.execute(on);
      });
      made.delete(day);
    },
    async size(day) {
      const names = tables.map(
        (table) => sql`coalesce(pg_total_relation_size(to_regclass(${partitionOf(table, day)})), 0)`,
      );
      const { rows } = await sql<{ size: number }>`select ${sql.join(names, sql` + `)} as size`.execute(main);
      return rows[0]?.size ?? 0;
    },
    close: async () => undefined,
  };
}

/**
 * Makes a table and then attaches it: `create table … partition of` would wait for every query of the whole table, have all others
 * wait behind it, and end in a deadlock with one that reads two of the tables.
 */
async function makePartition(
  on: Kysely<MainSchema>,
  table: string,
  day: string,
  { from, to }: ReturnType<typeof dayRange>,
): Promise<void> {
  const name = partitionOf(table, day);
  const { rows } = await sql`select 1 from pg_class where oid = to_regclass(${name}) and relispartition`.execute(on);
  if (rows.length > 0) return;
  const [own, parent] = [sql.table(name), sql.table(table)];
  await sql`create table ${own} (like ${parent} including defaults including constraints)`.execute(on);
  const values = sql`values from (${sql.lit(from)}) to (${sql.lit(to)})`;
  await sql`alter table ${parent} attach partition ${own} for ${values}`.execute(on);
}
