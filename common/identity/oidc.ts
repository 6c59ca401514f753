import * as oidc from 'openid-client';
import type { StandInFetch } from './cognito.ts';

/** This program as a client of an OpenID Connect provider. */
export interface OidcClient {
  /** Possible issuers, tried in this order. */
  issuers: readonly string[];
  clientId: string;
  /** Absent for a public client. */
  clientSecret: string | undefined;
  /** Corrects endpoints of the discovery document. */
  mendMetadata?: (metadata: oidc.ServerMetadata) => oidc.ServerMetadata;
  /** Set if the provider is the local stand-in, which uses http and another address than its URLs name. */
  standInFetch?: StandInFetch | undefined;
  /** Sends the secret in the body (`client_secret_post`) instead of as Basic. */
  secretInBody?: boolean;
  /** Wraps every request, to observe it. */
  watch?: ((fetch: StandInFetch) => StandInFetch) | undefined;
}

const timeoutSeconds = 5;
const loopback = /^http:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d+)?(\/|$)/;

/**
 * Reads the provider's discovery document and returns openid-client's configuration. Signatures of ID tokens are checked
 * although the tokens come over a direct connection. Plain http is allowed to this machine only.
 * @throws openid-client's errors for the first issuer, if no provider can be reached or its document is inconsistent
 */
export async function discoverProvider(client: OidcClient): Promise<oidc.Configuration> {
  const { issuers, clientId, clientSecret, mendMetadata } = client;
  const found = await firstOf(issuers, (issuer) => discover(client, issuer));
  const metadata = found.serverMetadata();
  const mended = mendMetadata?.(metadata) ?? metadata;
  if (mended === metadata) return found;
  const configuration = new oidc.Configuration(mended, clientId, clientSecret, authentication(client));
  configuration.timeout = timeoutSeconds;
  for (const prepare of preparations(client, mended.issuer)) prepare(configuration);
  const fetch = customFetch(client);
  if (fetch) configuration[oidc.customFetch] = fetch;
  return configuration;
}

async function discover(client: OidcClient, issuer: string): Promise<oidc.Configuration> {
  const options: oidc.DiscoveryRequestOptions = { timeout: timeoutSeconds, execute: preparations(client, issuer) };
  const fetch = customFetch(client);
  if (fetch) options[oidc.customFetch] = fetch;
  const { clientId, clientSecret } = client;
  return await oidc.discovery(new URL(issuer), clientId, clientSecret, authentication(client), options);
}

async function firstOf<T>(issuers: readonly string[], ask: (issuer: string) => Promise<T>): Promise<T> {
  let first: unknown;
  for (const issuer of issuers) {
    try {
      return await ask(issuer);
    } catch (error) {
      first ??= error;
    }
  }
  throw first;
}

function authentication({ clientSecret, secretInBody }: OidcClient): oidc.ClientAuth {
  if (clientSecret === undefined) return oidc.None();
  return secretInBody ? oidc.ClientSecretPost(clientSecret) : oidc.ClientSecretBasic(clientSecret);
}

function preparations({ standInFetch }: OidcClient, issuer: string): ((config: oidc.Configuration) => void)[] {
  const http = standInFetch !== undefined || loopback.test(issuer);
  return [oidc.enableNonRepudiationChecks, ...(http ? [oidc.allowInsecureRequests] : [])];
}

function customFetch({ standInFetch, watch }: OidcClient): oidc.CustomFetch | undefined {
  const ask = watch ? watch(standInFetch ?? fetch) : standInFetch;
  return ask && ((url, init) => ask(url, init as RequestInit));
}
