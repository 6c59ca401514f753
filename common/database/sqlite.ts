import { chmodSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { Kysely, SqliteAdapter, SqliteDialect } from 'kysely';
import { ConfigError } from '../text/config-error.ts';
import type { Database } from './database.ts';

/** Runs migrations in one transaction, so that two processes that start at once do not both run them. */
class TransactionalSqlite extends SqliteDialect {
  override createAdapter(): SqliteAdapter {
    return new (class extends SqliteAdapter {
      override get supportsTransactionalDdl(): boolean {
        return true;
      }
    })();
  }
}

/**
 * Kysely's own SQLite dialect over Node's built-in SQLite.
 * @param path the database file; `:memory:` for none
 */
export function nodeSqlite(path: string): { dialect: SqliteDialect; database: DatabaseSync } {
  const database = new DatabaseSync(path, { timeout: 5000 });
  database.exec('PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON');
  const prepared = keepLongest(database);
  const dialect = new TransactionalSqlite({
    database: {
      close: () => database.close(),
      prepare(sql) {
        const statement = prepared(adapted(sql, database));
        return {
          reader: statement.columns().length > 0,
          all: (parameters) => statement.all(...parameters.map(asValue)),
          run: (parameters) => statement.run(...parameters.map(asValue)),
          iterate: (parameters) => statement.iterate(...parameters.map(asValue)),
        };
      },
    },
  });
  return { dialect, database };
}

/** A statement for many rows: it takes as long to prepare as to run. */
const longCharacters = 2_000;
const mostKept = 4;

/** Prepares statements, and keeps the long ones that change data. */
function keepLongest(database: DatabaseSync): (sql: string) => StatementSync {
  const kept = new Map<string, StatementSync>();
  return (sql) => {
    const found = kept.get(sql);
    if (found) return found;
    const statement = database.prepare(sql);
    if (sql.length < longCharacters || statement.columns().length > 0) return statement;
    const [oldest] = kept.keys();
    if (kept.size >= mostKept && oldest !== undefined) kept.delete(oldest);
    kept.set(sql, statement);
    return statement;
  };
}

/**
 * Opens a SQLite file that only this user can read. Creates the file and its folder if they do not exist.
 * @param path the database file; `:memory:` for none
 * @param tables SQL that makes the tables, for a file without migrations
 */
export function openSqlite<Schema>(path: string, tables = ''): Database<Schema> {
  const isFile = path !== ':memory:';
  const dialect = isFile ? sqliteFile(path, tables) : nodeSqlite(path).dialect;
  const db = new Kysely<Schema>({ dialect });
  // Every transaction begins with `begin immediate`, so no two are open at once.
  return { kind: 'sqlite', db, alone: async () => undefined, close: () => db.destroy() };
}

/** @throws {ConfigError} if this user cannot write the file */
function sqliteFile(path: string, tables: string): SqliteDialect {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const { dialect, database } = nodeSqlite(path);
    chmodSync(path, 0o600);
    database.exec(tables);
    return dialect;
  } catch (error) {
    if (!isRefusal(error)) throw error;
    const who = `the user of this process (uid ${process.getuid?.() ?? 'unknown'})`;
    const todo = 'make it writable, or name another folder in DATA_DIR (npm run up: UP_DATA_DIR)';
    throw new ConfigError([`DATA_DIR: ${path} cannot be written by ${who}; ${todo}`]);
  }
}

/** Whether the file system refuses to write: by its rights, or because a part of the path is no folder. */
function isRefusal(error: unknown): boolean {
  const { code, errcode = 0 } = error as NodeJS.ErrnoException & { errcode?: number };
  // The low byte is SQLite's primary result code: READONLY, CANTOPEN.
  return ['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EEXIST'].includes(code ?? '') || [8, 14].includes(errcode & 0xff);
}

function adapted(sql: string, { isTransaction }: DatabaseSync): string {
  // A deferred BEGIN that reads first fails at once, whatever the timeout, if another process wrote in between.
  if (sql === 'begin') return 'begin immediate';
  // A full disk has already ended the transaction. A second rollback would fail, and hide the first error.
  if (sql === 'rollback' && !isTransaction) return 'select 1';
  return sql;
}

function asValue(value: unknown): SQLInputValue {
  if (typeof value === 'boolean') return Number(value);
  return (value === undefined ? null : value) as SQLInputValue;
}
