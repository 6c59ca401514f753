import { type Configuration, clientCredentialsGrant } from 'openid-client';
import * as z from 'zod';
import { createStandInFetch, localPoolId, type StandInFetch } from '../../common/identity/cognito.ts';
import { cognitoIssuers, withHostedDomain } from '../../common/identity/cognito-endpoints.ts';
import { discoverProvider } from '../../common/identity/oidc.ts';
import { readConfig } from '../../common/settings/config.ts';
import { shapeFor } from '../../common/settings/table.ts';
import { ConfigError } from '../../common/text/config-error.ts';
import type { PoolSettings } from '../lib/settings.ts';

const shape = shapeFor('agents');
// The gateway has a client without a secret in some pools; an agent needs its secret.
const schema = z.object({ ...shape, COGNITO_CLIENT_SECRET: shape.COGNITO_CLIENT_SECRET.unwrap() });

/**
 * Fetches an access token by client credentials (RFC 6749 section 4.4).
 * @param env the agent's settings
 * @throws {ConfigError} for bad settings; openid-client's errors when Cognito refuses or cannot be reached
 */
export async function fetchAgentToken(env: NodeJS.ProcessEnv): Promise<string> {
  return (await grantAgentToken(env)).token;
}

const usualLifeSeconds = 3600;

/**
 * The same, with the token's lifetime in seconds.
 * @param watch wraps the `fetch` for requests to Cognito
 */
export async function grantAgentToken(
  env: NodeJS.ProcessEnv,
  watch?: (fetch: StandInFetch) => StandInFetch,
): Promise<{ token: string; expiresIn: number }> {
  const config = readConfig(schema, env);
  const provider = await discoverPool(config, config.COGNITO_CLIENT_ID, watch);
  const parameters: Record<string, string> = config.COGNITO_SCOPE ? { scope: config.COGNITO_SCOPE } : {};
  const { access_token: token, expires_in: expiresIn } = await clientCredentialsGrant(provider, parameters);
  return { token, expiresIn: expiresIn ?? usualLifeSeconds };
}

/** The user pool of these settings, for one of its app clients. */
function discoverPool(
  pool: PoolSettings,
  clientId: string,
  watch?: (fetch: StandInFetch) => StandInFetch,
): Promise<Configuration> {
  const id = pool.COGNITO_USER_POOL_ID;
  return discoverProvider({
    issuers: cognitoIssuers(id),
    mendMetadata: (metadata) => withHostedDomain(metadata, id, pool.COGNITO_DOMAIN),
    clientId,
    clientSecret: pool.COGNITO_CLIENT_SECRET,
    secretInBody: pool.COGNITO_CLIENT_AUTH === 'post',
    standInFetch: id === localPoolId ? createStandInFetch(pool.COGNITO_LOCAL_ENDPOINT) : undefined,
    watch,
  });
}

/** Explains an error of {@link fetchAgentToken}, and what to do. */
export function explainTokenError(error: unknown): string {
  if (error instanceof ConfigError) return `${error.message}\nSet them in agents/.env.agent.`;
  const { error: code, cause } = error as { error?: string; cause?: { code?: string; message?: string } };
  if (code === 'invalid_client')
    return 'Cognito refused the app client (invalid_client): compare COGNITO_CLIENT_ID and COGNITO_CLIENT_SECRET.';
  if (code === 'invalid_scope')
    return 'The app client lacks these scopes: App clients > Login pages > Custom scopes. The format is identifier/scope.';
  if (code === 'unauthorized_client')
    return 'The client credentials grant is not enabled for this app client: make one of the type Machine to machine.';
  if (code) return `Cognito answered ${code}: is the client credentials grant enabled for this app client?`;
  const why = cause?.code ?? cause?.message ?? (error instanceof Error ? error.message : String(error));
  return `Cognito cannot be reached (${why}). With the demo: is "npm run up" running?`;
}
