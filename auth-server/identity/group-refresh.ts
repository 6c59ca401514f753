import { nowInSeconds } from '../../common/time/now.ts';
import type { Policy } from '../../policy/policy.ts';
import { type OAuthClient, SignInEnded } from '../cognito/oauth-client.ts';
import type { TokenVault } from '../cognito/token-vault.ts';
import type { Confirmation, SessionRecord } from '../store/session-store.ts';

export interface ConfirmDeps {
  providers: ReadonlyMap<string, OAuthClient>;
  vault: TokenVault;
  policy: () => Policy;
}

/** Asks the provider of a session, with its refresh token, for the person's groups of today. */
export function createConfirmation(deps: ConfirmDeps): (record: SessionRecord) => Promise<Confirmation> {
  return async ({ provider, refreshToken, sub }) => {
    const client = deps.providers.get(provider);
    if (!client || refreshToken === undefined) throw new SignInEnded('its provider is not configured any more');
    const token = await deps.vault.unlock(refreshToken).catch(() => {
      throw new SignInEnded('its refresh token was locked with a SECRET_KEY that is no longer in use');
    });
    const refreshedAt = nowInSeconds();
    const person = await client.refresh(token, sub);
    const groups = person.groups.filter((group) => deps.policy().source.groups.has(group));
    const kept = person.refreshToken;
    return { groups, refreshedAt, refreshToken: kept === undefined ? undefined : await deps.vault.lock(kept) };
  };
}
