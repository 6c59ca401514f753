import { type Kysely, sql } from 'kysely';
import type { MainSchema } from '../../store/schema.ts';
import { type Buckets, bucketColumns, dimensions } from '../../store/sum-tables.ts';
import type { Counts } from './counts.ts';
import type { SumKey } from './sum-key.ts';
import type { Words } from './words.ts';

type Row = MainSchema['audit_sum'] & Buckets;

/** With 38 columns: SQLite and PostgreSQL take 32,766 and 65,535 parameters in a statement. */
const rowsAtOnce = 500;

/** Replaces the sums of an hour. @param hour hours since 1970 */
export async function writeHour(
  on: Kysely<MainSchema>,
  hour: number,
  sums: readonly { key: SumKey; counts: Counts }[],
  words: Words,
): Promise<void> {
  await on.deleteFrom('audit_sum').where('hours', '=', 1).where('at', '=', hour).execute();
  const rows = new Map<string, Row>();
  for (const { key, counts } of sums) addRow(rows, { hours: 1, at: hour }, key, counts, words);
  const all = [...rows.values()];
  for (let at = 0; at < all.length; at += rowsAtOnce)
    await on
      .insertInto('audit_sum')
      .values(all.slice(at, at + rowsAtOnce))
      .execute();
}

/** Texts without a number share the row of `other`. */
function addRow(
  rows: Map<string, Row>,
  time: Pick<Row, 'hours' | 'at'>,
  key: SumKey,
  { calls, measured, errors, last, times = [] }: Counts,
  words: Words,
): void {
  const ids = dimensions.map((name) => words.idOf(name, key[name]));
  const row: Row = rows.get(ids.join()) ?? {
    ...time,
    ...byName(ids),
    ...noBuckets,
    calls: 0,
    measured: 0,
    errors: 0,
    last: 0,
  };
  row.calls += calls;
  row.measured += measured;
  row.errors += errors;
  row.last = Math.max(row.last, last);
  for (const [index, count] of times.entries()) if (count > 0) row[`b${index}`] = (row[`b${index}`] ?? 0) + count;
  rows.set(ids.join(), row);
}

const noBuckets: Buckets = Object.fromEntries(bucketColumns.map((name) => [name, null]));

function byName(ids: readonly number[]): Pick<Row, (typeof dimensions)[number]> {
  return Object.fromEntries(dimensions.map((name, index) => [name, ids[index]])) as never;
}

const names = sql.join(dimensions.map((name) => sql.ref(name)));
const added = ['calls', 'measured', 'errors', ...bucketColumns];

/** Replaces the sums of a day by those of its hours. @param day days since 1970 */
export async function writeDay(on: Kysely<MainSchema>, day: number): Promise<void> {
  const [from, to] = [day * 24, (day + 1) * 24];
  await on.deleteFrom('audit_sum').where('hours', '=', 24).where('at', '=', from).execute();
  const columns = sql.join(added.map((name) => sql.ref(name)));
  const sums = sql.join(added.map((name) => sql`sum(${sql.ref(name)})`));
  await sql`insert into audit_sum (hours, at, ${names}, last, ${columns})
    select 24, cast(${from} as integer), ${names}, max(last), ${sums} from audit_sum
    where hours = 1 and at >= ${from} and at < ${to} group by ${names}`.execute(on);
}
