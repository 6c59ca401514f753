import { join } from 'node:path';
import { ConfigError } from '../text/config-error.ts';
import type { Database, DatabaseKind } from './database.ts';
import { migrate, NewerTables, type SchemaChanges } from './migrations.ts';
import { openSqlite } from './sqlite.ts';

/**
 * Opens a database and brings its tables up to date.
 * @param where `postgres://…`, or the path of a SQLite file (`:memory:` for none)
 * @param changes all changes of the tables so far
 * @param prefix as for {@link migrate}
 * @param onFailure receives the error of an idle connection that broke
 * @param connections to PostgreSQL, at most; as for `openPostgres`
 * @throws {ConfigError} if a newer version of the gateway has changed the tables; this one changes nothing then
 * @throws what the database or a change threw; nothing stays open then
 */
export async function openDatabase<Schema>(
  where: string,
  changes: SchemaChanges,
  prefix: string,
  onFailure: (error: unknown) => void,
  connections?: number,
): Promise<Database<Schema>> {
  // Loaded only where it is used: most gateways have SQLite, and start sooner without it.
  const postgres = databaseKind(where) === 'postgres' && (await import('./postgres.ts'));
  const database = postgres ? postgres.openPostgres<Schema>(where, onFailure, connections) : openSqlite<Schema>(where);
  try {
    await migrate(database, changes, prefix);
  } catch (error) {
    throw error instanceof NewerTables ? newerDatabase(postgres ? undefined : where, error) : error;
  }
  return database;
}

/** @param file undefined for PostgreSQL, whose URL has a password */
function newerDatabase(file: string | undefined, { changes }: NewerTables): ConfigError {
  const what = file === undefined ? 'DATABASE_URL: the database' : `DATA_DIR: ${file}`;
  const todo = 'start that version, or restore the backup that was made before its first start';
  const fault = `${what} belongs to a newer version of the gateway (${changes.join(', ')}): ${todo}. Nothing was changed.`;
  return new ConfigError([fault], 'The database');
}

/** Which kind of database `where` names: `postgres://…` (or `postgresql://…`), or else a file or folder. */
function databaseKind(where: string): DatabaseKind {
  return /^postgres(ql)?:/.test(where) ? 'postgres' : 'sqlite';
}

/**
 * @param where `postgres://…`, or a folder
 * @param file name of the SQLite file in that folder
 * @returns `where` as {@link openDatabase} takes it
 */
export function databaseIn(where: string, file: string): string {
  return databaseKind(where) === 'postgres' ? where : join(where, file);
}
