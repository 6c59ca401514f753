import type { Seed } from '../../../stand-in/pool/seed.ts';
import type { TokenAnswer } from '../../../stand-in/pool/tokens.ts';
import { CALLBACK, seed, type useCognito, WEB } from '../../support/stand-in/cognito-fixture.ts';
import { type Browser, locationOf, newBrowser, submitSignIn } from '../../support/stand-in/hosted-login.ts';

/** The source of a behaviour: AWS's documentation, a standard, an observation, an assumption, or our own stricter choice. */
type Source = `AWS: ${string}` | `RFC ${string}` | `seen: ${string}` | 'assumed' | `ours: ${string}`;
/** A stand-in with the requests that tests make of it. */
export type Cognito = ReturnType<typeof useCognito>;
/** One behaviour of Cognito: a sentence, its source, the request, and the expected result. */
export type Behaviour = readonly [
  name: string,
  source: Source,
  send: (cognito: Cognito) => Promise<unknown>,
  back: unknown,
  /** Another pool than the shipped one. */
  pool?: Seed,
];
export type Change = Record<string, string | undefined>;

/** A short description of where an authorize or logout request leads. */
export function leadsTo(cognito: Cognito, response: Response): string {
  const location = locationOf(response);
  if (location.origin !== new URL(cognito.pool.url).origin)
    return location.searchParams.has('code') ? 'callback with a code' : `callback ${location.search}`;
  if (location.pathname !== '/error') return location.pathname;
  return `error page ${location.searchParams.get('error')}`;
}

/** Sends a browser to /oauth2/authorize with the web client's usual parameters, changed. */
export async function ask(cognito: Cognito, change: Change = {}, browser: Browser = newBrowser()): Promise<string> {
  return leadsTo(cognito, await browser.get(cognito.authorizeUrl(change)));
}

/** A browser in which alice has signed in. */
export async function signedIn(cognito: Cognito): Promise<Browser> {
  const browser = newBrowser();
  await submitSignIn(browser, cognito.authorizeUrl(), 'alice');
  return browser;
}

/** Status and error of an answer, or its keys. */
export async function said(response: Response | Promise<Response>): Promise<string> {
  const answer = await response;
  const text = await answer.text();
  if (text === '') return String(answer.status);
  const body = JSON.parse(text) as Record<string, string>;
  const words = 'error' in body ? Object.values(body) : Object.keys(body);
  return `${answer.status} ${words.join(' ')}`;
}

/** The tokens of a sign-in through the pages. */
export async function tokensFor(cognito: Cognito, change: Change = {}, person = 'alice'): Promise<TokenAnswer> {
  const answer = await cognito.redeem(await cognito.codeFor(change, person));
  return (await answer.json()) as TokenAnswer;
}

/** POSTs to the token endpoint with the given headers. */
export function postRaw(cognito: Cognito, body: string, headers: Record<string, string>): Promise<Response> {
  return fetch(`${cognito.pool.url}/oauth2/token`, { method: 'POST', body, headers });
}

/** The seed with a changed web client. */
export function seedWith(change: Partial<Seed['clients'][number]>): Seed {
  return { ...seed, clients: seed.clients.map((client) => (client.id === WEB ? { ...client, ...change } : client)) };
}

export const CODE = { grant_type: 'authorization_code', redirect_uri: CALLBACK };
