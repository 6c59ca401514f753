import { randomUUID } from 'node:crypto';
import type { HostedSession, Pool } from '../pool/pool.ts';
import { type Client, OIDC_SCOPES } from '../pool/seed.ts';
import type { Parameters } from './parameters.ts';

/** A valid sign-in request. */
export type AuthorizeRequest = Exclude<ReturnType<typeof checkAuthorizeRequest>, { refusal: string }>;

/**
 * Judges the parameters of /oauth2/authorize and /login (Cognito, "Authorize endpoint").
 * An unknown client or an unregistered callback ends on the pool's own error page, never at the requested address: an
 * open redirect would leak codes.
 * @returns the request, or where to redirect the browser if it is invalid
 */
export function checkAuthorizeRequest(pool: Pool, parameters: Parameters) {
  const client = pool.clients.get(parameters.get('client_id') ?? '');
  const redirectUri = parameters.get('redirect_uri');
  if (!client) return { refusal: errorPageUrl(pool, 'invalid_request', parameters.get('client_id')) };
  if (!redirectUri || !client.callback_urls.includes(redirectUri))
    return { refusal: errorPageUrl(pool, 'redirect_mismatch', client.id) };
  /** The redirect URI with `error` (and `state`) in it. */
  const errorLocation = (error: string, description?: string) =>
    // This order is the live service's: some clients split the text by hand.
    withParameters(redirectUri, { error_description: description, state: parameters.get('state'), error });
  const scopes = [...new Set(parameters.get('scope')?.split(' ').filter(Boolean) ?? client.scopes)];
  const fault = protocolFault(client, parameters) ?? scopeFault(client, scopes);
  if (fault) return { refusal: errorLocation(...fault) };
  const prompts = parameters.get('prompt')?.split(' ') ?? [];
  return { client, redirectUri, scopes, parameters, prompts, errorLocation };
}

type Fault = [error: string, description?: string];

function protocolFault(client: Client, parameters: Parameters): Fault | undefined {
  // Assumed: AWS does not say what a repeated parameter does; RFC 6749 section 3.1 forbids it.
  if (parameters.repeated.size > 0) return ['invalid_request', `repeated: ${[...parameters.repeated].join(' ')}`];
  const type = parameters.get('response_type');
  if (type === 'token') return ['unauthorized_client'];
  if (type !== 'code') return ['invalid_request'];
  if (!client.flows.includes('code')) return ['unauthorized_client'];
  const challenge = parameters.get('code_challenge');
  const method = parameters.get('code_challenge_method');
  if (challenge && method !== 'S256') return ['invalid_request', 'code_challenge_method must be S256'];
  if (!challenge && (method || client.require_pkce)) return ['invalid_request', 'code_challenge is required'];
  // Assumed: the pool has no other identity providers, so a request for one fails.
  const provider = parameters.get('identity_provider') ?? 'COGNITO';
  if (provider !== 'COGNITO' || parameters.get('idp_identifier')) return ['invalid_request', 'unknown provider'];
  const resource = parameters.get('resource');
  if (resource && !isResource(resource)) return ['invalid_request', 'invalid resource'];
  return undefined;
}

/** Live pools send `error=invalid_request` with this description; the documentation says `error=invalid_scope`. */
function scopeFault(client: Client, scopes: readonly string[]): Fault | undefined {
  const unknown = scopes.some((scope) => !client.scopes.includes(scope));
  const needsOpenid = scopes.some((scope) => OIDC_SCOPES.includes(scope)) && !scopes.includes('openid');
  return unknown || needsOpenid ? ['invalid_request', 'invalid_scope'] : undefined;
}

/** One https URL, http://localhost, or an address with a scheme of its own (Cognito, "Resource binding"). */
function isResource(text: string): boolean {
  const url = URL.parse(text);
  if (!url || url.hash || !text.includes('://')) return false;
  return url.protocol !== 'http:' || url.hostname === 'localhost';
}

/** URL of the pool's own error page, for faults that must not reach the redirect URI. */
export function errorPageUrl(pool: Pool, error: string, clientId = ''): string {
  return withParameters(`${pool.publicUrl}/error`, { error, client_id: clientId });
}

/** The redirect URI with a new code, bound to this client, this redirect URI, this person and this PKCE challenge. */
export function codeLocation(pool: Pool, request: AuthorizeRequest, session: HostedSession): string {
  const { parameters, redirectUri } = request;
  const code = randomUUID();
  pool.codes.put(code, {
    clientId: request.client.id,
    username: session.username,
    scopes: request.scopes,
    authTime: session.authTime,
    originJti: randomUUID(),
    nonce: parameters.get('nonce'),
    resource: parameters.get('resource'),
    redirectUri,
    codeChallenge: parameters.get('code_challenge'),
  });
  return withParameters(redirectUri, { code, state: parameters.get('state') });
}

function withParameters(base: string, added: Record<string, string | undefined>): string {
  const url = new URL(base);
  for (const [name, value] of Object.entries(added)) if (value) url.searchParams.append(name, value);
  return url.href;
}
