import cluster from 'node:cluster';
import { cognitoIssuer, createStandInFetch, localPoolId, type StandInFetch } from '../common/identity/cognito.ts';
import { watchApprovedTools } from '../common/policy/approved-tools-watch.ts';
import type { Logger } from '../common/service/log.ts';
import { metricsEndpoint } from '../common/service/metrics-endpoint.ts';
import { policyNeed, storeNeed } from '../common/service/probes.ts';
import type { Service } from '../common/service/service.ts';
import type { Tracing } from '../common/service/tracing.ts';
import { readConfig } from '../common/settings/config.ts';
import { watchUpstreamSecrets } from '../common/upstream-secrets/watch.ts';
import type { Policy } from '../policy/policy.ts';
import type { AppDeps } from './app.ts';
import type { StartThread } from './audit/thread/messages.ts';
import { createFreshLogin } from './cognito/fresh-login.ts';
import type { OAuthClient } from './cognito/oauth-client.ts';
import { commandLineName, configuredProviders } from './cognito/providers.ts';
import { standInJwksCache } from './cognito/stand-in-keys.ts';
import { createTokenVault } from './cognito/token-vault.ts';
import { createMetrics, type Metrics } from './decisions/metrics.ts';
import { shareMetrics } from './decisions/shared-metrics.ts';
import { traceDecisions } from './gate/tracing.ts';
import { createLocalSessions } from './identity/cookie/local-session.ts';
import { createSessionSeal } from './identity/cookie/session.ts';
import { createSessionCookie } from './identity/cookie/session-cookie.ts';
import { createGroupSource, type GroupSourceDeps } from './identity/group-refresh.ts';
import { createSessionKeeper, type SessionKeeper } from './identity/session-keeper.ts';
import { createCallLimits } from './limits/call-limits.ts';
import { openCountStore } from './limits/count-store.ts';
import { createThrottle } from './limits/throttle.ts';
import { createLoginAttempts } from './login/login-attempts.ts';
import { createPages } from './login/pages.ts';
import { type Config, configSchema, metricsAddress } from './process/config.ts';
import { accountsOf, connectingOf } from './serve-accounts.ts';
import { auditOf } from './serve-audit.ts';
import { holdsOf } from './serve-holds.ts';
import { listenerOf } from './serve-listener.ts';
import { authorizationOf } from './serve-oauth.ts';
import { policyOf } from './serve-policy.ts';
import { signersOf } from './serve-signers.ts';
import { tokensOf } from './serve-tokens.ts';
import { openStore, type Store } from './store/store.ts';

/** nginx waits for 1.5 s. A login in progress may take a little longer. */
const drainMilliseconds = 3_000;

/**
 * Assembles the auth-server from its settings.
 * @param startThread starts the audit's thread; replaced in tests
 */
export async function serve(
  env: NodeJS.ProcessEnv,
  log: Logger,
  tracing: Tracing,
  startThread?: StartThread,
): Promise<Service> {
  const config = readConfig(configSchema, env);
  let stopping = false;
  const parts = { env, stopping: () => stopping, tracing, startThread, log };
  const { listener, metrics, needs, stop } = await assemble(config, parts);
  shareMetrics(metrics);
  return {
    listener,
    host: config.AUTH_SERVER_HOST,
    port: config.AUTH_SERVER_PORT,
    portVariable: 'AUTH_SERVER_PORT',
    socket: config.AUTH_SERVER_SOCKET,
    needs,
    more: cluster.isWorker ? [] : [metricsEndpoint(metrics, metricsAddress(config))],
    beforeStop: () => {
      stopping = true;
    },
    leadMilliseconds: config.AUTH_SERVER_STOP_LEAD_SECONDS * 1000,
    drainMilliseconds,
    stop,
  };
}

interface Parts {
  env: NodeJS.ProcessEnv;
  stopping: () => boolean;
  tracing: Tracing;
  startThread: StartThread | undefined;
  log: Logger;
}

async function assemble(config: Config, { env, stopping, tracing, startThread, log }: Parts) {
  const publicUrl = config.REGISTRY_URL;
  const secretKeys = config.SECRET_KEY as [string, ...string[]];
  const { store, policy, metrics, upstreamSecrets, toolGuard } = await basisOf(config, { env, tracing, log });
  // At the same time: the audit's thread loads on another core.
  const [{ stopRotating, forget, ...signers }, audit, callLimits] = await Promise.all([
    signersOf(config, store, metrics, log),
    auditOf(config, policy.version, metrics, { startThread, log }),
    limitsOf(config, policy.current, metrics, log),
  ]);
  policy.onChange(forget);
  const standInFetch = standInOf(config, log);
  const tokens = tokensOf(config, standInFetch, metrics, log);
  const cookie = createSessionCookie(publicUrl);
  const providers = configuredProviders(config, standInFetch);
  const [vault, pages] = [createTokenVault(secretKeys), createPages()];
  const { accessTokens } = signers;
  const shared = { publicUrl, policy: policy.current, providers, vault, pages, accessTokens, log };
  const authorization = await authorizationOf(config, env, store, shared);
  const held = holdsOf(authorization.store, { ...store, vault, log });
  const people = accountsOf(config, env, store, upstreamSecrets, log);
  const deps: AppDeps = {
    ...plainSettings(config),
    stopping,
    policy: policy.current,
    policyVersion: policy.version,
    policyFaults: policy.faults,
    policyKeeping: policy.policyKeeping,
    toolGuard,
    accounts: people.accounts,
    connecting: connectingOf(config, people, { ...audit.parts, authorization, vault, log }),
    ...held.parts,
    upstreamSecrets,
    upstreamSecretFaults: config.UPSTREAM_SECRETS_FILE === undefined ? undefined : upstreamSecrets.faults,
    tokens,
    ...signers,
    ...store,
    seal: createSessionSeal(secretKeys),
    attempts: createLoginAttempts(secretKeys, publicUrl.startsWith('https:')),
    cookie,
    cookieName: cookie.name,
    providers,
    vault,
    keeper: keeperOf(config, store, { providers, vault, policy: policy.current }, log),
    idleSeconds: config.SESSION_IDLE_MINUTES * 60,
    localSessions: localSessionsOf(config, policy.current, log),
    cliLogin: cliLoginOf(providers.get(commandLineName), config, standInFetch),
    pages,
    ...{ callLimits, oauth: authorization.oauth },
    metrics,
    log,
    // decision-log.ts names every field. Searching each line for secrets would cost more than the decision.
    decisionLog: log.child({}, { redact: [] }),
    ...audit.parts,
  };
  const stop = async () => {
    for (const watch of [policy, toolGuard, upstreamSecrets, people, held]) watch.stop();
    stopRotating();
    for (const each of [audit, authorization, callLimits, store]) await each.close();
  };
  return { listener: listenerOf(deps), metrics, needs: needsOf(policy, store), stop };
}

/** Without the user pool: while its keys cannot be fetched, sessions still work, and another machine cannot fetch them either. */
function needsOf(policy: { faults: () => readonly string[] }, { ping }: Store): NonNullable<Service['needs']> {
  return async () => ({ policy: policyNeed(policy.faults()), store: await storeNeed(ping) });
}

/** What everything else works with. The policy may be in the store, and the metrics name the policy. */
async function basisOf(config: Config, { env, tracing, log }: Pick<Parts, 'env' | 'tracing' | 'log'>) {
  const files = await filesOf(config, env, log);
  let lookedUp = (_hit: boolean): void => undefined;
  const store = await openSettledStore(config, (hit) => lookedUp(hit), log);
  const policy = await policyOf(config, store, log);
  const metrics = traceDecisions(createMetrics(policy, files.upstreamSecrets.faults), tracing);
  lookedUp = (hit) => metrics.lookedUp('session', hit);
  return { ...files, store, policy, metrics };
}

/** The files that operators and the registry write. */
async function filesOf(config: Config, env: NodeJS.ProcessEnv, log: Logger) {
  return {
    upstreamSecrets: await watchUpstreamSecrets({ path: config.UPSTREAM_SECRETS_FILE, env, log }),
    toolGuard: watchApprovedTools(config.TOOL_CHANGES, config.APPROVED_TOOLS_FILE, log),
  };
}

/** The limits of the policy, counted with all other processes. */
async function limitsOf(config: Config, policy: () => Policy, metrics: Metrics, log: Logger) {
  const failed = (err: unknown) => log.error({ err }, 'the database does not answer');
  const store = await openCountStore(config.DATABASE_URL ?? config.DATA_DIR, failed);
  const limits = await createCallLimits({ store, policy, log });
  metrics.counting(limits);
  return limits;
}

/** What depends on the settings alone. */
function plainSettings(config: Config) {
  return {
    publicUrl: config.REGISTRY_URL,
    issuer: cognitoIssuer(config.COGNITO_USER_POOL_ID),
    clientsLogIn: config.OAUTH_CLIENTS !== 'off',
    registryUrl: config.REGISTRY_INTERNAL_URL,
    relayUrl: config.RELAY_INTERNAL_URL,
    sessionSeconds: Math.round(config.SESSION_HOURS * 3600),
    allowedOrigins: config.ALLOWED_ORIGINS,
    publicGroup: config.PUBLIC_REGISTRY === 'true' ? config.PUBLIC_REGISTRY_GROUP : undefined,
    maxBody: config.MAX_BODY_BYTES,
    throttle: createThrottle({
      failuresPerCredential: config.AUTH_FAILURES_PER_CREDENTIAL,
      failuresPerAddress: config.AUTH_FAILURES_PER_ADDRESS,
      requestsPerPrincipal: config.REQUESTS_PER_MINUTE,
    }),
  };
}

function keeperOf(config: Config, { sessions, people }: Store, deps: GroupSourceDeps, log: Logger): SessionKeeper {
  const limits = { idleSeconds: config.SESSION_IDLE_MINUTES * 60, groupsMaxAgeSeconds: config.GROUPS_MAX_AGE * 60 };
  return createSessionKeeper({ ...limits, sessions, people, fetchGroups: createGroupSource(deps), log });
}

function cliLoginOf(client: OAuthClient | undefined, config: Config, standInFetch: StandInFetch | undefined) {
  if (!client) return undefined;
  const jwksCache = standInFetch && standInJwksCache(config.COGNITO_LOCAL_ENDPOINT);
  return { check: createFreshLogin(config.COGNITO_USER_POOL_ID, client.settings.clientId, jwksCache), client };
}

function localSessionsOf(config: Config, policy: () => Policy, log: Logger) {
  if (config.ALLOW_LOCAL_SESSIONS !== 'true') return undefined;
  log.warn('ALLOW_LOCAL_SESSIONS is on: with SECRET_KEY, one can act as any user who is not an administrator');
  return createLocalSessions(config.SECRET_KEY, policy);
}

function standInOf({ COGNITO_USER_POOL_ID: pool, COGNITO_LOCAL_ENDPOINT: endpoint }: Config, log: Logger) {
  if (pool !== localPoolId) return undefined;
  log.warn({ endpoint }, 'logins and tokens come from the local stand-in of Cognito');
  return createStandInFetch(endpoint);
}

function openSettledStore(config: Config, lookedUp: (hit: boolean) => void, log: Logger): Promise<Store> {
  const failed = (err: unknown) => log.error({ err }, 'the database does not answer');
  return openStore(config.DATABASE_URL ?? config.DATA_DIR, lookedUp, undefined, failed);
}
