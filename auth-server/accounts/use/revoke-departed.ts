import type { Logger } from '../../../common/service/log.ts';
import type { AccountProvider } from '../../../common/upstream-secrets/account-entry.ts';
import type { UpstreamSecrets } from '../../../common/upstream-secrets/watch.ts';
import type { Departed, DepartedStore } from '../../store/accounts/departed.ts';
import { toFault } from '../provider/fault.ts';
import type { Providers } from '../provider/provider.ts';
import type { Vault } from '../vault/vault.ts';
import { openTokens } from './held-tokens.ts';

export interface RevokeDeps {
  secrets: Pick<UpstreamSecrets, 'accounts' | 'onChange'>;
  departed: DepartedStore;
  providers: Pick<Providers, 'revoke'>;
  vault: Vault;
  log: Logger;
}

/**
 * Revokes at their providers what was disconnected or unused. What an entry said stays known for this after the entry went
 * away, as long as the process runs: tokens never go to a provider of another identity.
 * @returns one run over all that is due, never two at once
 */
export function createRevokeDeparted(deps: RevokeDeps): () => Promise<void> {
  const { secrets, departed } = deps;
  const known = new Map<string, AccountProvider>();
  const learn = () => {
    for (const entry of secrets.accounts().values()) known.set(entry.identity, entry);
  };
  learn();
  secrets.onChange(learn);
  let running: Promise<void> | undefined;
  const run = async () => {
    for (let next = await departed.take(); next; next = await departed.take())
      if (await isDone(deps, next, known.get(next.identity))) await departed.done(next.id);
  };
  return () => {
    running ??= run().finally(() => {
      running = undefined;
    });
    return running;
  };
}

async function isDone(
  { providers, vault, log }: RevokeDeps,
  { key, account, locked }: Departed,
  entry: AccountProvider | undefined,
) {
  if (!entry) return false;
  const held = await openTokens(vault, key, locked);
  if (!held) return false;
  try {
    const isRevoked = await providers.revoke(entry, held.clientId, held);
    log.info({ account, revoked: isRevoked }, "a disconnected account's tokens were given up");
    return true;
  } catch (error) {
    log.warn(
      { account, reason: toFault(error).message },
      'a disconnected account could not be revoked at its provider yet',
    );
    return false;
  }
}
