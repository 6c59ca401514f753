import * as oidc from 'openid-client';
import { CommandError, exitCodes } from '../lib/failure.ts';
import type { Print } from '../lib/print.ts';
import { poolSettings, type Settings } from '../lib/settings.ts';
import { type Fetch, watchFetch, watchWith } from '../lib/watched-fetch.ts';
import { discoverPool } from '../token/token.ts';
import { callbackUrl } from './callback-server.ts';
import { explainLogin, refusedCallback } from './explain-login.ts';

/** The tokens of a login, for the gateway. They are never stored. */
export interface LoginTokens {
  id_token: string;
  access_token: string;
  refresh_token?: string | undefined;
}

/** The logged-in person, from the verified ID token. */
export interface Person {
  sub: string;
  username: string;
  groups: readonly string[];
}

/** One login at the user pool. */
export interface PoolLogin {
  state: string;
  /** The address to open in the browser. */
  url: URL;
  clientId: string;
  /**
   * Exchanges the code for tokens and verifies the ID token: signature, issuer, audience, nonce, expiry.
   * @throws {CommandError} notLoggedIn, unreachable
   */
  finish(callback: URL): Promise<{ tokens: LoginTokens; person: Person }>;
  /** Revokes the login's refresh token at the pool; never fails. */
  forget(tokens: LoginTokens): Promise<void>;
}

/**
 * Starts a login by the authorization code flow with PKCE, state and nonce (RFC 6749, RFC 7636, OpenID Connect Core),
 * with the app client of the command line. Requests only `openid`: the ID token holds what the gateway needs.
 * @throws {CommandError} usage: invalid settings or an unregistered callback; unreachable
 */
export async function beginPoolLogin(settings: Settings, print: Print): Promise<PoolLogin> {
  const pool = poolSettings(settings);
  const clientId = pool.COGNITO_CLI_CLIENT_ID ?? pool.COGNITO_CLIENT_ID;
  const explain = (error: unknown) => explainLogin(error, { clientId, file: settings.file });
  const provider = await discoverPool(pool, clientId, watchWith(print)).catch((error) => {
    throw explain(error);
  });
  const [state, nonce, verifier] = [oidc.randomState(), oidc.randomNonce(), oidc.randomPKCECodeVerifier()];
  const url = oidc.buildAuthorizationUrl(provider, {
    redirect_uri: callbackUrl,
    scope: 'openid',
    state,
    nonce,
    code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
  });
  await refuseUnregistered(url, { clientId, file: settings.file }, watchFetch(print));
  return {
    state,
    url,
    clientId,
    async finish(callback) {
      const checks = { expectedState: state, expectedNonce: nonce, pkceCodeVerifier: verifier, idTokenExpected: true };
      const granted = await oidc.authorizationCodeGrant(provider, callback, checks).catch((error) => {
        throw explain(error);
      });
      const { access_token, id_token = '', refresh_token } = granted;
      return { tokens: { access_token, id_token, refresh_token }, person: personOf(granted.claims()) };
    },
    async forget({ refresh_token }) {
      if (refresh_token !== undefined) await oidc.tokenRevocation(provider, refresh_token).catch(() => undefined);
    },
  };
}

/**
 * Throws for an unregistered callback before the browser opens, because Cognito would show its own error page and never
 * return (Cognito, "Authorize endpoint"). Network failures are left to the browser.
 */
async function refuseUnregistered(url: URL, client: { clientId: string; file: string }, ask: Fetch): Promise<void> {
  const answer = await ask(url, { redirect: 'manual', signal: AbortSignal.timeout(5_000) }).catch(() => undefined);
  const location = URL.parse(answer?.headers.get('location') ?? '', url);
  await answer?.body?.cancel();
  if (!location?.pathname.endsWith('/error')) return;
  throw refusedCallback(location.searchParams.get('error') ?? '', client);
}

function personOf(claims: oidc.IDToken | undefined): Person {
  if (!claims) throw new CommandError(exitCodes.notLoggedIn, 'The user pool sent no ID token.');
  const { sub, 'cognito:username': username, 'cognito:groups': groups } = claims;
  return {
    sub,
    username: typeof username === 'string' ? username : sub,
    groups: Array.isArray(groups) ? groups.filter((group) => typeof group === 'string') : [],
  };
}
