import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { AuditDatabase } from '../../store/database.ts';
import { dayRange } from '../../store/days.ts';
import type { DaySchema } from '../../store/schema.ts';
import type { DroppedRange } from '../statement.ts';
import { inGroups, mostInStatement, type Statements } from './statements.ts';

/**
 * Drops a day, after stating which records it held. If it breaks off in between, it can be repeated. Not within a transaction
 * of the main tables.
 */
export async function dropDay(database: AuditDatabase, statements: Statements, day: string): Promise<void> {
  await statements.sign(async ({ on, add }) => {
    if (!(await database.days()).includes(day)) return;
    const { from, to } = dayRange(day);
    // A file of SQLite holds one day: without a look at the times, its index answers alone.
    const [db, mine] =
      database.kind === 'postgres'
        ? [on as unknown as Kysely<DaySchema>, sql<boolean>`at >= ${from} and at < ${to}`]
        : [database.day(day), sql<boolean>`true`];
    const ranges = await rangesOf(db, mine);
    const names = new Map<number, string>();
    for (const { id, name } of await on.selectFrom('audit_writer').select(['id', 'name']).execute())
      names.set(id, name);
    const named = ranges.flatMap(({ writer, link, ...range }) => {
      const name = names.get(writer);
      return name === undefined ? [] : [{ name, ...range, link: Buffer.from(link).toString('base64url') }];
    });
    for (const some of inGroups<DroppedRange>(named, mostInStatement))
      await add({ kind: 'dropped', day, ranges: some });
  });
  await database.drop(day);
}

interface Range {
  writer: number;
  from: number;
  to: number;
  link: Uint8Array;
}

/** @param mine what holds for the rows of the day */
async function rangesOf(db: Kysely<DaySchema>, mine: RawBuilder<boolean>): Promise<Range[]> {
  const rows = db.selectFrom('decision').where(mine);
  const writers = await rows
    .select((of) => [
      'writer',
      of.fn.min('number').as('first'),
      of.fn.max('number').as('last'),
      of.fn.countAll().as('count'),
    ])
    .groupBy('writer')
    .orderBy('writer')
    .execute();
  const ranges: Range[] = [];
  for (const { writer, first, last, count } of writers) {
    if (Number(last) - Number(first) + 1 === Number(count)) {
      const row = await rows
        .select('link')
        .where('writer', '=', writer)
        .where('number', '=', last)
        .executeTakeFirstOrThrow();
      ranges.push({ writer, from: first, to: last, link: row.link });
    } else ranges.push(...(await runsOf(db, writer, mine)));
  }
  return ranges;
}

/** A clock that was set back at midnight lets the numbers of two days alternate. */
async function runsOf(db: Kysely<DaySchema>, writer: number, mine: RawBuilder<boolean>): Promise<Range[]> {
  // Numbers that follow each other have the same difference to their place in the order.
  const { rows } = await sql<{ from: number; to: number }>`select min(number) as "from", max(number) as "to" from
    (select number, number - row_number() over (order by number) as run from decision
      where writer = ${writer} and ${mine}) as numbered
    group by run order by 1`.execute(db);
  const runs: Range[] = [];
  for (const run of rows) {
    const link = db.selectFrom('decision').select('link').where('writer', '=', writer).where('number', '=', run.to);
    runs.push({ writer, ...run, ...(await link.executeTakeFirstOrThrow()) });
  }
  return runs;
}
