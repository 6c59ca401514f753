import { decodeJwt } from 'jose';
import * as z from 'zod';
import { readConfig } from '../../../common/settings/config.ts';
import { settings, shapeFor } from '../../../common/settings/table.ts';
import { attempt } from '../../../common/text/config-error.ts';
import { isKnownScope, type Policy } from '../../../policy/policy.ts';
import { type Ask, basic, jsonOf, reasonOf } from '../ask.ts';
import { type Finding, fail, ok, shown, warn } from '../finding.ts';
import type { PoolSetup } from '../setup.ts';
import type { Discovery } from './provider.ts';

const schema = z.object({
  ...shapeFor('agents'),
  COGNITO_CLIENT_SECRET: settings.COGNITO_CLIENT_SECRET.schema.unwrap(),
});
type AgentConfig = z.output<typeof schema>;

const answerSchema = z.object({ access_token: z.string(), expires_in: z.number() });
type Token = z.output<typeof answerSchema>;

/**
 * Fetches a token as the agent would (client credentials), and compares its claims with the gateway's settings and policy.
 * The token itself is discarded. Cognito bills this one request.
 * @param policy undefined if the policy file cannot be read
 */
export async function checkAgent(
  pool: PoolSetup,
  env: NodeJS.ProcessEnv | undefined,
  discovery: Discovery,
  policy: Policy | undefined,
  ask: Ask,
): Promise<Finding[]> {
  if (env === undefined) return [ok('agent', 'no agents/.env.agent on this machine: nothing to try')];
  const { value: config, faults } = attempt(() => readConfig(schema, env));
  if (!config) return faults.map((fault) => fail('agent', fault, 'correct it in agents/.env.agent'));
  if (config.COGNITO_USER_POOL_ID !== pool.poolId) {
    const seen = `the agent's pool is ${config.COGNITO_USER_POOL_ID}; this gateway trusts ${pool.poolId}`;
    return [fail('agent', seen, 'set COGNITO_USER_POOL_ID in agents/.env.agent')];
  }
  const fetched = await fetchToken(config, discovery, ask);
  return 'check' in fetched ? [fetched] : judge(pool, config, fetched, policy);
}

async function fetchToken(config: AgentConfig, { token_endpoint }: Discovery, ask: Ask): Promise<Token | Finding> {
  const body = new URLSearchParams({ grant_type: 'client_credentials' });
  if (config.COGNITO_SCOPE !== undefined) body.set('scope', config.COGNITO_SCOPE);
  try {
    const headers = { authorization: basic(config.COGNITO_CLIENT_ID, config.COGNITO_CLIENT_SECRET) };
    const answer = await jsonOf(await ask(token_endpoint, { method: 'POST', headers, body }));
    const token = answerSchema.safeParse(answer);
    return token.success ? token.data : refused(config, (answer as { error?: unknown } | undefined)?.error);
  } catch (error) {
    return fail('agent', `Cannot reach ${shown(token_endpoint)}: ${reasonOf(error)}`, 'try again');
  }
}

function refused({ COGNITO_CLIENT_ID: id, COGNITO_SCOPE: scope }: AgentConfig, error: unknown): Finding {
  if (error === 'invalid_scope') {
    const seen = `Agent client ${id} lacks ${shown(scope ?? 'any custom scope')} (invalid_scope)`;
    return fail('agent', seen, 'App clients > Login pages > Custom scopes. The format is identifier/scope');
  }
  if (error === 'unauthorized_client') {
    const seen = `the client credentials grant is not enabled for app client ${id} (unauthorized_client)`;
    return fail('agent', seen, 'create an app client of the type Machine to machine');
  }
  const seen = `Cognito refused the agent's app client ${id} (${shown(error ?? 'no token in the answer')})`;
  return fail('agent', seen, 'compare COGNITO_CLIENT_ID and COGNITO_CLIENT_SECRET in agents/.env.agent');
}

function judge(
  pool: PoolSetup,
  { COGNITO_CLIENT_ID: id }: AgentConfig,
  { access_token, expires_in }: Token,
  policy: Policy | undefined,
): Finding[] {
  const scopes = String(decodeJwt(access_token).scope ?? '')
    .split(' ')
    .filter(Boolean);
  const findings: Finding[] = [];
  if (!pool.allowedClientIds.includes(id)) {
    const seen = `client_id ${id} is valid in the pool but not in COGNITO_ALLOWED_CLIENT_IDS: its tokens are refused`;
    findings.push(fail('agent', seen, 'add it there and restart the gateway'));
  }
  const unknown = policy ? scopes.filter((scope) => !isKnownScope(policy, scope)) : [];
  if (unknown.length > 0) {
    const seen = `the scopes ${shown(unknown.join(', '))} of ${id} are not in scopes.yml: they grant nothing`;
    const level = unknown.length === scopes.length ? fail : warn;
    findings.push(level('agent', seen, 'docs/scopes.md says how to add them'));
  }
  if (findings.length > 0) return findings;
  const life = `its token lasts ${Math.round(expires_in / 60)} min; keep it that long, for each is billed`;
  return [ok('agent', `${id} gets a token with ${shown(scopes.join(' '))}; ${life}`)];
}
