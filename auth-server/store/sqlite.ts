import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { Kysely, SqliteAdapter, SqliteDialect } from 'kysely';
import type { Database } from './database.ts';
import type { Schema } from './migrations.ts';

/** Migrations in one transaction, so that two processes that start at once do not both run them. */
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
  const dialect = new TransactionalSqlite({
    database: {
      close: () => database.close(),
      prepare(sql) {
        // A deferred BEGIN that reads first fails at once, whatever the timeout, when another process wrote meanwhile.
        const statement = database.prepare(sql === 'begin' ? 'begin immediate' : sql);
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

function asValue(value: unknown): SQLInputValue {
  if (typeof value === 'boolean') return Number(value);
  return (value === undefined ? null : value) as SQLInputValue;
}

/** Opens (and on first use makes) `auth-server.db` in `directory`, readable by this user only. */
export function openSqlite(directory: string): Database {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const path = join(directory, 'auth-server.db');
  const { dialect, database } = nodeSqlite(path);
  // Deleted private keys would otherwise stay readable in the file's free pages.
  database.exec('PRAGMA secure_delete=ON');
  chmodSync(path, 0o600);
  const db = new Kysely<Schema>({ dialect });
  const version = database.prepare('PRAGMA data_version');
  return {
    db,
    // Every transaction begins with `begin immediate`: no two are open at once.
    alone: async () => undefined,
    version: async () => version.get()?.data_version,
    // The write-ahead log still holds what was overwritten. Not worth waiting for another process that is reading.
    scrub: () =>
      db.connection().execute(async () => {
        database.exec('PRAGMA busy_timeout=0');
        try {
          database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
        } finally {
          database.exec('PRAGMA busy_timeout=5000');
        }
      }),
    close: () => db.destroy(),
  };
}
