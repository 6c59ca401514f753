import { join } from 'node:path';
import { openSqlite as open } from '../../common/database/sqlite.ts';
import type { Database } from './database.ts';
import type { Schema } from './migrations.ts';

/** Opens (and on first use makes) `auth-server.db` in `directory`, readable by this user only. */
export function openSqlite(directory: string): Database {
  const { db, database, alone, close } = open<Schema>(join(directory, 'auth-server.db'));
  // Deleted private keys would otherwise stay readable in the file's free pages.
  database.exec('PRAGMA secure_delete=ON');
  const version = database.prepare('PRAGMA data_version');
  return {
    db,
    alone: (transaction) => alone(transaction, 0),
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
    close,
  };
}
