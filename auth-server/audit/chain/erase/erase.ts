import { createHash, type Hash } from 'node:crypto';
import { type Kysely, sql } from 'kysely';
import { columnText } from '../../store/column-text.ts';
import { columnsOf } from '../../store/columns.ts';
import type { AuditDatabase } from '../../store/database.ts';
import { pairPart, partsInSql } from '../../store/pairs.ts';
import type { MainSchema, NameKind } from '../../store/schema.ts';
import { createSeen } from '../../store/seen.ts';
import { isIn } from '../../store/sql.ts';
import { inGroups, type Statements } from '../make/statements.ts';
import { addRest, type ErasedEntry } from '../statement.ts';
import { type ErasedPerson, erasedPerson, restOfEvent, restOfRecord } from './rest.ts';
import { eventsAbout, type PersonRow, rowsOf, stillNamed } from './rows.ts';

/** A row with the text that is left of its record. */
type Erased = PersonRow & { rest: string };

/** So many runs of numbers fit into a statement of a line of the log (containerd cuts them at 16 kB). */
const rowsAtOnce = 400;

/**
 * Erases a person from the records: what is left of their records says neither who they were nor what they alone can have asked
 * for. A signed statement names the records before they change, so that the chain stays whole. The gateway may write meanwhile.
 * If it breaks off, it can be repeated.
 * @param elsewhere erases the person from the sums
 * @returns how many records were changed
 */
export async function eraseRecords(
  database: AuditDatabase,
  statements: Statements,
  person: ErasedPerson,
  elsewhere: (on: Kysely<MainSchema>) => Promise<void>,
): Promise<number> {
  const named: Named = { client: new Set(), object: new Set() };
  let count = 0;
  await overwriteDeleted(database);
  for (const day of await database.days()) {
    await overwriteDeleted(database, day);
    for await (const rows of rowsToErase(database, day, person, named)) {
      await eraseRows(database, statements, day, rows);
      count += rows.length;
    }
    await truncateLog(database, day);
  }
  await forgetNames(database, 'person', [person.subject]);
  for (const column of ['client', 'object'] as const) {
    const left = await stillNamed(database, column, [...named[column]]);
    await forgetNames(
      database,
      column,
      [...named[column]].filter((value) => !left.has(value)),
    );
  }
  if (count > 0) await nameErased(database);
  await database.main.transaction().execute(elsewhere);
  for (const day of await database.days()) await truncateLog(database, day);
  await truncateLog(database);
  return count;
}

/** What the records of the person have named. */
type Named = Record<'client' | 'object', Set<string>>;

/** The records of a day that name the person, in groups. Each group is erased before the next is read. */
async function* rowsToErase(
  database: AuditDatabase,
  day: string,
  person: ErasedPerson,
  named: Named,
): AsyncGenerator<Erased[]> {
  const next = (after?: PersonRow) => rowsOf(database.day(day), day, person, after, rowsAtOnce);
  for (let rows = await next(); rows.length > 0; rows = await next(rows.at(-1))) {
    for (const { client, object } of rows) {
      if (client !== null) named.client.add(client);
      if (object !== null) named.object.add(object);
    }
    yield rows.map((row) => ({ ...row, rest: JSON.stringify(restOfRecord(row.record)) }));
  }
  const events = await eventsAbout(database.day(day), day, person);
  // Whom an event is about stands in its column `object`.
  for (const { object } of events) if (object !== null) named.object.add(object);
  const erased = events.map((row) => ({ ...row, rest: JSON.stringify(restOfEvent(row.record, person)) }));
  yield* inGroups(erased, rowsAtOnce);
}

async function eraseRows(database: AuditDatabase, statements: Statements, day: string, rows: readonly Erased[]) {
  const callers = new Set(
    rows.flatMap(({ caller, rest }) => (caller !== null && !rest.includes(caller) ? [caller] : [])),
  );
  await statements.sign(async ({ on, add }) => {
    const ids = [...new Set(rows.map(({ writer }) => writer))];
    const named = await on.selectFrom('audit_writer').select(['id', 'name']).where('id', 'in', ids).execute();
    const writers = entriesOf(rows, new Map(named.map(({ id, name }) => [id, name])));
    await add({ kind: 'erased', writers, callers: [...callers] });
    if (callers.size > 0)
      await on
        .deleteFrom('audit_caller')
        .where('digest', 'in', [...callers])
        .execute();
  });
  // Together: what is left is signed together.
  await database
    .day(day)
    .transaction()
    .execute(async (on) => {
      const left = rows.map((row) => ({ ...row, columns: columnsOf(JSON.parse(row.rest)) }));
      for (const { writer, number, at, rest, columns } of left)
        await on
          .updateTable('decision')
          .set({ ...columns, salt: null, record: rest })
          .where('writer', '=', writer)
          .where('number', '=', number)
          .where('at', '=', at)
          .execute();
      const columns = left.map((row) => row.columns);
      await createSeen(database.kind).note(on, columns);
    });
}

/** @param rows by writer and number */
function entriesOf(rows: readonly Erased[], names: ReadonlyMap<number, string>): ErasedEntry[] {
  const entries = new Map<number, { runs: [number, number][]; rest: Hash }>();
  for (const { writer, number, rest } of rows) {
    const entry = entries.get(writer) ?? { runs: [], rest: createHash('sha256') };
    entries.set(writer, entry);
    const run = entry.runs.at(-1);
    if (run && run[1] + 1 === number) run[1] = number;
    else entry.runs.push([number, number]);
    addRest(entry.rest, rest);
  }
  return [...entries].flatMap(([writer, { runs, rest }]) => {
    const name = names.get(writer);
    return name === undefined ? [] : [{ name, runs, rest: rest.digest('base64url') }];
  });
}

/** So that their records can be looked for. */
async function nameErased({ main }: AuditDatabase): Promise<void> {
  const name = { kind: 'person' as const, value: erasedPerson, label: erasedPerson, seen_at: Date.now() };
  await main
    .insertInto('audit_name')
    .values(name)
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

/** Names go from suggestions, and from the minutes of all days. */
async function forgetNames({ kind: database, main, days, day }: AuditDatabase, kind: NameKind, all: readonly string[]) {
  const values = all.filter((value) => value !== erasedPerson).map(columnText);
  if (values.length === 0) return;
  const isOne = isIn(database, 'value', values);
  await main.deleteFrom('audit_name').where('kind', '=', kind).where(isOne).execute();
  const [first, second] = partsInSql(database);
  const parts = values.map(pairPart);
  const isPair = sql<boolean>`(kind like ${`${kind} %`} and ${isIn(database, first, parts)}
    or kind like ${`% ${kind}`} and ${isIn(database, second, parts)})`;
  // PostgreSQL has all days in one table.
  const kept = await days();
  for (const each of database === 'sqlite' ? kept : kept.slice(-1)) {
    const itself = day(each)
      .deleteFrom('decision_seen')
      .where('kind', 'in', [kind, `refused ${kind}`]);
    await itself.where(isOne).execute();
    await day(each).deleteFrom('decision_seen').where(isPair).execute();
  }
}

/** What is deleted or replaced would otherwise stay readable in the free parts of SQLite's files. */
async function overwriteDeleted({ kind, main, day }: AuditDatabase, of?: string): Promise<void> {
  if (kind === 'sqlite') await sql`pragma secure_delete = on`.execute(of === undefined ? main : day(of));
}

/** SQLite's write-ahead log still holds what was overwritten. The gateway may be reading: then it goes with the next checkpoint. */
async function truncateLog({ kind, main, day }: AuditDatabase, of?: string): Promise<void> {
  if (kind === 'sqlite') await sql`pragma wal_checkpoint(truncate)`.execute(of === undefined ? main : day(of));
}
