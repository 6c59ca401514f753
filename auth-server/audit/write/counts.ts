import type { Kysely } from 'kysely';
import type { DatabaseKind } from '../../../common/database/database.ts';
import { dayBegin } from '../store/days.ts';
import { insertRows } from '../store/insert.ts';
import type { DaySchema } from '../store/schema.ts';
import type { DecisionRow } from './row.ts';

type Counted = DaySchema['decision_count'];

const sum = 'count = decision_count.count + excluded.count';
const older = 'case when excluded.oldest < decision_count.oldest then excluded.oldest else decision_count.oldest end';
const into = {
  table: 'decision_count',
  columns: ['server', 'at', 'count', 'oldest'] as const,
  suffix: `on conflict (server, at) do update set ${sum}, oldest = ${older}`,
};

/** Counts the records of each server and day while they are written: to count them later would read them all. */
export async function addCounts(kind: DatabaseKind, on: Kysely<DaySchema>, written: readonly DecisionRow[]) {
  const counts = new Map<string, Counted>();
  for (const { server: name, at } of written) {
    const [server, day] = [name ?? '', dayBegin(at)];
    const key = `${day} ${server}`;
    const sum = counts.get(key) ?? { server, at: day, count: 0, oldest: at };
    counts.set(key, sum);
    sum.count++;
    sum.oldest = Math.min(sum.oldest, at);
  }
  // In one order: two processes that wait for each other's rows would never end.
  const rows = [...counts.values()].sort((a, b) => a.at - b.at || (a.server < b.server ? -1 : 1));
  await insertRows(kind, on, into, rows);
}
