import { type RawBuilder, sql } from 'kysely';
import { boundedCache } from '../../../common/service/bounded-cache.ts';
import type { AuditDatabase } from '../store/database.ts';
import { dayOf, dayRange } from '../store/days.ts';
import type { Visible } from '../visible.ts';

interface Count {
  server: string | null;
  count: number;
  oldest: number;
}

/** A count of today's records may be this old. Those of the days before change only when old records are taken over. */
const todayMilliseconds = 3_000;
const otherMilliseconds = 600_000;
const mostDays = 4_000;

/** Counts the records that a reader may see, and finds the oldest of them. */
export function createKept(database: AuditDatabase) {
  const known = boundedCache<string, readonly Count[]>(mostDays);
  const countsOf = async (day: string) => {
    const found = known.get(day);
    if (found) return found;
    const { from, to } = dayRange(day);
    const range: RawBuilder<boolean> = database.kind === 'sqlite' ? sql`1 = 1` : sql`at >= ${from} and at < ${to}`;
    const { rows } = await sql<Count>`select server, count(*) as count, min(at) as oldest from decision
      where ${range} group by server`.execute(database.day(day));
    known.set(day, rows, { ttl: day === dayOf(Date.now()) ? todayMilliseconds : otherMilliseconds });
    return rows;
  };
  return async ({ servers }: Visible): Promise<{ kept: number; oldest: number | null }> => {
    let kept = 0;
    let oldest: number | null = null;
    for (const day of await database.days())
      for (const count of await countsOf(day)) {
        if (servers !== 'all' && !servers.includes(count.server ?? '')) continue;
        kept += count.count;
        oldest = Math.min(oldest ?? count.oldest, count.oldest);
      }
    return { kept, oldest };
  };
}
