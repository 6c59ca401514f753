import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/**
 * Says which version of the policy is in force after a restore, if people may edit it: what was taken away since the backup is
 * allowed again. By SQL, because an older release may be started next.
 * @returns undefined if the folder has no versions
 */
export function restoredPolicy(dataDir: string): string | undefined {
  const path = join(dataDir, 'auth-server.db');
  if (!existsSync(path)) return undefined;
  const database = new DatabaseSync(path, { timeout: 5_000 });
  try {
    const isThere = database
      .prepare("select 1 from sqlite_master where type = 'table' and name = 'policy_version'")
      .get();
    const newest =
      isThere && database.prepare('select number, at from policy_version order by number desc limit 1').get();
    if (!newest) return undefined;
    const of = new Date(Number(newest.at) * 1000).toISOString();
    return `With POLICY_EDITABLE, version ${newest.number} of the policy is in force, of ${of}: look at what has changed since.`;
  } finally {
    database.close();
  }
}
