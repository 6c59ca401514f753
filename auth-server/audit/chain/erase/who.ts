import { columnText } from '../../store/column-text.ts';
import type { AuditDatabase } from '../../store/database.ts';
import { dayRange } from '../../store/days.ts';
import { type ErasedPerson, erasedPerson } from './rest.ts';

/** A person of the records, with how many there are. */
export interface FoundPerson extends ErasedPerson {
  records: number;
}

/**
 * Finds the people that a text means: by subject, user name or shown name.
 * @returns several if they share a name
 */
export async function findPeople(database: AuditDatabase, text: string): Promise<FoundPerson[]> {
  const rows = await database.main
    .selectFrom('audit_name')
    .select(['value', 'label'])
    .where('kind', '=', 'person')
    .where((is) => is.or([is('value', '=', columnText(text)), is('label', 'like', `%${escaped(text)}%`)]))
    .orderBy('value')
    .execute();
  const named = rows
    .map(({ value, label }) => ({ subject: value, names: namesIn(label) }))
    .filter(({ subject, names }) => subject === text || names.includes(text))
    .filter(({ subject }) => subject !== erasedPerson);
  // Names are forgotten sooner than records; a subject stands in each of them.
  const unnamed = text === erasedPerson ? [] : [{ subject: text, names: [] }];
  const people = named.length > 0 ? named : unnamed;
  const found = await Promise.all(
    people.map(async (each) => ({ ...each, records: await countOf(database, each.subject) })),
  );
  return found.filter(({ records }) => named.length > 0 || records > 0);
}

/** A label is `user name` or `shown name (user name)`: write/names-of.ts. */
function namesIn(label: string): string[] {
  return /^(.+) \((.+)\)$/s.exec(label)?.slice(1) ?? [label];
}

/** For `like`: any letter stands for those that it would read differently. What is found is compared once more. */
function escaped(text: string): string {
  return text.replaceAll(/[\\%_]/g, '_');
}

async function countOf(database: AuditDatabase, subject: string): Promise<number> {
  const value = columnText(subject);
  let records = 0;
  for (const day of await database.days()) {
    const { from, to } = dayRange(day);
    // In most days nothing was noted of the person, and no record has to be looked at.
    const seen = database.day(day).selectFrom('decision_seen').select('at').where('kind', '=', 'person');
    const ofDay = seen.where('value', '=', value).where('at', '>=', from).where('at', '<', to);
    if (!(await ofDay.limit(1).executeTakeFirst())) continue;
    const rows = database.day(day).selectFrom('decision').where('at', '>=', from).where('at', '<', to);
    const count = rows.select((of) => of.fn.countAll().as('count')).where('person', '=', value);
    records += Number((await count.executeTakeFirstOrThrow()).count);
  }
  return records;
}
