import { readKeys } from '../../auth-server/accounts/vault/keys.ts';
import { moveAccounts, planMove, type RenameDeps } from '../../auth-server/accounts/vault/rename.ts';
import { createVault } from '../../auth-server/accounts/vault/vault.ts';
import { ConfigError } from '../../common/text/config-error.ts';
import { authPlace } from '../accounts/place.ts';
import { CommandError } from '../command.ts';

type Account = { subject: string; account: string };

/**
 * Moves people's accounts at a server to its new name.
 * @param folders of `--data`
 */
export function accountMover(store: RenameDeps, env: NodeJS.ProcessEnv, folders: readonly string[] | undefined) {
  let keys: Promise<string[]> | undefined;
  // Only where there are accounts: most gateways have no keys.
  const vault = createVault(async () => {
    keys ??= readKeys(authPlace(env, folders).keys);
    return await keys;
  });
  return {
    /**
     * What happens to the accounts, in words, and changes nothing.
     * @throws {CommandError} if there are accounts and their keys are not here
     */
    async plan(server: string): Promise<string[]> {
      const { count, unopened } = await planMove(store, vault, server).catch((error: unknown) => {
        if (!(error instanceof ConfigError || error instanceof CommandError)) throw error;
        const todo = 'Set ACCOUNTS_KEY_FILE to the keys that the gateway has (docs/accounts.md)';
        throw new CommandError(
          `The server has people's accounts, and their keys are not here: ${error.message}\n${todo}. Nothing was changed.`,
          1,
        );
      });
      if (count === 0) return [];
      const entry = 'If their entry in UPSTREAM_SECRETS_FILE has "servers", write the new name there.';
      return [`${count - unopened.length} accounts of people at this server move too. ${entry}`, ...lost(unopened)];
    },
    /**
     * Moves them. Does nothing where it was done.
     * @returns what was done, in words, and how many are left for the next call
     */
    async move(renaming: { from: string; to: string }): Promise<{ lines: string[]; left: number }> {
      const { moved, unopened, left } = await moveAccounts(store, vault, renaming);
      const lines = moved + unopened.length > 0 ? [`${moved} accounts of people moved.`, ...lost(unopened)] : [];
      return { lines, left };
    },
  };
}

function lost(unopened: readonly Account[]): string[] {
  if (unopened.length === 0) return [];
  return [
    `No key of ACCOUNTS_KEY_FILE opens ${unopened.length}: these accounts end, and their people connect again:`,
    ...unopened.map(({ subject, account }) => `  ${subject}, account ${account}`),
  ];
}
