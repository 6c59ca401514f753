import * as oidc from 'openid-client';
import { discoverProvider, type OidcClient } from '../common/oidc.ts';

/** An OpenID Connect provider that people log in with. */
export interface ProviderSettings extends OidcClient {
  /** In URLs: `cognito`. */
  name: string;
  /** On the login page: `Amazon Cognito`. */
  title: string;
  scope: string;
  groupsClaim: string;
  usernameClaim: string;
}

/** Who logged in, from a verified ID token. */
export interface LoggedIn {
  subject: string;
  username: string;
  groups: readonly string[];
}

/** What one attempt to log in has to remember until the browser comes back. */
export interface LoginAttempt {
  state: string;
  nonce: string;
  verifier: string;
}

export interface OAuthClient {
  settings: ProviderSettings;
  /** Where to send the browser. */
  authorizeUrl(attempt: LoginAttempt, callbackUrl: string): Promise<URL>;
  /**
   * Exchanges the code in `currentUrl` and verifies the ID token: signature, issuer, audience, nonce, expiry.
   * @throws openid-client's errors
   */
  logIn(currentUrl: URL, attempt: LoginAttempt): Promise<LoggedIn>;
  /** Where a browser ends its session at the provider; comes back to `returnUrl`. */
  logoutUrl(returnUrl: string): Promise<URL | undefined>;
}

/**
 * A client for the authorization code flow with PKCE, state and nonce, always all three (RFC 6749, RFC 7636, OpenID
 * Connect Core). Endpoints come from discovery, once, at the first need.
 */
export function createOAuthClient(settings: ProviderSettings): OAuthClient {
  let discovered: Promise<oidc.Configuration> | undefined;
  const configuration = () => {
    discovered ??= discoverProvider(settings).catch((error) => {
      discovered = undefined;
      throw error;
    });
    return discovered;
  };
  return {
    settings,
    async authorizeUrl({ state, nonce, verifier }, callbackUrl) {
      return oidc.buildAuthorizationUrl(await configuration(), {
        redirect_uri: callbackUrl,
        scope: settings.scope,
        state,
        nonce,
        code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
      });
    },
    async logIn(currentUrl, { state, nonce, verifier }) {
      const tokens = await oidc.authorizationCodeGrant(await configuration(), currentUrl, {
        expectedState: state,
        expectedNonce: nonce,
        pkceCodeVerifier: verifier,
        idTokenExpected: true,
      });
      return readClaims(settings, tokens.claims());
    },
    async logoutUrl(returnUrl) {
      const { end_session_endpoint } = (await configuration()).serverMetadata();
      if (!end_session_endpoint) return undefined;
      // Cognito's own parameters; it knows nothing of post_logout_redirect_uri (Developer Guide, "Logout endpoint").
      const url = new URL(end_session_endpoint);
      url.searchParams.set('client_id', settings.clientId);
      url.searchParams.set('logout_uri', returnUrl);
      return url;
    },
  };
}

function readClaims(settings: ProviderSettings, claims: oidc.IDToken | undefined): LoggedIn {
  if (!claims) throw new Error('the provider sent no ID token');
  const groups = claims[settings.groupsClaim];
  const username = claims[settings.usernameClaim];
  return {
    subject: claims.sub,
    username: typeof username === 'string' ? username : claims.sub,
    groups: Array.isArray(groups) ? groups.filter((group) => typeof group === 'string') : [],
  };
}
