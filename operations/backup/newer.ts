import { basename } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { changes as ofAudit } from '../../auth-server/audit/store/changes.ts';
import { changes as ofOAuth } from '../../auth-server/oauth/store/migrations.ts';
import { changes as ofAuthServer } from '../../auth-server/store/migrations.ts';
import { newerOf, type SchemaChanges } from '../../common/database/migrations.ts';
import { changes as ofRegistry } from '../../registry/store/tables/migrations.ts';
import { CommandError } from '../command.ts';

/** The changes that this version knows of each file, and where the file names those that were made. */
const known: Readonly<Record<string, { prefix: string; changes: SchemaChanges }>> = {
  'auth-server.db': { prefix: 'kysely', changes: ofAuthServer },
  'oauth.db': { prefix: 'oauth', changes: ofOAuth },
  'audit.db': { prefix: 'audit', changes: ofAudit },
  'registry.db': { prefix: 'registry', changes: ofRegistry },
};

/**
 * Refuses a copy of a newer version: this one could not start with it.
 * @param path of a SQLite file of a backup; files without changes, such as the days of the audit, pass
 * @throws {CommandError} that says what to do
 */
export function refuseNewer(path: string): void {
  const { prefix, changes } = known[basename(path)] ?? {};
  if (prefix === undefined || changes === undefined) return;
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    const table = `${prefix}_migration`;
    const isThere = database.prepare("select 1 from sqlite_master where type = 'table' and name = ?").get(table);
    const made = isThere ? database.prepare(`select name from ${table} order by name`).all() : [];
    const newer = newerOf(
      made.map(({ name }) => String(name)),
      changes,
    );
    if (newer.length === 0) return;
    const todo = 'restore it with that version, or take a backup of this one';
    throw new CommandError(`${path} is of a newer version of the gateway (${newer.join(', ')}): ${todo}`, 1);
  } finally {
    database.close();
  }
}
