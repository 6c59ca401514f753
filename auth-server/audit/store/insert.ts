import { CompiledQuery, type Kysely } from 'kysely';
import type { DatabaseKind } from '../../../common/database/database.ts';

/** Rows of one statement: both databases bound the number of parameters. */
const rowsAtOnce = 100;

/**
 * Inserts rows with plain statements. Kysely would build each text again, which takes longer than SQLite
 * takes to write the rows.
 * @param suffix such as `on conflict do nothing`
 */
export async function insertRows<Schema, Row extends object>(
  kind: DatabaseKind,
  db: Kysely<Schema>,
  into: { table: string; columns: readonly (keyof Row & string)[]; suffix?: string },
  rows: readonly Row[],
): Promise<void> {
  for (let start = 0; start < rows.length; start += rowsAtOnce) {
    const some = rows.slice(start, start + rowsAtOnce);
    const values = some.flatMap((row) => into.columns.map((name) => row[name]));
    await db.executeQuery(CompiledQuery.raw(statement(kind, into, some.length), values));
  }
}

function statement(
  kind: DatabaseKind,
  { table, columns, suffix = '' }: { table: string; columns: readonly string[]; suffix?: string },
  count: number,
): string {
  const mark = (index: number) => (kind === 'sqlite' ? '?' : `$${index + 1}`);
  const row = (index: number) => `(${columns.map((_, i) => mark(index * columns.length + i)).join(', ')})`;
  const rows = Array.from({ length: count }, (_, index) => row(index));
  return `insert into ${table} (${columns.join(', ')}) values ${rows.join(', ')} ${suffix}`;
}
