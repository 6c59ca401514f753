import { type CreateTableBuilder, type Kysely, sql } from 'kysely';
import { Migrator } from 'kysely/migration';
import type { Database, DatabaseKind } from './database.ts';

/** One change of the tables. Never edit a change that has been released; add another one. */
type SchemaChange = (db: Kysely<unknown>, kind: DatabaseKind) => Promise<void>;

/** Changes by name. They run in the order in which the names sort. */
export type SchemaChanges = Readonly<Record<string, SchemaChange>>;

/** The tables have changes that this version does not know. */
export class NewerTables extends Error {
  override readonly name = 'NewerTables';
  readonly changes: readonly string[];

  /** @param changes their names */
  constructor(changes: readonly string[]) {
    super(`a newer version has changed the tables: ${changes.join(', ')}`);
    this.changes = changes;
  }
}

/** Those of the changes that were made which this version does not know: a newer one has made them. */
export function newerOf(made: readonly string[], changes: SchemaChanges): string[] {
  return made.filter((name) => !Object.hasOwn(changes, name));
}

/**
 * Brings the tables up to date. Several processes may call it at once: one migrates, the others wait.
 * @param prefix of the tables that record which changes were made: services may share one PostgreSQL database
 * @param last name of the last change to make; all of them unless given
 * @throws {NewerTables} if there are other changes than these; nothing is changed then, and the database is closed
 * @throws what a change threw; the database is closed then
 */
export async function migrate<Schema>(
  { db, kind, close }: Pick<Database<Schema>, 'db' | 'kind' | 'close'>,
  changes: SchemaChanges,
  prefix: string,
  last?: string,
): Promise<void> {
  const made = await madeChanges(db, prefix);
  const newer = newerOf(made, changes);
  if (newer.length > 0) {
    await close();
    throw new NewerTables(newer);
  }
  if (last === undefined && made.length === Object.keys(changes).length) return;
  const migrations = Object.entries(changes).map(([name, change]) => [
    name,
    { up: (on: Kysely<unknown>) => change(on, kind) },
  ]);
  const migrator = new Migrator({
    db,
    provider: { getMigrations: async () => Object.fromEntries(migrations) },
    migrationTableName: `${prefix}_migration`,
    migrationLockTableName: `${prefix}_migration_lock`,
  });
  const { error } = await (last === undefined ? migrator.migrateToLatest() : migrator.migrateTo(last));
  if (!error) return;
  await close();
  throw error;
}

/**
 * The changes that were made. Each start asks, and Kysely's migrator would read the form of all tables twice to answer.
 */
async function madeChanges<Schema>(db: Kysely<Schema>, prefix: string): Promise<string[]> {
  const read = sql<{ name: string }>`select name from ${sql.table(`${prefix}_migration`)} order by name`;
  const made = await read.execute(db).catch((error: unknown) => {
    if (isNoTable(error)) return { rows: [] };
    throw error;
  });
  return made.rows.map(({ name }) => name);
}

/** Whether a query failed because there is no such table (PostgreSQL: undefined_table). */
function isNoTable(error: unknown): boolean {
  const { code, message } = error as { code?: unknown; message?: unknown };
  return code === '42P01' || String(message).startsWith('no such table');
}

/** Adds a primary key `id` whose numbers are never reused, also after rows are deleted. */
export function addSerialId<Table extends string>(table: CreateTableBuilder<Table>, kind: DatabaseKind) {
  return kind === 'sqlite'
    ? table.addColumn('id', 'integer', (c) => c.primaryKey().autoIncrement())
    : table.addColumn('id', 'serial', (c) => c.primaryKey());
}
