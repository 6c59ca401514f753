import * as z from 'zod';
import { readBounded } from '../../common/network/read-bounded.ts';
import { parseJson } from '../../common/text/json.ts';
import type { OAuthClient } from '../cognito/oauth-client.ts';
import { createTally } from '../limits/rate-limit.ts';
import type { ClientCredentials } from './client-credentials.ts';
import { OAuthError, type OAuthErrorCode } from './oauth-error.ts';

export type AgentTokens = ReturnType<typeof createAgentTokens>;

export interface AgentTokenDeps {
  /** The user pool. */
  provider: Pick<OAuthClient, 'askForToken'>;
  /** The app clients of agents. */
  agents: ReadonlySet<string>;
}

/** What an agent asks for with its app client's id and secret. */
export interface AgentTokenRequest extends ClientCredentials {
  /** The scopes, separated by spaces. */
  scope: string | undefined;
  /** The network of the caller's address; undefined if it is not known. */
  network: string | undefined;
}

const deadlineMilliseconds = 5_000;
const largestAnswer = 65_536;
const mostAtOnce = 50;
/** Of one app client from one network. */
const refusalsPerMinute = 20;

export type AgentToken = z.output<typeof granted>;

const granted = z.object({
  access_token: z.string(),
  token_type: z.string(),
  expires_in: z.number(),
  scope: z.string().optional(),
});
const refused = z.object({ error: z.string() });
const unavailable = () =>
  new OAuthError('temporarily_unavailable', 'The user pool does not answer. Try again shortly.', 503, 5);

/** What the user pool says, and what agents are told. */
const refusals: Readonly<Record<string, [OAuthErrorCode, string, number]>> = {
  invalid_client: ['invalid_client', 'The user pool does not accept this client id and secret.', 401],
  unauthorized_client: ['unauthorized_client', 'This app client may not use client_credentials.', 400],
  invalid_scope: ['invalid_scope', 'This app client does not have that scope.', 400],
  invalid_grant: ['invalid_scope', 'This app client does not have that scope.', 400],
  invalid_request: ['invalid_request', 'The user pool does not understand the request.', 400],
};

/**
 * Passes `client_credentials` of agents on to the user pool, whose tokens they use at the gate: SDK agents find this token
 * endpoint by the gateway's metadata. Nothing is kept. Only the pool's own scopes are passed on, because clients ask for
 * what the gateway announces, which the pool does not know.
 * @throws {OAuthError}
 */
export function createAgentTokens({ provider, agents }: AgentTokenDeps) {
  const failures = createTally(refusalsPerMinute);
  let open = 0;
  return async ({ id, secret, authorization, scope = '', network = '' }: AgentTokenRequest) => {
    if (!agents.has(id) || secret === undefined || secret === '')
      throw new OAuthError(
        'invalid_client',
        'This is not an agent of the gateway: COGNITO_ALLOWED_CLIENT_IDS must name its app client, and it needs a secret.',
        401,
      );
    const wait = failures.waitFor(`${network} ${id}`);
    if (wait !== undefined)
      throw new OAuthError('temporarily_unavailable', `Refused too often. Try again in ${wait} s.`, 429, wait);
    if (open >= mostAtOnce) throw unavailable();
    // All scopes of a resource server have a slash (Cognito, "Scopes, M2M, and resource servers").
    const custom = scope.split(' ').filter((one) => one.includes('/'));
    const form = new URLSearchParams({
      grant_type: 'client_credentials',
      ...(custom.length > 0 && { scope: custom.join(' ') }),
      ...(authorization === undefined && { client_id: id, client_secret: secret }),
    });
    open++;
    try {
      return await ask(provider, form, authorization);
    } catch (error) {
      if (!(error instanceof OAuthError)) throw unavailable();
      if (error.status < 500) failures.note(`${network} ${id}`);
      throw error;
    } finally {
      open--;
    }
  };
}

async function ask(provider: AgentTokenDeps['provider'], body: URLSearchParams, authorization: string | undefined) {
  const signal = AbortSignal.timeout(deadlineMilliseconds);
  const headers = { accept: 'application/json', ...(authorization !== undefined && { authorization }) };
  const answer = await provider.askForToken({ body, headers, signal });
  const text = await readBounded(answer, largestAnswer);
  const said = parseJson(text?.toString() ?? '');
  const token = answer.status === 200 ? granted.safeParse(said) : undefined;
  if (token?.success) return token.data;
  const refusal =
    answer.status >= 400 && answer.status < 500 ? refusals[refused.safeParse(said).data?.error ?? ''] : undefined;
  if (!refusal) throw unavailable();
  throw new OAuthError(...refusal);
}
