import type { JWTPayload } from 'jose';
import { nowInSeconds } from '../../common/time/now.ts';
import type { OAuthClient } from '../cognito/oauth-client.ts';
import type { RevocationStore } from '../store/revocation.ts';
import type { SessionStore } from '../store/session.ts';
import type { SessionRecord } from '../store/session-record.ts';

/**
 * The record of the browser session that an assertion for the registry names. Pages that give power want one: not an access
 * token, which a program holds, nor a session without a record, which anyone with `SECRET_KEY` can make.
 * @param claims of a verified assertion
 * @returns undefined if it names none, or one that has ended since, or is not of this person
 */
export async function ownSession(
  { sessions, revocations }: { sessions: SessionStore; revocations: RevocationStore },
  { sub, sid, auth_method }: JWTPayload,
): Promise<SessionRecord | undefined> {
  if (typeof sid !== 'string' || auth_method !== 'session_cookie') return undefined;
  const record = await sessions.read(sid);
  if (record?.kind !== 'browser' || record.sub !== sub || record.expiresAt <= nowInSeconds()) return undefined;
  const { username, clientId, oauthClient = '', createdAt } = record;
  const isRevoked = revocations.covers(createdAt, { users: [record.sub, username], clients: [clientId, oauthClient] });
  return isRevoked ? undefined : record;
}

/** Whether a session is one of the command line: it came by its code, or by the app client of an older one. */
export function isOfCommandLine(
  { kind, oauthClient, provider }: SessionRecord,
  providers: ReadonlyMap<string, OAuthClient>,
): boolean {
  return kind === 'browser' && (oauthClient !== undefined || providers.get(provider)?.settings.unlisted === true);
}
