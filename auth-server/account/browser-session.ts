import type { IncomingMessage } from 'node:http';
import type { OAuthClient } from '../cognito/oauth-client.ts';
import { type IdentifyDeps, signedIn } from '../identity/identify.ts';
import { LoginFailure } from '../login/login-failure.ts';
import type { SessionStore } from '../store/session.ts';
import type { SessionRecord } from '../store/session-record.ts';
import { isOfCommandLine, ownSession } from './own-session.ts';

export type BrowserSessionDeps = IdentifyDeps & {
  sessions: SessionStore;
  providers: ReadonlyMap<string, OAuthClient>;
};

/**
 * The record of the browser session that a request for a page comes with.
 * @param refused title of the page that says why not
 * @returns undefined if it comes without a session
 * @throws {LoginFailure} for a session that gives no power: one without a record, or of the command line
 */
export async function browserSession(
  deps: BrowserSessionDeps,
  { headers }: IncomingMessage,
  refused: string,
): Promise<SessionRecord | undefined> {
  const person = await signedIn(deps, headers);
  if (!person) return undefined;
  const { subject: sub, sessionId: sid, authMethod: auth_method } = person;
  const own = await ownSession(deps, { sub, auth_method, ...(sid !== undefined && { sid }) });
  if (own && deps.providers.has(own.provider) && !isOfCommandLine(own, deps.providers)) return own;
  throw new LoginFailure(403, refused, ['This takes a sign-in in a browser.']);
}
