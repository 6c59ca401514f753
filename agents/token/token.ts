import { clientCredentialsGrant } from 'openid-client';
import * as z from 'zod';
import { createStandInFetch, localPoolId, type StandInFetch } from '../../common/identity/cognito.ts';
import { cognitoIssuers, withHostedDomain } from '../../common/identity/cognito-endpoints.ts';
import { discoverProvider } from '../../common/identity/oidc.ts';
import { readConfig } from '../../common/settings/config.ts';
import { shapeFor } from '../../common/settings/table.ts';
import { ConfigError } from '../../common/text/config-error.ts';

const shape = shapeFor('agents');
// A person may log in with a public client; an agent needs its secret.
const schema = z.object({ ...shape, COGNITO_CLIENT_SECRET: shape.COGNITO_CLIENT_SECRET.unwrap() });

/**
 * Fetches an access token by client credentials (RFC 6749 section 4.4).
 * @param env the agent's settings
 * @throws {ConfigError} for bad settings; openid-client's errors when Cognito refuses or cannot be reached
 */
export async function fetchAgentToken(env: NodeJS.ProcessEnv): Promise<string> {
  return (await grantAgentToken(env)).token;
}

/** A token from Cognito's token endpoint. */
export interface GrantedToken {
  token: string;
  /** Its lifetime in seconds. */
  expiresIn: number;
}

const usualLifeSeconds = 3600;

/**
 * The same, with the token's lifetime.
 * @param watch wraps the `fetch` for requests to Cognito
 */
export async function grantAgentToken(
  env: NodeJS.ProcessEnv,
  watch?: (fetch: StandInFetch) => StandInFetch,
): Promise<GrantedToken> {
  const config = readConfig(schema, env);
  const local = config.COGNITO_USER_POOL_ID === localPoolId;
  const provider = await discoverProvider({
    issuers: cognitoIssuers(config.COGNITO_USER_POOL_ID),
    mendMetadata: (metadata) => withHostedDomain(metadata, config.COGNITO_USER_POOL_ID, config.COGNITO_DOMAIN),
    clientId: config.COGNITO_CLIENT_ID,
    clientSecret: config.COGNITO_CLIENT_SECRET,
    secretInBody: config.COGNITO_CLIENT_AUTH === 'post',
    standInFetch: local ? createStandInFetch(config.COGNITO_LOCAL_ENDPOINT) : undefined,
    watch,
  });
  const parameters: Record<string, string> = config.COGNITO_SCOPE ? { scope: config.COGNITO_SCOPE } : {};
  const { access_token: token, expires_in: expiresIn } = await clientCredentialsGrant(provider, parameters);
  return { token, expiresIn: expiresIn ?? usualLifeSeconds };
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
