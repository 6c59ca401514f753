import * as oidc from 'openid-client';
import { discoverProvider, type OidcClient } from '../../common/identity/oidc.ts';
import { shownNameOf } from './shown-name.ts';

/** An OpenID Connect provider that people log in with. */
export interface ProviderSettings extends OidcClient {
  /** Name in URLs, such as `cognito`. */
  name: string;
  /** Name on the login page, such as `Amazon Cognito`. */
  title: string;
  scope: string;
  groupsClaim: string;
  usernameClaim: string;
  /** Claims with a name to show instead of the user name, in order. */
  nameClaims?: readonly string[];
  /** Prefix of its subjects, because another provider might have the same ones. */
  subjectPrefix: string;
  /** Not for browsers: the login page does not list it. */
  unlisted?: boolean;
  /** Parameters of its logout page; `returnUrl` is where it sends the browser afterwards. */
  logoutParameters(returnUrl: string): Record<string, string>;
}

/** The provider no longer lets this person in: blocked, deleted, signed out everywhere, or the refresh token expired. */
export class SignInEnded extends Error {}

/** The person who logged in, from a verified ID token. */
export interface LoggedIn {
  subject: string;
  username: string;
  /** What to show instead of the user name, if that is not the same. */
  shownName?: string | undefined;
  groups: readonly string[];
  /** Undefined if the provider gave none. */
  refreshToken: string | undefined;
  /** When the provider last asked who they are, in seconds since 1970; undefined if it does not say (`auth_time`). */
  signedInAt?: number | undefined;
  /** Where they were when they came back from the provider, as nginx saw it. */
  address?: string | undefined;
}

/** The state of one login attempt until the browser comes back. */
export type LoginAttempt = Record<'state' | 'nonce' | 'verifier', string>;

export type OAuthClient = ReturnType<typeof createOAuthClient>;

/**
 * A client for the authorization code flow with PKCE, state and nonce, always all three (RFC 6749, RFC 7636, OpenID
 * Connect Core). Discovers the provider's endpoints once, on first use.
 */
export function createOAuthClient(settings: ProviderSettings) {
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
    /** Where to send the browser. */
    async authorizeUrl({ state, nonce, verifier }: LoginAttempt, callbackUrl: string, prompt?: 'login'): Promise<URL> {
      return oidc.buildAuthorizationUrl(await configuration(), {
        redirect_uri: callbackUrl,
        scope: settings.scope,
        state,
        nonce,
        code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
        ...(prompt && { prompt }),
      });
    },
    /**
     * Exchanges the code in `currentUrl` and verifies the ID token: signature, issuer, audience, nonce, expiry.
     * @throws openid-client's errors
     */
    async logIn(currentUrl: URL, { state, nonce, verifier }: LoginAttempt): Promise<LoggedIn> {
      const tokens = await oidc.authorizationCodeGrant(await configuration(), currentUrl, {
        expectedState: state,
        expectedNonce: nonce,
        pkceCodeVerifier: verifier,
        idTokenExpected: true,
      });
      return { ...readClaims(settings, tokens.claims()), refreshToken: tokens.refresh_token };
    },
    /**
     * Gets the person's current claims without their presence.
     * @throws {SignInEnded} if the provider no longer lets them in; openid-client's errors if it did not answer
     */
    async refresh(refreshToken: string, subject: string): Promise<LoggedIn> {
      const tokens = await oidc.refreshTokenGrant(await configuration(), refreshToken).catch((error: unknown) => {
        const isFinal = error instanceof oidc.ResponseBodyError && error.error === 'invalid_grant';
        throw isFinal ? new SignInEnded('the provider refuses the refresh token') : error;
      });
      // OpenID Connect Core section 12.2 does not require an ID token here, but only it names the groups.
      if (!tokens.claims()) throw new SignInEnded('the provider sends no ID token with a refresh');
      const person = readClaims(settings, tokens.claims());
      if (person.subject !== subject) throw new SignInEnded('the provider names another person now');
      // A provider that rotates refresh tokens sends a new one, and the old one no longer works.
      return { ...person, refreshToken: tokens.refresh_token ?? refreshToken };
    },
    /** Sends a form to the provider's token endpoint in the name of another of its clients. @param init as for `fetch` */
    async askForToken(init: RequestInit): Promise<Response> {
      const { token_endpoint } = (await configuration()).serverMetadata();
      if (token_endpoint === undefined) throw new Error('the provider has no token endpoint');
      return await (settings.standInFetch ?? fetch)(token_endpoint, { ...init, method: 'POST', redirect: 'manual' });
    },
    /** Revokes a refresh token at the provider (RFC 7009). */
    async revoke(refreshToken: string) {
      const provider = await configuration();
      if (provider.serverMetadata().revocation_endpoint) await oidc.tokenRevocation(provider, refreshToken);
    },
    /** The URL at which a browser ends its session at the provider, and returns to `returnUrl`. */
    async logoutUrl(returnUrl: string): Promise<URL | undefined> {
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
  const { auth_time: signedInAt } = claims;
  return {
    subject: settings.subjectPrefix + claims.sub,
    username: typeof username === 'string' ? username : claims.sub,
    shownName: shownNameOf(claims, settings.nameClaims ?? []),
    ...(typeof signedInAt === 'number' && { signedInAt }),
    groups: Array.isArray(groups) ? groups.filter((group) => typeof group === 'string') : [],
  };
}
