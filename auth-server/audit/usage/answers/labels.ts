import type { Kysely } from 'kysely';
import type { MainSchema, NameKind } from '../../store/schema.ts';

/** What people know names by. @param values as they stand in records; at most a few hundred */
export async function labelsOf(
  on: Kysely<MainSchema>,
  kind: NameKind,
  values: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  if (values.length === 0) return new Map();
  const rows = on.selectFrom('audit_name').select(['value', 'label']).where('kind', '=', kind);
  return new Map((await rows.where('value', 'in', values).execute()).map(({ value, label }) => [value, label]));
}
