import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../common/settings/values.ts';
import { CommandError } from '../command.ts';

/**
 * Where the audit of the gateway is: what `openAuditDatabase` takes.
 * @throws {CommandError} if there is none: a new, empty one would have nothing to tell
 */
export function auditPlace(env: NodeJS.ProcessEnv): string {
  const url = env.DATABASE_URL?.trim();
  if (url) return url;
  const folder = env.DATA_DIR?.trim() || env.UP_DATA_DIR?.trim() || join(root, 'data');
  if (existsSync(join(folder, 'audit.db'))) return folder;
  throw new CommandError(`There is no audit.db in ${folder}. Set DATA_DIR, or DATABASE_URL, as the gateway has it.`, 1);
}
