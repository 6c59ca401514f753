import { randomBytes } from 'node:crypto';
import type { Logger } from '../../common/service/log.ts';
import { nowInSeconds } from '../../common/time/now.ts';
import type { Policy } from '../../policy/policy.ts';
import type { LoggedIn, ProviderSettings } from '../cognito/oauth-client.ts';
import type { TokenVault } from '../cognito/token-vault.ts';
import type { SessionSeal } from '../identity/session.ts';
import type { SessionRecord, SessionStore } from '../store/session.ts';
import { LoginFailure } from './login-failure.ts';

export interface OpenSessionDeps {
  sessions: SessionStore;
  vault: TokenVault;
  seal: SessionSeal;
  policy: () => Policy;
  sessionSeconds: number;
  log: Logger;
}

/** Bytes of subject and username that fit into a cookie. Cognito's are at most 128 characters each. */
const longestName = 1024;

/**
 * Opens a session for a person who has just logged in at a provider.
 * @returns the cookie's value and the session's record
 * @throws {LoginFailure} for a name that does not fit into a cookie
 */
export async function openSession(
  deps: OpenSessionDeps,
  provider: ProviderSettings,
  { subject: sub, username, shownName: shown, groups, refreshToken }: LoggedIn,
): Promise<{ value: string; record: SessionRecord }> {
  if (Buffer.byteLength(sub + username) > longestName) {
    throw new LoginFailure(502, 'You cannot log in under this name', [
      `Your name at ${provider.title} is longer than a session can hold.`,
      'Ask an administrator for a shorter one.',
    ]);
  }
  const createdAt = nowInSeconds();
  const known = groups.filter((group) => deps.policy().source.groups.has(group));
  const record: SessionRecord = {
    sid: randomBytes(32).toString('base64url'),
    sub,
    username,
    groups: known,
    createdAt,
    expiresAt: createdAt + deps.sessionSeconds,
    provider: provider.name,
    clientId: provider.clientId,
    refreshedAt: createdAt,
    lastSeen: createdAt,
    refreshToken: refreshToken && (await deps.vault.lock(refreshToken)),
  };
  await deps.sessions.add(record);
  const shown_name = shown === username ? undefined : shown;
  const claims = { sid: record.sid, sub, username, shown_name, groups: known, exp: record.expiresAt };
  const value = await deps.seal.seal(claims);
  const unknown_groups = groups.length - known.length;
  deps.log.info(
    { subject: sub, username, shown_name, provider: provider.name, groups: known, unknown_groups },
    'logged in',
  );
  return { value, record };
}
