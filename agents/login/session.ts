import * as z from 'zod';
import { nowInSeconds } from '../../common/time/now.ts';
import { cookieNameFor, type KeptSession } from '../gateway/cookie-file.ts';
import { asRefusal, explainFailure, explainRefusal } from '../gateway/explain.ts';
import { CommandError, exitCodes } from '../lib/failure.ts';
import type { Print } from '../lib/print.ts';
import type { Settings } from '../lib/settings.ts';
import { type Fetch, watchFetch } from '../lib/watched-fetch.ts';
import { type LocalClaims, signLocalSession } from './local-session.ts';
import type { LoginTokens, Person } from './user-pool.ts';

const timeoutMilliseconds = 15_000;
const answer = z.object({
  cookie_name: z.string(),
  cookie: z.string(),
  expires_at: z.number(),
  username: z.string(),
  groups: z.array(z.string()),
});

/** A session from the gateway, with its user. */
export interface NewSession extends KeptSession {
  username: string;
  expiresAt: number;
  groups: readonly string[];
}

/** `POST /oauth2/session`: exchanges the tokens of a fresh login for a session of the gateway. @throws {CommandError} */
export async function exchangeForSession(settings: Settings, print: Print, tokens: LoginTokens): Promise<NewSession> {
  const url = new URL('/oauth2/session', settings.gateway);
  const response = await ask(settings, print, url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Accept: 'application/json' },
    body: JSON.stringify(tokens),
  });
  if (!response.ok) throw await refused(response, settings, url);
  const found = answer.safeParse(await response.json().catch(() => undefined));
  if (!found.success) throw new CommandError(exitCodes.failed, `${url} did not return a session.`);
  const { cookie_name: cookieName, cookie, expires_at: expiresAt, username, groups } = found.data;
  return { cookieName, cookie, expiresAt, username, groups };
}

const localSeconds = 8 * 3600;

/**
 * Signs the session here with SECRET_KEY, as older setups do. It is valid if the gateway allows that
 * (`ALLOW_LOCAL_SESSIONS`) and has the same key.
 * @returns the reason, if the gateway rejects it
 */
export async function signSession(
  settings: Settings,
  print: Print,
  secretKey: string,
  { sub, username, groups }: Person,
): Promise<NewSession | { refused: string }> {
  const now = nowInSeconds();
  const claims: LocalClaims = { sub, username, groups, iat: now, exp: now + localSeconds };
  const cookie = await signLocalSession(secretKey, claims);
  const cookieName = cookieNameFor(settings.gateway);
  const url = new URL('/api/me', settings.gateway);
  const response = await ask(settings, print, url, { headers: { cookie: `${cookieName}=${cookie}` } });
  if (response.ok) return { cookieName, cookie, expiresAt: claims.exp, username, groups };
  return { refused: (await asRefusal(response))?.message ?? String(response.status) };
}

/** Ends a session at the gateway, so that copies of the cookie stop working. */
export async function endSession(settings: Settings, print: Print, cookie: string): Promise<void> {
  const url = new URL('/oauth2/logout/cognito', settings.gateway);
  const response = await ask(settings, print, url, { method: 'POST', headers: { cookie }, redirect: 'manual' });
  await response.body?.cancel();
  if (response.status >= 400) throw await refused(response, settings, url);
}

async function refused(response: Response, settings: Settings, url: URL): Promise<CommandError> {
  const refusal = await asRefusal(response);
  const circumstances = { settings, url };
  if (!refusal) return explainFailure(new Error(`status ${response.status}`), circumstances);
  if (refusal.reason === 'login_refused') {
    const hints = [
      `The gateway takes logins of the app client that its COGNITO_CLI_CLIENT_ID names. This one was made with ${settings.env.COGNITO_CLIENT_ID} (COGNITO_CLIENT_ID in ${settings.file}).`,
    ];
    return new CommandError(exitCodes.notLoggedIn, refusal.message, { reason: refusal.reason, hints });
  }
  if (refusal.reason !== 'exchange_off') return explainRefusal(refusal, circumstances);
  return new CommandError(exitCodes.failed, 'This gateway issues no sessions to the command line.', {
    reason: refusal.reason,
    hints: [
      'Its operator can set COGNITO_CLI_CLIENT_ID to the app client of the command line (docs/configuration.md).',
    ],
  });
}

async function ask(settings: Settings, print: Print, url: URL, init: RequestInit): Promise<Response> {
  const fetch: Fetch = watchFetch(print);
  try {
    return await fetch(url, { ...init, signal: AbortSignal.timeout(timeoutMilliseconds) });
  } catch (error) {
    throw explainFailure(error, { settings, url });
  }
}
