import * as oidc from 'openid-client';
import type { StandInFetch } from './cognito.ts';

/** How this program is known to an OpenID Connect provider. */
export interface OidcClient {
  issuer: string;
  clientId: string;
  /** Absent for a public client. */
  clientSecret: string | undefined;
  /** Given when the provider is the local stand-in, which speaks http and has its host rewritten. */
  standInFetch?: StandInFetch | undefined;
}

const timeoutSeconds = 5;

/**
 * Reads the provider's discovery document and returns what openid-client needs for everything else. Signatures of ID
 * tokens are checked although they come over a direct connection.
 * @throws openid-client's errors when the provider cannot be reached or contradicts itself
 */
export async function discoverProvider(client: OidcClient): Promise<oidc.Configuration> {
  const { issuer, clientId, clientSecret, standInFetch } = client;
  const options: oidc.DiscoveryRequestOptions = { timeout: timeoutSeconds, execute: [oidc.enableNonRepudiationChecks] };
  if (standInFetch) {
    options[oidc.customFetch] = (url, init) => standInFetch(url, init as RequestInit);
    options.execute?.push(oidc.allowInsecureRequests);
  }
  const authentication = clientSecret === undefined ? oidc.None() : oidc.ClientSecretBasic(clientSecret);
  return await oidc.discovery(new URL(issuer), clientId, clientSecret, authentication, options);
}
