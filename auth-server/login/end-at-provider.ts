import type { Logger } from '../../common/service/log.ts';
import type { OAuthClient } from '../cognito/oauth-client.ts';
import type { TokenVault } from '../cognito/token-vault.ts';
import type { SessionRecord } from '../store/session-record.ts';

interface EndAtProviderDeps {
  providers: ReadonlyMap<string, OAuthClient>;
  vault: TokenVault;
  log: Logger;
}

/**
 * Ends the login of a record at its provider too. Never rejects: if the provider does not answer, its token ends by itself.
 */
export async function endAtProvider(
  { providers, vault, log }: EndAtProviderDeps,
  { provider, refreshToken }: Pick<SessionRecord, 'provider' | 'refreshToken'>,
): Promise<void> {
  const client = providers.get(provider);
  if (refreshToken === undefined || !client) return;
  await revokeAtProvider(client, vault.unlock(refreshToken), log);
}

/** The same for a login that no record keeps. @param refreshToken as the provider gave it */
export async function revokeAtProvider(
  client: OAuthClient,
  refreshToken: string | Promise<string>,
  log: Logger,
): Promise<void> {
  const revoked = Promise.resolve(refreshToken).then(client.revoke);
  await revoked.catch((err) => log.warn({ err }, 'the refresh token could not be revoked at the provider'));
}
