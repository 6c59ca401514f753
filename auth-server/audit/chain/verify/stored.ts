import { type Kysely, sql } from 'kysely';
import { columnsOf, type RecordColumns } from '../../store/columns.ts';
import type { AuditDatabase } from '../../store/database.ts';
import type { DaySchema } from '../../store/schema.ts';
import { readRecord } from '../../stored-record.ts';
import type { Evidence } from './verify.ts';

type Row = DaySchema['decision'];
type Table = Kysely<DaySchema>;

/** Rows that are in memory at a time, of each day. */
const pageSize = 500;

/** The records and statements of a database, as they are verified. The gateway may write meanwhile. */
export function storedEvidence(database: AuditDatabase): Omit<Evidence, 'keys' | 'kept'> {
  return { ...tables(database), rows: rowsOf(database), fits: (row) => fitsRecord(row as Row) };
}

function tables({ main }: AuditDatabase): Pick<Evidence, 'statements' | 'writers' | 'callers'> {
  const statements = main.selectFrom('audit_statement').selectAll().orderBy('seq').limit(pageSize);
  const callers = main.selectFrom('audit_caller').select(['digest', 'text']).orderBy('digest').limit(pageSize);
  const writers = main.selectFrom('audit_writer').select(['id', 'name']).orderBy('id').limit(pageSize);
  return {
    statements: pages((last) => (last ? statements.where('seq', '>', last.seq) : statements).execute()),
    callers: pages((last) => (last ? callers.where('digest', '>', last.digest) : callers).execute()),
    writers: pages((last) => (last ? writers.where('id', '>', last.id) : writers).execute()),
  };
}

/** All rows that `read` finds page by page, each time those after the last one. */
async function* pages<T>(read: (last: T | undefined) => Promise<T[]>): AsyncGenerator<T> {
  let last: T | undefined;
  for (;;) {
    const page = await read(last);
    yield* page;
    if (page.length < pageSize) return;
    last = page.at(-1);
  }
}

/** By writer, then by number. */
async function* rowsOf(database: AuditDatabase): AsyncGenerator<Row> {
  const found = await daysByWriter(database);
  for (const [writer, days] of [...found].sort(([a], [b]) => a - b))
    yield* merged(days.map((day) => rowsOfDay(() => database.day(day), writer)));
}

/** The days on which each writer has written. */
async function daysByWriter(database: AuditDatabase): Promise<ReadonlyMap<number, readonly string[]>> {
  const found = new Map<number, string[]>();
  // In PostgreSQL the days are one table.
  for (const day of database.kind === 'postgres' ? ['2000-01-01'] : await database.days())
    for (let writer = await nextWriter(database.day(day)); writer !== undefined; ) {
      found.set(writer, [...(found.get(writer) ?? []), day]);
      writer = await nextWriter(database.day(day), writer);
    }
  return found;
}

async function nextWriter(db: Table, after?: number): Promise<number | undefined> {
  const rows = db.selectFrom('decision').select('writer').orderBy('writer').limit(1);
  return (await (after === undefined ? rows : rows.where('writer', '>', after)).executeTakeFirst())?.writer;
}

function rowsOfDay(db: () => Table, writer: number): AsyncGenerator<Row> {
  return pages((last) => {
    const rows = db().selectFrom('decision').selectAll().where('writer', '=', writer);
    const after = last ? rows.where(sql<boolean>`(number, at) > (${last.number}, ${last.at})`) : rows;
    return after.orderBy('number').orderBy('at').limit(pageSize).execute();
  });
}

/** Rows of several days by number: at midnight, or after a clock was set back, numbers of two days may alternate. */
async function* merged(days: readonly AsyncGenerator<Row>[]): AsyncGenerator<Row> {
  const open: { row: Row; rest: AsyncGenerator<Row> }[] = [];
  for (const rest of days) {
    const { value, done } = await rest.next();
    if (!done) open.push({ row: value, rest });
  }
  while (open.length > 0) {
    open.sort((a, b) => a.row.number - b.row.number);
    const first = open[0] as (typeof open)[number];
    yield first.row;
    const { value, done } = await first.rest.next();
    if (done) open.shift();
    else first.row = value;
  }
}

/** Whether the columns of a row say what its record says. */
function fitsRecord(row: Row): boolean {
  const text = row.record ?? '';
  try {
    if (equal(row, columnsOf(JSON.parse(text)))) return true;
    readRecord(text);
    return false;
  } catch {
    // What cannot be read was written like this: write/row.ts.
    return equal(row, columnsOf({ at: row.at, verdict: 'deny' }));
  }
}

function equal(row: RecordColumns, columns: RecordColumns): boolean {
  return (Object.keys(columns) as (keyof RecordColumns)[]).every((name) => row[name] === columns[name]);
}
