import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type AuditDatabase, openAuditDatabase } from '../../auth-server/audit/store/database.ts';
import { CommandError } from '../command.ts';
import { dataFolder } from '../data-folder.ts';

/**
 * Where the audit of the gateway is: what `openAuditDatabase` takes.
 * @throws {CommandError} if there is none: a new, empty one would have nothing to tell
 */
function auditPlace(env: NodeJS.ProcessEnv): string {
  const url = env.DATABASE_URL?.trim();
  if (url) return url;
  const folder = dataFolder(env);
  if (existsSync(join(folder, 'audit.db'))) return folder;
  throw new CommandError(`There is no audit.db in ${folder}. Set DATA_DIR, or DATABASE_URL, as the gateway has it.`, 1);
}

/**
 * Opens the audit of a gateway, which may run meanwhile.
 * @throws {CommandError} if there is none, or it cannot be opened
 */
export async function openExistingAudit(env: NodeJS.ProcessEnv): Promise<AuditDatabase> {
  return await openAuditDatabase(auditPlace(env)).catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CommandError(`The database cannot be opened: ${reason || 'no answer'}.`, 1);
  });
}
