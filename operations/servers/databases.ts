import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { CommandError } from '../command.ts';
import { dataFolder } from '../data-folder.ts';

/**
 * Where the databases of the gateway are: both in PostgreSQL, or each as a file in one of the folders.
 * @param folders instead of those of the settings
 * @returns what `openRegistryDatabase` and the auth-server's `openStore` take
 * @throws {CommandError} if a file is missing: a new, empty database would hold no server
 */
export function findDatabases(env: NodeJS.ProcessEnv, folders?: readonly string[]): { registry: string; auth: string } {
  const url = env.DATABASE_URL?.trim();
  if (url) return { registry: url, auth: url };
  const all = folders ?? [dataFolder(env)];
  const folderOf = (file: string) => {
    const folder = all.find((each) => existsSync(join(each, file)));
    if (folder !== undefined) return folder;
    const todo = 'Set DATA_DIR, or DATABASE_URL, as the gateway has it.';
    throw new CommandError(`There is no ${file} in ${all.join(', ')}. ${todo}`, 1);
  };
  return { registry: join(folderOf('registry.db'), 'registry.db'), auth: folderOf('auth-server.db') };
}
