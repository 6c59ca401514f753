import type { Request, Response } from 'express';
import { type Pool, revokeSignIn } from '../pool/pool.ts';
import { attributes, readAccessToken } from '../pool/tokens.ts';
import { authenticateClient, refuse } from './client-auth.ts';
import { formOf } from './parameters.ts';

const JWT = /^eyJ[\w-]+\.[\w-]+\.[\w-]+$/;
const NO_TOKEN = 'error="invalid_request", error_description="Bad OAuth2 request at UserInfo Endpoint"';
const BAD_TOKEN =
  'error="invalid_token", error_description="Access token is expired, disabled, or deleted, or the user has globally signed out."';

/**
 * POST /oauth2/revoke (RFC 7009; Cognito, "Revoke endpoint") ends a sign-in by its refresh token.
 * It answers an empty 200 even for an unknown, spent or foreign token. A wrong client gets 401.
 */
export function revokeEndpoint(pool: Pool, req: Request, res: Response): void {
  const error = revoke(pool, req);
  if (error) refuse(res, error, undefined, error === 'invalid_client' ? 401 : 400);
  else res.status(200).end();
}

function revoke(pool: Pool, req: Request): string | undefined {
  const form = formOf(req);
  if (!req.is('application/x-www-form-urlencoded') || form.repeated.size > 0) return 'invalid_request';
  const client = authenticateClient(pool, req, form);
  if (typeof client === 'string') return client;
  const token = form.get('token');
  if (!token || !client.token_revocation) return 'invalid_request';
  if (JWT.test(token)) return 'unsupported_token_type';
  const grant = pool.refreshTokens.get(token);
  if (grant?.clientId === client.id) revokeSignIn(pool, grant.originJti);
  return undefined;
}

/**
 * GET and POST /oauth2/userInfo (Cognito, "userInfo endpoint"): the attributes that the token's scopes allow.
 * It never returns groups. `email_verified` is the text "true". The challenge on 401 has no scheme.
 */
export async function userInfoEndpoint(pool: Pool, req: Request, res: Response): Promise<void> {
  const token = /^Bearer ([\w.~+/-]+=*)$/i.exec(req.get('authorization') ?? '')?.[1];
  if (!token) return void res.status(400).set('WWW-Authenticate', NO_TOKEN).json({ error: 'invalid_request' });
  const reader = await readAccessToken(pool, token);
  if (!reader) return void res.status(401).set('WWW-Authenticate', BAD_TOKEN).json({ error: 'invalid_token' });
  const { person, client, scopes } = reader;
  res.json({ sub: person.sub, ...attributes(person, client, scopes, String), username: person.username });
}
