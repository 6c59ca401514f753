import { type RawBuilder, sql } from 'kysely';
import type { DatabaseKind } from '../../../common/database/database.ts';

/** Whether a column has one of some values, which may be many: they go to the database as one parameter. */
export function isIn(
  kind: DatabaseKind,
  column: string | RawBuilder<unknown>,
  values: readonly string[],
): RawBuilder<boolean> {
  const name = typeof column === 'string' ? sql.ref(column) : column;
  return kind === 'sqlite'
    ? sql`${name} in (select value from json_each(${JSON.stringify(values)}))`
    : sql`${name} = any(${[...values]})`;
}
