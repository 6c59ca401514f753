import type { ServerMetadata } from 'openid-client';
import { cognitoIssuer } from './cognito.ts';

/**
 * The two issuers that a user pool can have: the original one, and the one of pools whose issuer type is UPDATED (Amazon
 * Cognito API reference, IssuerConfigurationType). Only the discovery documents show which one it is.
 */
export function cognitoIssuers(userPoolId: string): [string, string] {
  const original = cognitoIssuer(userPoolId);
  return [original, original.replace('://cognito-idp.', '://issuer-cognito-idp.')];
}

/**
 * Corrects the endpoints of a pool whose discovery document does not name its domain: there they are on the API's host and
 * do not work. COGNITO_DOMAIN replaces that host; without it, the domain that the console generates is the best guess.
 * @param domain COGNITO_DOMAIN: a prefix, or a whole host name
 */
export function withHostedDomain(
  metadata: ServerMetadata,
  userPoolId: string,
  domain: string | undefined,
): ServerMetadata {
  const announced = metadata.authorization_endpoint && new URL(metadata.authorization_endpoint).hostname;
  if (announced && !isApiHost(announced)) return metadata;
  const at = `https://${hostedDomain(userPoolId, domain)}`;
  return {
    ...metadata,
    authorization_endpoint: `${at}/oauth2/authorize`,
    token_endpoint: `${at}/oauth2/token`,
    userinfo_endpoint: `${at}/oauth2/userInfo`,
    revocation_endpoint: `${at}/oauth2/revoke`,
    end_session_endpoint: `${at}/logout`,
  };
}

/** The host of the login pages: from `COGNITO_DOMAIN` (a prefix or a host name), or the guess. */
export function hostedDomain(userPoolId: string, domain: string | undefined): string {
  const region = userPoolId.slice(0, userPoolId.indexOf('_'));
  const name = domain?.replace(/^https?:\/\//, '').replace(/\/+$/, '');
  if (name?.includes('.')) return name;
  return `${name ?? userPoolId.replace('_', '').toLowerCase()}.auth.${region}.amazoncognito.com`;
}

/** Whether a host is the pool's API, which has no login pages. */
export function isApiHost(hostname: string): boolean {
  return /^(issuer-)?cognito-idp\.[a-z0-9-]+\.amazonaws\.com$/.test(hostname);
}
