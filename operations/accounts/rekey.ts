import { readKeys } from '../../auth-server/accounts/vault/keys.ts';
import { rekey } from '../../auth-server/accounts/vault/rekey.ts';
import { createVault } from '../../auth-server/accounts/vault/vault.ts';
import { openStore } from '../../auth-server/store/store.ts';
import { readEnvFile } from '../../common/settings/env-file.ts';
import { ConfigError } from '../../common/text/config-error.ts';
import { CommandError, collect, operatorCommand, print, runAsProgram } from '../command.ts';
import { authPlace } from './place.ts';

const help = `Locks people's tokens for MCP servers again, under the first key of ACCOUNTS_KEY_FILE.

  1. Write a new key as the first line of the file, on every machine: npm run -s secret-key makes one.
  2. npm run -s accounts:rekey
  3. Call it again until it says that nothing was left. Then delete the old lines.

The gateway may run meanwhile: it reads the file again by itself. With Docker:

  docker compose exec auth-server node operations/accounts/rekey.ts

It reads DATABASE_URL, or DATA_DIR or UP_DATA_DIR (default: data), and ACCOUNTS_KEY_FILE, from the environment or .env.
--data names the folder of auth-server.db instead. Exit code: 0 done, 1 some could not be opened, 2 wrong use.`;

export const run = operatorCommand<{ data?: readonly string[] }>(
  help,
  (command) => command.option('--data <folder>', '', collect),
  async ({ data }, context) => {
    const { env } = readEnvFile(context.env);
    const { where, keys } = authPlace(env, data);
    const all = await readKeys(keys).catch((error: unknown) => {
      throw error instanceof ConfigError ? new CommandError(error.message, 1) : error;
    });
    const store = await openStore(where).catch((error: Error) => {
      throw new CommandError(`The database cannot be opened: ${error.message || 'no answer'}. Nothing was changed.`, 1);
    });
    try {
      const { renewed, current, unopened } = await rekey(
        store.lockedAccounts,
        createVault(() => all),
      );
      print(context, `${renewed} locked again under the first key; ${current} were under it already.`);
      if (unopened === 0) return 0;
      print(context, `${unopened} are opened by no key of the file: the people whose tokens they are connect again.`);
      return 1;
    } finally {
      await store.close();
    }
  },
);

if (import.meta.main) await runAsProgram(run);
