import { type Migration, Migrator } from 'kysely/migration';
import type { Database, DatabaseKind } from './database.ts';
import { openSqlite } from './sqlite.ts';

/**
 * Opens a database and brings its tables up to date.
 * @param where `postgres://…`, or the path of a SQLite file (`:memory:` for none)
 * @param migrations as for {@link migrate}, for either kind of database
 * @param prefix as for {@link migrate}
 * @param onFailure told when an idle connection broke
 * @throws what the database or a migration threw; nothing stays open then
 */
export async function openDatabase<Schema>(
  where: string,
  migrations: (kind: DatabaseKind) => Record<string, Migration>,
  prefix: string,
  onFailure: (error: unknown) => void,
): Promise<Database<Schema>> {
  const kind = databaseKind(where);
  // Loaded only where it is used: most gateways have SQLite, and start sooner without it.
  const postgres = kind === 'postgres' && (await import('./postgres.ts'));
  const database = postgres ? postgres.openPostgres<Schema>(where, onFailure) : openSqlite<Schema>(where);
  await migrate(database, migrations(kind), prefix);
  return database;
}

/** Which kind of database `where` names: `postgres://…` (or `postgresql://…`), or else a file or folder. */
export function databaseKind(where: string): DatabaseKind {
  return /^postgres(ql)?:/.test(where) ? 'postgres' : 'sqlite';
}

/**
 * Brings the tables up to date. Several processes may do it at once: one does, the others wait.
 * @param migrations the changes of the tables by name, which sort in the order in which they are made
 * @param prefix of the tables that note which changes were made: services may share one PostgreSQL database
 * @throws what a migration threw; the database is closed then
 */
export async function migrate<Schema>(
  { db, close }: Pick<Database<Schema>, 'db' | 'close'>,
  migrations: Record<string, Migration>,
  prefix: string,
): Promise<void> {
  const { error } = await new Migrator({
    db,
    provider: { getMigrations: async () => migrations },
    migrationTableName: `${prefix}_migration`,
    migrationLockTableName: `${prefix}_migration_lock`,
  }).migrateToLatest();
  if (!error) return;
  await close();
  throw error;
}
