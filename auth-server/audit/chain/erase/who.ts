import { columnText } from '../../store/column-text.ts';
import type { AuditDatabase } from '../../store/database.ts';
import type { ErasedPerson } from './rest.ts';

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
    .execute();
  const named = rows
    .map(({ value, label }) => ({ subject: value, names: namesIn(label) }))
    .filter(({ subject, names }) => subject === text || names.includes(text));
  // Names are forgotten sooner than records; a subject stands in each of them.
  const people = named.length > 0 ? named : [{ subject: text, names: [] }];
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
  let records = 0;
  for (const day of database.kind === 'postgres' ? ['2000-01-01'] : await database.days()) {
    const rows = database
      .day(day)
      .selectFrom('decision')
      .select((of) => of.fn.countAll().as('count'));
    records += Number((await rows.where('person', '=', columnText(subject)).executeTakeFirstOrThrow()).count);
  }
  return records;
}
