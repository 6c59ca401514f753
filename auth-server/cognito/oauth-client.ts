import * as oidc from 'openid-client';
import { discoverProvider, type OidcClient } from '../../common/identity/oidc.ts';

/** An OpenID Connect provider that people log in with. */
export interface ProviderSettings extends OidcClient {
  /** In URLs: `cognito`. */
  name: string;
  /** On the login page: `Amazon Cognito`. */
  title: string;
  scope: string;
  groupsClaim: string;
  usernameClaim: string;
  /** Put in front of its subjects, where another provider might have the same ones. */
  subjectPrefix: string;
  /** Not for browsers: it has no login page here. */
  unlisted?: boolean;
  /** What its logout page wants to know; `returnUrl` is where it sends the browser afterwards. */
  logoutParameters(returnUrl: string): Record<string, string>;
}

/** The provider no longer lets this person in: blocked, deleted, signed out everywhere, or the refresh token expired. */
export class SignInEnded extends Error {}

/** Who logged in, from a verified ID token. */
export interface LoggedIn {
  subject: string;
  username: string;
  groups: readonly string[];
  /** Undefined if the provider gave none. */
  refreshToken: string | undefined;
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
  /**
   * Asks again who the person is, without them.
   * @throws {SignInEnded} if the provider does not let them in any more; openid-client's errors if it could not be asked
   */
  refresh(refreshToken: string, subject: string): Promise<LoggedIn>;
  /** Tells the provider that a refresh token is not needed any more (RFC 7009). */
  revoke(refreshToken: string): Promise<void>;
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
      return { ...readClaims(settings, tokens.claims()), refreshToken: tokens.refresh_token };
    },
    async refresh(refreshToken, subject) {
      const tokens = await oidc.refreshTokenGrant(await configuration(), refreshToken).catch((error: unknown) => {
        const isFinal = error instanceof oidc.ResponseBodyError && error.error === 'invalid_grant';
        throw isFinal ? new SignInEnded('the provider refuses the refresh token') : error;
      });
      // OpenID Connect Core section 12.2 does not demand one, and without it nothing says what the groups are.
      if (!tokens.claims()) throw new SignInEnded('the provider sends no ID token with a refresh');
      const person = readClaims(settings, tokens.claims());
      if (person.subject !== subject) throw new SignInEnded('the provider speaks of somebody else now');
      // Only a provider that rotates them sends another one; the old one is dead then.
      return { ...person, refreshToken: tokens.refresh_token ?? refreshToken };
    },
    async revoke(refreshToken) {
      const provider = await configuration();
      if (provider.serverMetadata().revocation_endpoint) await oidc.tokenRevocation(provider, refreshToken);
    },
    async logoutUrl(returnUrl) {
      const { end_session_endpoint } = (await configuration()).serverMetadata();
      if (!end_session_endpoint) return undefined;
      const url = new URL(end_session_endpoint);
      for (const [name, value] of Object.entries(settings.logoutParameters(returnUrl)))
        url.searchParams.set(name, value);
      return url;
    },
  };
}

function readClaims(settings: ProviderSettings, claims: oidc.IDToken | undefined): Omit<LoggedIn, 'refreshToken'> {
  if (!claims) throw new Error('the provider sent no ID token');
  const groups = claims[settings.groupsClaim];
  const username = claims[settings.usernameClaim];
  return {
    subject: settings.subjectPrefix + claims.sub,
    username: typeof username === 'string' ? username : claims.sub,
    groups: Array.isArray(groups) ? groups.filter((group) => typeof group === 'string') : [],
  };
}
