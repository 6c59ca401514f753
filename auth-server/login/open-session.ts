import { randomBytes } from 'node:crypto';
import type { Logger } from '../../common/service/log.ts';
import { nowInSeconds } from '../../common/time/now.ts';
import type { Policy } from '../../policy/policy.ts';
import type { LoggedIn, ProviderSettings } from '../cognito/oauth-client.ts';
import type { TokenVault } from '../cognito/token-vault.ts';
import type { SessionSeal } from '../identity/cookie/session.ts';
import { groupsToKeep } from '../identity/group-refresh.ts';
import type { SessionStore } from '../store/session.ts';
import type { SessionRecord } from '../store/session-record.ts';
import { LoginFailure } from './login-failure.ts';

export interface OpenSessionDeps {
  sessions: SessionStore;
  vault: TokenVault;
  seal: SessionSeal;
  policy: () => Policy;
  sessionSeconds: number;
  log: Logger;
}

/** What the record of a browser says about what shows it. */
export const ofBrowser = {
  kind: 'browser',
  oauthClient: undefined,
  oauthClientName: undefined,
  resource: undefined,
  idleSeconds: undefined,
} as const;

/** Bytes of subject and username that fit into a cookie. Cognito's are at most 128 characters each. */
const longestName = 1024;

/** What a record holds beside the person: what shows it, for how long, and for which audience. */
type RecordPurpose = Pick<
  SessionRecord,
  'kind' | 'expiresAt' | 'oauthClient' | 'oauthClientName' | 'resource' | 'idleSeconds'
>;

/**
 * Stores the record of a person who has logged in at a provider.
 * @param purpose what the record is for
 * @param given its id, and when the person logged in, in seconds since 1970
 */
export async function addRecord(
  deps: Pick<OpenSessionDeps, 'sessions' | 'vault' | 'policy'>,
  provider: Pick<ProviderSettings, 'name' | 'clientId'>,
  { subject: sub, username, shownName, groups, refreshToken, address }: LoggedIn,
  purpose: RecordPurpose,
  given = { sid: randomBytes(32).toString('base64url'), loggedInAt: nowInSeconds() },
): Promise<SessionRecord> {
  const { sid, loggedInAt } = given;
  const record: SessionRecord = {
    ...purpose,
    sid,
    sub,
    username,
    shownName: shownName === username ? undefined : shownName,
    groups: groupsToKeep(deps.policy(), groups),
    // A revocation that came after the login has to count.
    createdAt: loggedInAt,
    provider: provider.name,
    clientId: provider.clientId,
    refreshedAt: loggedInAt,
    triedAt: loggedInAt,
    lastSeen: nowInSeconds(),
    refreshToken: refreshToken && (await deps.vault.lock(refreshToken)),
    loginAddress: address,
    // An access token or personal token is first used later, and elsewhere.
    usedAddress: purpose.kind === 'browser' ? address : undefined,
  };
  await deps.sessions.add(record);
  return record;
}

/**
 * Opens a session for a person who has just logged in at a provider.
 * @returns the cookie's value and the session's record
 * @throws {LoginFailure} for a name that does not fit into a cookie
 */
export async function openSession(
  deps: OpenSessionDeps,
  provider: ProviderSettings,
  person: LoggedIn,
): Promise<{ value: string; record: SessionRecord }> {
  refuseLongName(provider.title, person);
  const expiresAt = nowInSeconds() + deps.sessionSeconds;
  const record = await addRecord(deps, provider, person, { ...ofBrowser, expiresAt });
  return { value: await cookieValueOf(deps, record, person.groups), record };
}

/** @throws {LoginFailure} for a name that does not fit into a cookie */
export function refuseLongName(provider: string, { subject, username }: Pick<LoggedIn, 'subject' | 'username'>): void {
  if (Buffer.byteLength(subject + username) <= longestName) return;
  throw new LoginFailure(502, 'You cannot log in under this name', [
    `Your name at ${provider} is longer than a session can hold.`,
    'Ask an administrator for a shorter one.',
  ]);
}

/**
 * The value of the cookie that names a record, for a person who is now logged in.
 * @param groups those that the provider named
 */
export async function cookieValueOf(
  { seal, policy, log }: Pick<OpenSessionDeps, 'seal' | 'policy' | 'log'>,
  { sid, sub, username, shownName: shown_name, provider, oauthClient: client, expiresAt: exp }: SessionRecord,
  groups: readonly string[],
): Promise<string> {
  const known = groups.filter((group) => policy().source.groups.has(group));
  const value = await seal.seal({ sid, sub, username, shown_name, exp });
  const unknown_groups = groups.length - known.length;
  log.info({ subject: sub, username, shown_name, provider, client, groups: known, unknown_groups }, 'logged in');
  return value;
}
