import { type RequestHandler, Router } from 'express';
import type { AgentTokens } from './agent-token.ts';
import { forAnyPage } from './answers.ts';
import type { Clients } from './clients/clients.ts';
import { type IdJagGrant, idJagProfile, jwtBearer } from './id-jag/grant.ts';

export interface AuthorizationServerMetadataDeps {
  /** REGISTRY_URL. All addresses come from it, never from `Host`. */
  publicUrl: string;
  clients: Pick<Clients, 'offers'>;
  /** Gives agents tokens of the user pool; undefined if there are none. */
  agentTokens: AgentTokens | undefined;
  /** Gives access for assertions of identity providers; undefined if none is trusted. */
  idJag: IdJagGrant | undefined;
}

/**
 * The metadata of the authorization server (RFC 8414; the same as OpenID Connect Discovery), at the root and with the path
 * of an MCP endpoint behind it, where clients look that do not know RFC 9728.
 */
export function authorizationServerMetadata(deps: AuthorizationServerMetadataDeps): Router {
  const router = Router({ caseSensitive: true });
  const path = /^\/\.well-known\/(oauth-authorization-server|openid-configuration)(\/.*)?$/;
  const answer: RequestHandler = async (_req, res, next) => {
    const offers = await deps.clients.offers();
    if (!offers) return next();
    res.set('Cache-Control', 'public, max-age=300').json(metadata(deps, offers));
  };
  router.all(path, forAnyPage);
  router.get(path, answer);
  return router;
}

type Offers = NonNullable<Awaited<ReturnType<Clients['offers']>>>;

function metadata(
  { publicUrl, agentTokens, idJag }: AuthorizationServerMetadataDeps,
  { registration, documents }: Offers,
): object {
  const more = [...(agentTokens ? ['client_credentials'] : []), ...(idJag ? [jwtBearer] : [])];
  const withSecret = more.length > 0 ? ['client_secret_basic', 'client_secret_post'] : [];
  return {
    issuer: publicUrl,
    authorization_endpoint: `${publicUrl}/oauth2/authorize`,
    token_endpoint: `${publicUrl}/oauth2/token`,
    revocation_endpoint: `${publicUrl}/oauth2/revoke`,
    ...(registration && { registration_endpoint: `${publicUrl}/oauth2/register` }),
    jwks_uri: `${publicUrl}/oauth2/jwks`,
    // Without offline_access: every client gets a refresh token, and those that see it listed ask for it with a prompt.
    scopes_supported: ['mcp'],
    response_types_supported: ['code'],
    response_modes_supported: ['query'],
    grant_types_supported: ['authorization_code', 'refresh_token', ...more],
    ...(idJag && { authorization_grant_profiles_supported: [idJagProfile] }),
    code_challenge_methods_supported: ['S256'],
    token_endpoint_auth_methods_supported: ['none', ...withSecret],
    revocation_endpoint_auth_methods_supported: ['none'],
    authorization_response_iss_parameter_supported: true,
    ...(documents && { client_id_metadata_document_supported: true }),
    // OpenID Connect Discovery requires these two. No ID token is ever issued.
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['ES256'],
  };
}
