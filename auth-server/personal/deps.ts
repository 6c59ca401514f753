import type { IncomingMessage } from 'node:http';
import { browserSession } from '../account/browser-session.ts';
import type { OAuthClient } from '../cognito/oauth-client.ts';
import { sameSubjects } from '../cognito/providers.ts';
import type { IdentifyDeps } from '../identity/identify.ts';
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

/** The record of the browser session that a request comes with, as {@link browserSession} returns it. */
export async function asking(deps: PersonalDeps, req: IncomingMessage): Promise<SessionRecord | undefined> {
  return await browserSession(deps, req, 'No token can be made here');
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
