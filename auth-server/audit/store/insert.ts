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
    const values: unknown[] = [];
    for (const row of some) for (const name of into.columns) values.push(row[name]);
    await db.executeQuery(CompiledQuery.raw(statement(kind, into, some.length), values));
  }
}

interface Into {
  table: string;
  columns: readonly string[];
  suffix?: string;
}

/** The statements that are made: there are few tables, and at most a hundred of each. */
const statements = new Map<string, string>();

function statement(kind: DatabaseKind, into: Into, count: number): string {
  const key = `${kind} ${into.table} ${count}`;
  const made = statements.get(key) ?? statementOf(kind, into, count);
  statements.set(key, made);
  return made;
}

function statementOf(kind: DatabaseKind, { table, columns, suffix = '' }: Into, count: number): string {
  const mark = (index: number) => (kind === 'sqlite' ? '?' : `$${index + 1}`);
  const row = (index: number) => `(${columns.map((_, i) => mark(index * columns.length + i)).join(', ')})`;
  const rows = Array.from({ length: count }, (_, index) => row(index));
  return `insert into ${table} (${columns.join(', ')}) values ${rows.join(', ')} ${suffix}`;
}
