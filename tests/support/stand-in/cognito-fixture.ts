import type { Jwks } from 'aws-jwt-verify/jwk';
import type { JSONWebKeySet } from 'jose';
import * as oidc from 'openid-client';
import { loadKeys } from '../../../stand-in/pool/keys.ts';
import { readSeed, type Seed } from '../../../stand-in/pool/seed.ts';
import type { TokenAnswer } from '../../../stand-in/pool/tokens.ts';
import { locationOf, newBrowser, submitSignIn } from './hosted-login.ts';
import { type RunningCognito, startCognito } from './start.ts';

export const WEB = '1webclient0000000000000000';
export const CLI = '2cliclient0000000000000000';
export const AGENT = '3agentclient000000000000000';
export const READER = '4readeragent0000000000000';
export const CALLBACK = 'http://localhost:8080/oauth2/callback/cognito';
export const CLI_CALLBACK = 'http://localhost:9090/callback';
export const ISSUER = 'https://cognito-idp.us-east-1.amazonaws.com/us-east-1_LocalPool';

type Change = Record<string, string | undefined>;

/** The shipped seed, plus frank (must choose a new password) and grace (disabled). */
export const seed: Seed = (() => {
  const file = readSeed('stand-in/seed.yml');
  const person = { password: 'Passw0rd!', email: 'x@example.com', groups: [] };
  const frank = { ...person, username: 'frank', sub: 'f', status: 'FORCE_CHANGE_PASSWORD' as const };
  const grace = { ...person, username: 'grace', sub: 'g', status: 'DISABLED' as const };
  return { ...file, users: [...file.users, frank, grace] };
})();
export const keys = await loadKeys();
export const secretOf = (id: string) => seed.clients.find((c) => c.id === id)?.secret ?? '';
export const tokensIn = async (response: Response | Promise<Response>) =>
  (await (await response).json()) as TokenAnswer;

/**
 * A new stand-in with its own clock for each test, and the requests that most tests need.
 * @param given the seed of the pool
 */
export function useCognito(given: Seed = seed) {
  let clock = 0;
  let pool: RunningCognito;
  beforeEach(async () => {
    clock = Date.now();
    pool = await startCognito({ seed: given, keys, now: () => clock });
  });
  afterEach(() => pool.close());

  /** The authorize URL of the web client; `change` adds, replaces or (undefined) leaves out parameters. */
  const authorizeUrl = (change: Change = {}) => {
    const usual = { response_type: 'code', client_id: WEB, redirect_uri: CALLBACK, scope: 'openid email profile' };
    const kept = Object.entries({ ...usual, state: 's1', ...change }).filter((e): e is [string, string] => !!e[1]);
    return `${pool.url}/oauth2/authorize?${new URLSearchParams(kept)}`;
  };
  const codeFor = async (change: Change = {}, username = 'alice') => {
    const back = locationOf(await submitSignIn(newBrowser(), authorizeUrl(change), username));
    return back.searchParams.get('code') ?? '';
  };
  /** POSTs a form to an OAuth endpoint as a client with its secret by Basic, or with `null` without that header. */
  const post = (path: string, form: Record<string, string> | string, client: string | null = WEB) => {
    const basic = Buffer.from(`${client}:${secretOf(client ?? '')}`).toString('base64');
    const headers: Record<string, string> = client ? { authorization: `Basic ${basic}` } : {};
    return fetch(pool.url + path, { method: 'POST', body: new URLSearchParams(form), headers });
  };
  return {
    get pool() {
      return pool;
    },
    now: () => clock,
    seconds: () => Math.floor(clock / 1000),
    advance: (seconds: number) => {
      clock += seconds * 1000;
    },
    authorizeUrl,
    codeFor,
    post,
    redeem: (code: string, change: Record<string, string> = {}) =>
      post('/oauth2/token', { grant_type: 'authorization_code', code, redirect_uri: CALLBACK, ...change }),
    refresh: (token = '') => post('/oauth2/token', { grant_type: 'refresh_token', refresh_token: token }),
    userInfo: (token: string) =>
      fetch(`${pool.url}/oauth2/userInfo`, { headers: { authorization: `Bearer ${token}` } }),
    readJwks: async () =>
      (await (await fetch(`${pool.url}/us-east-1_LocalPool/.well-known/jwks.json`)).json()) as JSONWebKeySet & Jwks,
    discover: (client: string, auth: oidc.ClientAuth) => {
      const options = { execute: [oidc.allowInsecureRequests], [oidc.customFetch]: pool.fetch as oidc.CustomFetch };
      return oidc.discovery(new URL(pool.issuer), client, undefined, auth, options);
    },
  };
}
