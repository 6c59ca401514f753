import { sql } from 'kysely';
import { boundedCache } from '../../../common/service/bounded-cache.ts';
import type { AuditDatabase } from '../store/database.ts';
import { dayOf, dayRange } from '../store/days.ts';
import { isIn } from './sql.ts';
import type { Visible } from './visible.ts';

interface Span {
  day: string;
  from: number;
  to: number;
}

interface Count {
  count: number;
  oldest: number | null;
}

const hourMilliseconds = 3_600_000;
/** A count may be this old while records come in. */
const openMilliseconds = 3_000;
/** Later only what an older release has recorded comes in. */
const closedMilliseconds = 3_600_000;
/** Records may be late by this. */
const lateMilliseconds = 60_000;
const mostCounts = 4_000;

/** Counts the records that a reader may see, and finds the oldest of them. Counts of past days, and hours of today, are kept. */
export function createKept(database: AuditDatabase) {
  const known = boundedCache<string, Count>(mostCounts);
  const countOf = async ({ day, from, to }: Span, { servers }: Visible): Promise<Count> => {
    const key = JSON.stringify([from, servers]);
    const found = known.get(key);
    if (found) return found;
    const its = servers === 'all' ? sql`1 = 1` : isIn(database.kind, 'server', servers);
    const { rows } = await sql<Count>`select count(*) as count, min(at) as oldest from decision
      where at >= ${from} and at < ${to} and ${its}`.execute(database.day(day));
    const count = rows[0] ?? { count: 0, oldest: null };
    known.set(key, count, { ttl: to < Date.now() - lateMilliseconds ? closedMilliseconds : openMilliseconds });
    return count;
  };
  return async (visible: Visible): Promise<{ kept: number; oldest: number | null }> => {
    let kept = 0;
    let oldest: number | null = null;
    if (visible.servers.length === 0) return { kept, oldest };
    for (const span of spansOf(await database.days(), Date.now())) {
      const found = await countOf(span, visible);
      kept += found.count;
      oldest ??= found.oldest;
    }
    return { kept, oldest };
  };
}

/** The days, oldest first; today by hours, so that little is counted again. */
function spansOf(days: readonly string[], now: number): Span[] {
  const today = dayOf(now);
  return days.flatMap((day) => {
    const { from, to } = dayRange(day);
    if (day !== today) return [{ day, from, to }];
    const starts = Array.from({ length: 24 }, (_, hour) => from + hour * hourMilliseconds);
    return starts.map((start) => ({ day, from: start, to: start + hourMilliseconds }));
  });
}
