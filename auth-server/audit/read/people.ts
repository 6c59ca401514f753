import { type Kysely, sql } from 'kysely';
import type { AuditDatabase } from '../store/database.ts';
import type { MainSchema } from '../store/schema.ts';

/** A person of whom there are records. */
export interface SeenPerson {
  sub: string;
  /** What the records call them. */
  name: string;
  /** When a record last named them, to the day, in seconds since 1970. */
  seenAt: number;
}

/** Which people are counted. */
export interface SeenQuery {
  groups: readonly string[];
  /** Milliseconds since 1970; a person's last record counts to the day. */
  since: number;
  /** The groups of people who were seen otherwise, by subject: these count, and not those of their last record. */
  present?: ReadonlyMap<string, readonly string[]>;
}

/**
 * Counts the people of some groups of whom there are records, or who are present.
 * @returns the count by group; a group of which no one was seen is left out
 */
export async function countSeen(
  { main }: AuditDatabase,
  { groups, since, present = new Map() }: SeenQuery,
): Promise<Map<string, number>> {
  const rows = await peopleIn(main)
    .innerJoin('audit_caller', 'audit_caller.digest', 'audit_name.caller')
    .where('audit_name.seen_at', '>=', since)
    .select(['audit_name.value', 'audit_caller.text'])
    .execute();
  const recorded = rows.filter(({ value }) => !present.has(value));
  const all = [...recorded.map(({ text }) => (JSON.parse(text) as { groups: string[] }).groups), ...present.values()];
  const wanted = new Set(groups);
  const counts = new Map<string, number>();
  for (const own of all) {
    for (const group of new Set(own)) if (wanted.has(group)) counts.set(group, (counts.get(group) ?? 0) + 1);
  }
  return counts;
}

/** Names of people. An agent has none: its label is its id. Visitors of a public registry are no one. */
function peopleIn(main: Kysely<MainSchema>) {
  const all = main.selectFrom('audit_name').where('kind', '=', 'person');
  return all.whereRef('value', '!=', 'label').where('value', '!=', '#public');
}

/** Finds people by their names. */
export async function seenPeople(
  { main }: AuditDatabase,
  { text, most }: { text: string; most: number },
): Promise<SeenPerson[]> {
  const people = peopleIn(main).select(['value', 'label', 'seen_at']);
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
