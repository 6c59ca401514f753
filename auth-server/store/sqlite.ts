import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { SqliteAdapter, SqliteDialect } from 'kysely';

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
