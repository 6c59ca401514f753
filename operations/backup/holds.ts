import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/**
 * Deletes held calls and approvals in a folder with a copy of the databases: an approval that has been used since the copy was made
 * must not be good again. By SQL, because a copy may be older than the table.
 */
export function dropHolds(folder: string): void {
  const path = join(folder, 'oauth.db');
  if (!existsSync(path)) return;
  const database = new DatabaseSync(path, { timeout: 5_000 });
  try {
    const isThere = database.prepare("select 1 from sqlite_master where type = 'table' and name = 'hold'").get();
    // With it nothing of the arguments stays in the file, although they are encrypted.
    if (isThere) database.exec('pragma secure_delete = on; delete from hold');
  } finally {
    database.close();
  }
}
