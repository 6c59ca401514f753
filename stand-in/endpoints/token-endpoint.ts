import { randomUUID } from 'node:crypto';
import type { Request, Response } from 'express';
import type { Pool } from '../pool/pool.ts';
import { challengeOf, sameSecret } from '../pool/secrets.ts';
import type { Client } from '../pool/seed.ts';
import { issueAgentToken, issueUserTokens, type TokenAnswer } from '../pool/tokens.ts';
import { authenticateClient, refuse } from './client-auth.ts';
import { formOf, type Parameters } from './parameters.ts';

/** An `error` of RFC 6749 section 5.2, with Cognito's description where it has one. */
type Refusal = { error: string; description?: string };
type Grantor = (pool: Pool, client: Client, form: Parameters) => Promise<TokenAnswer | Refusal>;

const GRANTORS = new Map<string, Grantor>([
  ['authorization_code', redeemCode],
  ['refresh_token', refresh],
  ['client_credentials', clientCredentials],
]);

/** OPTIONS /oauth2/token: any origin may call it. AWS documents the `*`; the rest is assumed. */
export function tokenPreflight(_req: Request, res: Response): void {
  res.set('Access-Control-Allow-Origin', '*').set('Access-Control-Allow-Methods', 'POST');
  res.set('Access-Control-Allow-Headers', 'authorization, content-type').status(200).end();
}

/** POST /oauth2/token (Cognito, "Token endpoint"): forms only, every refusal with status 400. */
export async function tokenEndpoint(pool: Pool, req: Request, res: Response): Promise<void> {
  // AWS support asks for the request id, and some clients log it.
  res.set({
    'Cache-Control': 'no-store',
    'Access-Control-Allow-Origin': '*',
    'X-Amz-Cognito-Request-Id': randomUUID(),
  });
  const form = formOf(req);
  const type = form.get('grant_type');
  if (!req.is('application/x-www-form-urlencoded') || form.repeated.size > 0 || !type)
    return refuse(res, 'invalid_request');
  const grantor = GRANTORS.get(type);
  if (!grantor) return refuse(res, 'unsupported_grant_type');
  const client = authenticateClient(pool, req, form);
  if (typeof client === 'string') return refuse(res, client);
  const answer = await grantor(pool, client, form);
  if ('error' in answer) refuse(res, answer.error, answer.description);
  else res.json(answer);
}

async function redeemCode(pool: Pool, client: Client, form: Parameters): Promise<TokenAnswer | Refusal> {
  if (!client.flows.includes('code')) return { error: 'unauthorized_client' };
  const redirectUri = form.get('redirect_uri');
  const code = form.get('code');
  if (!code || !redirectUri) return { error: 'invalid_request' };
  // Take the code before checking it: a code presented by the wrong client is spent.
  const pending = pool.codes.take(code);
  const person = pool.people.get(pending?.username ?? '');
  if (!pending || !person || person.status === 'DISABLED' || pending.clientId !== client.id)
    return { error: 'invalid_grant' };
  if (pending.redirectUri !== redirectUri) return { error: 'unauthorized_client', description: 'invalid_redirect' };
  if (!verifierFits(pending.codeChallenge, form.get('code_verifier'))) return { error: 'invalid_grant' };
  if (!mayReadEmail(client, pending.scopes)) return { error: 'invalid_grant' };
  const { redirectUri: _uri, codeChallenge: _challenge, ...grant } = pending;
  return issueUserTokens(pool, client, person, grant, true);
}

/** Seen on live pools: asking for `email` with a client that may not read both attributes fails here, not earlier. */
function mayReadEmail({ read_attributes }: Client, scopes: readonly string[]): boolean {
  if (!read_attributes || !scopes.includes('email')) return true;
  return ['email', 'email_verified'].every((name) => read_attributes.includes(name));
}

/** RFC 7636 section 4.6; a verifier without a challenge is refused too, otherwise a dropped challenge would go unnoticed. */
function verifierFits(challenge: string | undefined, verifier: string | undefined): boolean {
  if (challenge === undefined || verifier === undefined) return challenge === verifier;
  return sameSecret(challengeOf(verifier), challenge);
}

async function refresh(pool: Pool, client: Client, form: Parameters): Promise<TokenAnswer | Refusal> {
  if (!client.flows.includes('code')) return { error: 'unauthorized_client' };
  const token = form.get('refresh_token');
  if (!token) return { error: 'invalid_request' };
  const grant = pool.refreshTokens.get(token);
  const person = pool.people.get(grant?.username ?? '');
  if (!grant || !person || person.status === 'DISABLED' || grant.clientId !== client.id)
    return { error: 'invalid_grant' };
  // Without rotation, the answer has no refresh token and the old one stays valid. With rotation, the old one ends at once.
  if (client.refresh_token_rotation) pool.refreshTokens.drop(token);
  return issueUserTokens(pool, client, person, grant, client.refresh_token_rotation);
}

async function clientCredentials(pool: Pool, client: Client, form: Parameters): Promise<TokenAnswer | Refusal> {
  if (!client.secret || !client.flows.includes('client_credentials')) return { error: 'unauthorized_client' };
  const scopes = [...new Set(form.get('scope')?.split(' ').filter(Boolean) ?? client.scopes)];
  // Seen on a live pool for a scope the client lacks. Scopes about people do not apply to a machine.
  if (scopes.some((scope) => !client.scopes.includes(scope) || !pool.customScopes.has(scope)))
    return { error: 'invalid_scope' };
  return issueAgentToken(pool, client, scopes);
}
