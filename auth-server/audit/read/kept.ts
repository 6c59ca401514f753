import { sql } from 'kysely';
import type { AuditDatabase } from '../store/database.ts';
import { dayRange } from '../store/days.ts';
import { isIn } from '../store/sql.ts';
import type { Visible } from '../visible.ts';

interface Count {
  count: number;
  oldest: number | null;
}

/** Counts the records that a reader may see, and finds the oldest of them, by the counts that are kept of each day. */
export async function countKept(
  database: AuditDatabase,
  { servers }: Visible,
): Promise<{ kept: number; oldest: number | null }> {
  const its = servers === 'all' ? sql`1 = 1` : isIn(database.kind, 'server', servers);
  const days = await database.days();
  // In PostgreSQL all days are in one table.
  const [first, last] = [days[0], days.at(-1)];
  if (first === undefined || last === undefined) return { kept: 0, oldest: null };
  let kept = 0;
  let oldest: number | null = null;
  for (const day of database.kind === 'sqlite' ? days : [last]) {
    const { from } = dayRange(database.kind === 'sqlite' ? day : first);
    const { rows } = await sql<Count>`select coalesce(sum(count), 0) as count, min(oldest) as oldest
      from decision_count where at >= ${from} and ${its}`.execute(database.day(day));
    kept += Number(rows[0]?.count ?? 0);
    oldest ??= rows[0]?.oldest ?? null;
  }
  return { kept, oldest };
}
