import { type RequestHandler, Router } from 'express';
import { AuthError } from '../../denials/auth-error.ts';
import { forAnyPage, jsonErrors } from '../answers.ts';
import { clientDigest } from '../clients/client.ts';
import type { OAuthDeps } from '../deps.ts';
import { formOf } from '../parameters.ts';
import { clientOf, formBody } from './token.ts';

/**
 * `POST /oauth2/revoke` (RFC 7009): a client ends a grant with either of its tokens. An unknown token, or one of another
 * client, gets the same answer, and nothing happens.
 */
export function revokeRoute(deps: OAuthDeps): Router {
  const router = Router({ caseSensitive: true, strict: true });
  const path = '/oauth2/revoke';
  const revoke: RequestHandler = async (req, res) => {
    const one = formOf(req);
    const client = clientDigest((await clientOf(deps, req)).id);
    const sid = await grantOf(deps, one('token') ?? '', client);
    if (sid !== undefined) await deps.records.end(sid, 'client_revoked');
    res.set('Cache-Control', 'no-store').status(200).end();
  };
  router.all(path, forAnyPage);
  router.post(path, formBody, revoke);
  router.use(
    path,
    jsonErrors('invalid_request', (err) => deps.log.error({ err }, 'a token could not be revoked')),
  );
  return router;
}

async function grantOf(
  { grants, accessTokens }: OAuthDeps,
  token: string,
  client: string,
): Promise<string | undefined> {
  if (token.split('.').length !== 3) return (await grants.findRefreshToken(token, client))?.sid;
  try {
    const claims = await accessTokens.verify(token);
    return claims.client === client ? claims.sid : undefined;
  } catch (error) {
    if (error instanceof AuthError && (error.code === 'token_invalid' || error.code === 'token_expired'))
      return undefined;
    throw error;
  }
}
