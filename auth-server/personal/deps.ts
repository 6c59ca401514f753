import type { IncomingMessage } from 'node:http';
import { isOfCommandLine, ownSession } from '../account/own-session.ts';
import type { OAuthClient } from '../cognito/oauth-client.ts';
import { sameSubjects } from '../cognito/providers.ts';
import { type IdentifyDeps, signedIn } from '../identity/identify.ts';
import type { LoginAttempts } from '../login/login-attempts.ts';
import { LoginFailure } from '../login/login-failure.ts';
import type { OpenSessionDeps } from '../login/open-session.ts';
import type { Pages } from '../login/pages.ts';
import type { PersonAt, SessionRecord } from '../store/session-record.ts';

/** What the pages of personal tokens stand on. */
export type PersonalDeps = IdentifyDeps &
  Pick<OpenSessionDeps, 'sessions' | 'vault' | 'log'> & {
    providers: ReadonlyMap<string, OAuthClient>;
    attempts: LoginAttempts;
    pages: Pages;
  };

/** The form, at which one also tries again. */
export const formPath = '/oauth2/personal-token';

/**
 * The record of the browser session that a request comes with.
 * @returns undefined if it comes without a session
 * @throws {LoginFailure} for a session that gives no power: one without a record, or of the command line
 */
export async function asking(deps: PersonalDeps, { headers }: IncomingMessage): Promise<SessionRecord | undefined> {
  const person = await signedIn(deps, headers.cookie);
  if (!person) return undefined;
  const { subject: sub, sessionId: sid, authMethod: auth_method } = person;
  const own = await ownSession(deps, { sub, auth_method, ...(sid !== undefined && { sid }) });
  if (own && deps.providers.has(own.provider) && !isOfCommandLine(own, deps.providers)) return own;
  throw new LoginFailure(403, 'No token can be made here', ['This takes a sign-in in a browser.']);
}

/** Beyond this, the person ends one first. */
const mostTokens = 50;

/** @throws {LoginFailure} if the person has as many tokens as they may have */
export async function refuseTooMany({ sessions, providers }: PersonalDeps, own: SessionRecord): Promise<void> {
  const person: PersonAt = { providers: sameSubjects(providers, own.provider), sub: own.sub };
  if ((await sessions.count(person, 'personal')) < mostTokens) return;
  throw tryAgain(new LoginFailure(403, 'No token was made', [`You have ${mostTokens}. End one on My account first.`]));
}

/** Lets the page of a failure lead to the form. */
export function tryAgain(failure: LoginFailure): LoginFailure {
  return Object.assign(failure, { again: formPath });
}
