import type { AuditDatabase } from '../../store/database.ts';
import { dayRange } from '../../store/days.ts';
import { hourMilliseconds } from './make-sums.ts';
import { type CountedRow, readRows } from './rows.ts';
import { readState } from './state.ts';

/** Rows may become visible a little later than they say. Those that come later still are in the next sums. */
const slackMilliseconds = 60_000;

/**
 * Reads the rows that are in no sum yet, so that no answer waits for the next run. Before the first run of a new gateway, these
 * are the rows of the last two hours.
 */
export async function readFresh(db: AuditDatabase, now: number): Promise<CountedRow[]> {
  const reached = await readState(db.main, 'reached');
  const rows: CountedRow[] = [];
  const beyond = new Map(reached?.writers);
  const first = reached ? reached.at - slackMilliseconds : now - (now % hourMilliseconds) - hourMilliseconds;
  for (const day of await db.days()) {
    const { from, to } = dayRange(day);
    if (to <= first || from > now) continue;
    for await (const row of readRows(db.day(day), { from: Math.max(from, first), to, beyond })) rows.push(row);
  }
  return rows;
}
