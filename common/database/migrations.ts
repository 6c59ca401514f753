import type { CreateTableBuilder, Kysely } from 'kysely';
import { Migrator } from 'kysely/migration';
import type { Database, DatabaseKind } from './database.ts';

/** One change of the tables. Never edit a change that has been released; add another one. */
type SchemaChange = (db: Kysely<unknown>, kind: DatabaseKind) => Promise<void>;

/** Changes by name. They run in the order in which the names sort. */
export type SchemaChanges = Readonly<Record<string, SchemaChange>>;

/**
 * Brings the tables up to date. Several processes may call it at once: one migrates, the others wait.
 * @param prefix of the tables that record which changes were made: services may share one PostgreSQL database
 * @param last name of the last change to make; all of them unless given
 * @throws what a change threw; the database is closed then
 */
export async function migrate<Schema>(
  { db, kind, close }: Pick<Database<Schema>, 'db' | 'kind' | 'close'>,
  changes: SchemaChanges,
  prefix: string,
  last?: string,
): Promise<void> {
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

/** Adds a primary key `id` whose numbers are never reused, also after rows are deleted. */
export function addSerialId<Table extends string>(table: CreateTableBuilder<Table>, kind: DatabaseKind) {
  return kind === 'sqlite'
    ? table.addColumn('id', 'integer', (c) => c.primaryKey().autoIncrement())
    : table.addColumn('id', 'serial', (c) => c.primaryKey());
}
