import { sql } from 'kysely';
import type { AuditDatabase } from '../store/database.ts';

/** A person of whom there are records. */
export interface SeenPerson {
  sub: string;
  /** What the records call them. */
  name: string;
  /** When a record last named them, to the day, in seconds since 1970. */
  seenAt: number;
}

/** Finds people by their names. An agent has none: its label is its id. Visitors of a public registry are no one. */
export async function seenPeople(
  { main }: AuditDatabase,
  { text, most }: { text: string; most: number },
): Promise<SeenPerson[]> {
  const all = main.selectFrom('audit_name').select(['value', 'label', 'seen_at']).where('kind', '=', 'person');
  const people = all.whereRef('value', '!=', 'label').where('value', '!=', '#public');
  const pattern = `%${text.toLowerCase().replace(/[\\%_]/g, '\\$&')}%`;
  const fitting =
    text === ''
      ? people
      : people.where(sql<boolean>`lower(label || ' ' || value) like cast(${pattern} as text) escape '\\'`);
  const rows = await fitting.orderBy('seen_at', 'desc').orderBy('value').limit(most).execute();
  return rows.map(({ value, label, seen_at }) => ({
    sub: value,
    name: label,
    seenAt: Math.floor(Number(seen_at) / 1000),
  }));
}
