import express, { type Request, type RequestHandler, Router } from 'express';
import { accessTokenSeconds } from '../../identity/access-token.ts';
import { resourceOf } from '../../identity/resource.ts';
import { createNetworkLimit, networkOf } from '../../limits/rate-limit.ts';
import type { AgentToken } from '../agent-token.ts';
import { forAnyPage, jsonErrors } from '../answers.ts';
import { clientCredentials } from '../client-credentials.ts';
import type { Client } from '../clients/client.ts';
import { clientDigest } from '../clients/client.ts';
import type { OAuthDeps } from '../deps.ts';
import { jwtBearer } from '../id-jag/grant.ts';
import { OAuthError } from '../oauth-error.ts';
import { formOf, type Parameters } from '../parameters.ts';
import { type Grant, loginEnded } from './grants.ts';

/** What a client gets (RFC 6749 section 5.1). */
interface TokenAnswer {
  access_token: string;
  token_type: 'Bearer';
  expires_in: number;
  scope: 'mcp';
  /** Not for an assertion, which the client can ask for again. */
  refresh_token?: string;
}

/** Clients of a whole company may have one address. */
const refusalsPerMinute = 600;

/** `POST /oauth2/token` (RFC 6749 sections 4.1.3 and 6). Always answers in JSON. */
export function tokenRoute(deps: OAuthDeps): Router {
  const router = Router({ caseSensitive: true, strict: true });
  const path = '/oauth2/token';
  const refused = createNetworkLimit(refusalsPerMinute, tooMany);
  const answer: RequestHandler = async (req, res) => {
    refused.check(req);
    const tokens = await exchange(deps, req).catch((error) => {
      if (error instanceof OAuthError) refused.note(req);
      throw error;
    });
    res.set('Cache-Control', 'no-store').json(tokens);
  };
  router.all(path, forAnyPage);
  router.post(path, formBody, answer);
  router.use(
    path,
    jsonErrors('invalid_request', (err) => deps.log.error({ err }, 'no token could be issued')),
  );
  return router;
}

function tooMany(seconds: number): OAuthError {
  const text = `Too many requests from this address were refused. Try again in ${seconds} s.`;
  return new OAuthError('temporarily_unavailable', text, 429, seconds);
}

export const formBody = express.urlencoded({ extended: false, limit: '16kb', inflate: false });

/** The client that asks. Each is public: a secret that it was configured with is not looked at. @throws {OAuthError} */
export async function clientOf({ clients }: OAuthDeps, req: Request): Promise<Client> {
  const client = await clients.find(clientCredentials(req).id);
  if (client) return client;
  const text = 'The gateway does not know this client. Remove the gateway in your client, and add it again.';
  throw new OAuthError('invalid_client', text, 401);
}

async function exchange(deps: OAuthDeps, req: Request): Promise<TokenAnswer | AgentToken> {
  const one = formOf(req);
  if (deps.agentTokens && one('grant_type') === 'client_credentials')
    return await deps.agentTokens({
      ...clientCredentials(req),
      scope: one('scope'),
      network: networkOf(req.get('x-real-ip') ?? ''),
    });
  if (one('grant_type') === jwtBearer) return await byAssertion(deps, req, one);
  const shown = { client: clientDigest((await clientOf(deps, req)).id), one, address: req.get('x-real-ip') };
  switch (one('grant_type')) {
    case 'authorization_code':
      return await byCode(deps, shown);
    case 'refresh_token':
      return await byRefreshToken(deps, shown);
    default:
      throw unsupported();
  }
}

const unsupported = () => new OAuthError('unsupported_grant_type', 'Use authorization_code or refresh_token.');

/** The assertion of an identity provider (ID-JAG). */
async function byAssertion({ idJag }: OAuthDeps, req: Request, one: Parameters): Promise<TokenAnswer> {
  if (!idJag) throw unsupported();
  const client = clientCredentials(req);
  return answerOf(await idJag({ client, assertion: one('assertion') ?? '', resource: one('resource') }));
}

/** What a client shows, and where it is. */
interface ShownByClient {
  client: string;
  one: Parameters;
  address: string | undefined;
}

async function byCode(deps: OAuthDeps, shown: ShownByClient): Promise<TokenAnswer> {
  const { client, one } = shown;
  const [code, redirectUri, verifier] = [one('code') ?? '', one('redirect_uri') ?? '', one('code_verifier') ?? ''];
  const grant = await deps.grants.findCode('code', code, client, redirectUri, verifier);
  const access_token = await accessTokenFor(deps, grant, shown);
  await deps.records.keep(grant.sid, grant.until);
  return answerOf(access_token, await deps.grants.redeem(code, grant));
}

async function byRefreshToken(deps: OAuthDeps, shown: ShownByClient): Promise<TokenAnswer> {
  const { client, one } = shown;
  const token = one('refresh_token') ?? '';
  const grant = await deps.grants.findRefreshToken(token, client);
  if (!grant) throw loginEnded();
  const access_token = await accessTokenFor(deps, grant, shown);
  return answerOf(access_token, await deps.grants.rotate(token, grant));
}

/** Everything that can fail comes before the code or token is used up: a failure must not cost a login. */
async function accessTokenFor(deps: OAuthDeps, grant: Grant, { one, address }: ShownByClient): Promise<string> {
  const { sid, client, resource } = grant;
  const asked = one('resource');
  if (asked !== undefined && resourceOf(deps.publicUrl, asked) !== resource)
    throw new OAuthError('invalid_target', 'You have allowed this client another resource. Log in again for this one.');
  const record = await deps.records.standing(sid, address);
  if (!record) throw loginEnded();
  return await deps.accessTokens.mint({ sub: record.sub, sid, client, resource });
}

function answerOf(access_token: string, refresh_token?: string): TokenAnswer {
  const answer = { access_token, token_type: 'Bearer', expires_in: accessTokenSeconds, scope: 'mcp' } as const;
  return { ...answer, ...(refresh_token !== undefined && { refresh_token }) };
}
