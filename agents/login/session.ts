import * as z from 'zod';
import { commandLine } from '../../common/identity/command-line.ts';
import type { KeptSession } from '../gateway/cookie-file.ts';
import { asRefusal, explainFailure, explainRefusal } from '../gateway/explain.ts';
import { CommandError, exitCodes } from '../lib/failure.ts';
import type { Print } from '../lib/print.ts';
import type { Settings } from '../lib/settings.ts';
import { type Fetch, watchFetch } from '../lib/watched-fetch.ts';
import { again, type LoginProof } from './gateway-login.ts';

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

/** `POST /oauth2/session`: exchanges the code of a login for a session of the gateway. @throws {CommandError} */
export async function exchangeForSession(settings: Settings, print: Print, proof: LoginProof): Promise<NewSession> {
  const url = new URL(commandLine.sessionPath, settings.gateway);
  const response = await ask(settings, print, url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Accept: 'application/json' },
    body: JSON.stringify(proof),
  });
  if (!response.ok) throw await refused(response, settings, url);
  const found = answer.safeParse(await response.json().catch(() => undefined));
  if (!found.success) throw new CommandError(exitCodes.failed, `${url} did not return a session.`);
  const { cookie_name: cookieName, cookie, expires_at: expiresAt, username, groups } = found.data;
  return { cookieName, cookie, expiresAt, username, groups };
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
  if (refusal.reason !== 'login_refused') return explainRefusal(refusal, circumstances);
  return new CommandError(exitCodes.notLoggedIn, refusal.message, { reason: refusal.reason, hints: [again] });
}

async function ask(settings: Settings, print: Print, url: URL, init: RequestInit): Promise<Response> {
  const fetch: Fetch = watchFetch(print);
  try {
    return await fetch(url, { ...init, signal: AbortSignal.timeout(timeoutMilliseconds) });
  } catch (error) {
    throw explainFailure(error, { settings, url });
  }
}
