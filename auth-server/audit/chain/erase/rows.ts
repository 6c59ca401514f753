import { type Kysely, sql } from 'kysely';
import type { AuditRecord } from '../../record.ts';
import { columnText } from '../../store/column-text.ts';
import type { AuditDatabase } from '../../store/database.ts';
import { dayRange } from '../../store/days.ts';
import type { DaySchema } from '../../store/schema.ts';
import { isIn } from '../../store/sql.ts';
import { readRecord } from '../../stored-record.ts';
import { type ErasedPerson, namesPerson, namingEvents } from './rest.ts';

/** A row whose record can be read. */
export interface PersonRow {
  writer: number;
  number: number;
  at: number;
  client: string | null;
  object: string | null;
  caller: string | null;
  record: AuditRecord;
}

type Table = Kysely<DaySchema>;

const columns = ['writer', 'number', 'at', 'client', 'object', 'caller', 'record'] as const;

/** Rows of a day that were not erased, by writer and number, after one of them. */
function rowsAfter(db: Table, day: string, after: Pick<PersonRow, 'writer' | 'number'> | undefined, most: number) {
  const { from, to } = dayRange(day);
  const rows = db.selectFrom('decision').select(columns).where('at', '>=', from).where('at', '<', to);
  const left = rows.where('salt', 'is not', null).orderBy('writer').orderBy('number').limit(most);
  return after ? left.where(sql<boolean>`(writer, number) > (${after.writer}, ${after.number})`) : left;
}

/** What the person did on a day: the next rows after one. */
export async function rowsOf(
  db: Table,
  day: string,
  { subject }: ErasedPerson,
  after: PersonRow | undefined,
  most: number,
) {
  const rows = rowsAfter(db, day, after, most).where('person', '=', columnText(subject));
  return (await rows.execute()).map(read);
}

/** Events of a day in which others name the person. */
export async function eventsAbout(db: Table, day: string, person: ErasedPerson): Promise<PersonRow[]> {
  const found: PersonRow[] = [];
  for (let after: PersonRow | undefined; ; ) {
    const rows = rowsAfter(db, day, after, pageSize).where('method', 'in', [...namingEvents]);
    const page = (await rows.execute()).map(read);
    found.push(...page.filter(({ record }) => namesPerson(record, person)));
    if (page.length < pageSize) return found;
    after = page.at(-1);
  }
}

const pageSize = 500;

/** Those of the values that a record of any day still names. */
export async function stillNamed(
  { kind, days, day }: AuditDatabase,
  column: 'client' | 'object',
  values: readonly string[],
): Promise<Set<string>> {
  const found = new Set<string>();
  const kept = values.length === 0 ? [] : await days();
  for (const each of kind === 'sqlite' ? kept : kept.slice(-1)) {
    const rows = day(each)
      .selectFrom('decision')
      .select(column)
      .distinct()
      .where(isIn(kind, column, values));
    for (const row of await rows.execute()) if (row[column] !== null) found.add(row[column]);
  }
  return found;
}

function read({ record, ...row }: Omit<PersonRow, 'record'> & { record: string | null }): PersonRow {
  return { ...row, record: readRecord(record ?? '') };
}
