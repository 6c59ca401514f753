import type { StandInFetch } from '../../common/identity/cognito.ts';
import { cognitoIssuers, withHostedDomain } from '../../common/identity/cognito-endpoints.ts';
import { createOAuthClient, type OAuthClient, type ProviderSettings } from './oauth-client.ts';

/** The settings that name the providers, as docs/configuration.md explains them. */
export interface ProvidersConfig {
  COGNITO_USER_POOL_ID: string;
  COGNITO_DOMAIN?: string | undefined;
  COGNITO_CLIENT_ID: string;
  COGNITO_CLIENT_SECRET?: string | undefined;
  COGNITO_USERNAME_CLAIM?: string | undefined;
  COGNITO_CLI_CLIENT_ID?: string | undefined;
  OIDC_ISSUER?: string | undefined;
  OIDC_CLIENT_ID?: string | undefined;
  OIDC_CLIENT_SECRET?: string | undefined;
  OIDC_TITLE: string;
  OIDC_SCOPE: string;
  OIDC_GROUPS_CLAIM: string;
  OIDC_USERNAME_CLAIM: string;
}

const usualNames = ['preferred_username', 'email'];

/** The provider name of the user pool. */
export const userPoolName = 'cognito';

/** The provider name of command-line sessions. */
export const commandLineName = 'cognito-cli';

/**
 * The providers of sessions, by name, in the order of the login page. A provider is a value: the rest of the login does not
 * depend on which one it is.
 */
export function configuredProviders(
  config: ProvidersConfig,
  standInFetch: StandInFetch | undefined,
): Map<string, OAuthClient> {
  const pool = cognito(config, standInFetch);
  const cliClientId = config.COGNITO_CLI_CLIENT_ID;
  const settings = [
    pool,
    ...(config.OIDC_ISSUER === undefined ? [] : [oidc(config)]),
    ...(cliClientId === undefined ? [] : [commandLine(pool, cliClientId)]),
  ];
  return new Map(settings.map((provider) => [provider.name, createOAuthClient(provider)]));
}

/** The names of the providers whose subjects are those of this one: of the same issuer. */
export function sameSubjects(providers: ReadonlyMap<string, OAuthClient>, name: string): string[] {
  const issuerOf = (each: OAuthClient | undefined) => each?.settings.issuers[0];
  const own = issuerOf(providers.get(name));
  if (own === undefined) return [name];
  return [...providers].filter(([, each]) => issuerOf(each) === own).map(([each]) => each);
}

function cognito(config: ProvidersConfig, standInFetch: StandInFetch | undefined): ProviderSettings {
  const { COGNITO_USER_POOL_ID: pool, COGNITO_DOMAIN: domain } = config;
  return {
    name: userPoolName,
    title: standInFetch ? 'Cognito (local stand-in)' : 'Amazon Cognito',
    issuers: cognitoIssuers(pool),
    mendMetadata: (metadata) => withHostedDomain(metadata, pool, domain),
    clientId: config.COGNITO_CLIENT_ID,
    clientSecret: config.COGNITO_CLIENT_SECRET,
    scope: 'openid email profile aws.cognito.signin.user.admin',
    groupsClaim: 'cognito:groups',
    usernameClaim: 'cognito:username',
    // User names are often ids: a UUID where people sign in with their e-mail address, google_1048… behind another provider.
    nameClaims: config.COGNITO_USERNAME_CLAIM === undefined ? usualNames : [config.COGNITO_USERNAME_CLAIM],
    subjectPrefix: '',
    // Cognito's own parameters: it does not support post_logout_redirect_uri (Developer Guide, "Logout endpoint").
    logoutParameters: (returnUrl) => ({ client_id: config.COGNITO_CLIENT_ID, logout_uri: returnUrl }),
    standInFetch,
  };
}

/**
 * The same pool with the command line's app client: a public client, because every laptop has its id. Older setups use one
 * app client with a secret for both, whose refresh tokens also need that secret here.
 */
function commandLine(pool: ProviderSettings, clientId: string): ProviderSettings {
  const clientSecret = clientId === pool.clientId ? pool.clientSecret : undefined;
  return { ...pool, name: commandLineName, unlisted: true, clientId, clientSecret };
}

function oidc(config: ProvidersConfig): ProviderSettings {
  const clientId = config.OIDC_CLIENT_ID ?? '';
  return {
    name: 'oidc',
    title: config.OIDC_TITLE,
    issuers: [config.OIDC_ISSUER ?? ''],
    clientId,
    clientSecret: config.OIDC_CLIENT_SECRET,
    scope: config.OIDC_SCOPE,
    groupsClaim: config.OIDC_GROUPS_CLAIM,
    usernameClaim: config.OIDC_USERNAME_CLAIM,
    // Two providers may use the same subject for two people.
    subjectPrefix: 'oidc|',
    logoutParameters: (returnUrl) => ({ client_id: clientId, post_logout_redirect_uri: returnUrl }),
    standInFetch: undefined,
  };
}
