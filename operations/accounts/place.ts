import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type KeysPlace, keysPath } from '../../auth-server/accounts/vault/keys.ts';
import { ConfigError } from '../../common/text/config-error.ts';
import { CommandError } from '../command.ts';
import { dataFolder } from '../data-folder.ts';

/**
 * Where people's accounts are kept, and the keys that lock them. The keys are never made by a command.
 * @param folders instead of that of the settings; the first one with `auth-server.db` is taken
 * @throws {CommandError} if there is no database, or the keys of a shared one are not named
 */
export function authPlace(env: NodeJS.ProcessEnv, folders?: readonly string[]): { where: string; keys: KeysPlace } {
  const url = env.DATABASE_URL?.trim();
  const all = folders ?? [dataFolder(env)];
  const dataDir = all.find((each) => existsSync(join(each, 'auth-server.db'))) ?? all[0] ?? '';
  const where = url || dataDir;
  if (!url && !existsSync(join(dataDir, 'auth-server.db')))
    throw new CommandError(`There is no auth-server.db in ${all.join(', ')}. Set DATA_DIR, or DATABASE_URL.`, 1);
  const place = {
    named: env.ACCOUNTS_KEY_FILE?.trim() || undefined,
    dataDir,
    isShared: url !== undefined && url !== '',
  };
  try {
    return { where, keys: { ...place, named: keysPath(place) } };
  } catch (error) {
    throw error instanceof ConfigError ? new CommandError(error.message, 1) : error;
  }
}
