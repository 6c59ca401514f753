import { setTimeout as sleep } from 'node:timers/promises';
import { cognitoIssuer, createStandInFetch, localPoolId, type StandInFetch } from '../common/cognito.ts';
import { readConfig } from '../common/config.ts';
import type { Logger } from '../common/log.ts';
import { watchPolicy } from '../common/policy-watch.ts';
import { type Endpoint, runService } from '../common/service.ts';
import { createApp } from './app.ts';
import { createAssertionSigner } from './assertion.ts';
import { createTokenVerifier, type TokenVerifier } from './cognito-token.ts';
import { type Config, configSchema } from './config.ts';
import { createKeyRotation, keepRotating } from './key-rotation.ts';
import { createLoginAttempts } from './login-attempts.ts';
import { createMetrics, type Metrics } from './metrics.ts';
import { createMetricsApp } from './metrics-app.ts';
import { createOAuthClient, type OAuthClient } from './oauth-client.ts';
import { createPages } from './pages.ts';
import { createSessionSeal } from './session.ts';
import { createSessionCookie } from './session-cookie.ts';
import { standInJwksCache } from './stand-in.ts';
import { openStore } from './store/store.ts';

await runService('auth-server', process.env, async (log) => {
  const config = readConfig(configSchema, process.env);
  const publicUrl = config.REGISTRY_URL;
  const issuer = cognitoIssuer(config.COGNITO_USER_POOL_ID);
  const secretKeys = config.SECRET_KEY as [string, ...string[]];
  const policy = watchPolicy(config.SCOPES_FILE, log);
  const metrics = createMetrics(policy);
  const store = await openStore(config.DATA_DIR, (hit) => metrics.lookedUp('session', hit));
  const rotation = createKeyRotation(store.keys, config.ASSERTION_KEY_DAYS);
  const assertions = await createAssertionSigner(store.keys, publicUrl, rotation, (hit) =>
    metrics.lookedUp('assertion', hit),
  );
  const stopRotating = keepRotating(rotation, log);
  policy.onChange(assertions.forget);

  const local = config.COGNITO_USER_POOL_ID === localPoolId;
  const standInFetch = local ? createStandInFetch(config.COGNITO_LOCAL_ENDPOINT) : undefined;
  if (local)
    log.warn({ endpoint: config.COGNITO_LOCAL_ENDPOINT }, 'logins and tokens come from the local stand-in of Cognito');
  const tokens = createTokenVerifier({
    userPoolId: config.COGNITO_USER_POOL_ID,
    allowedClientIds: [config.COGNITO_CLIENT_ID, ...config.COGNITO_ALLOWED_CLIENT_IDS],
    publicUrl,
    ...(standInFetch && { jwksCache: standInJwksCache(standInFetch) }),
    keysFetched: metrics.keysFetched,
  });
  void warmUp(tokens, log);

  const cookie = createSessionCookie(publicUrl);
  const listener = createApp({
    publicUrl,
    issuer,
    registryUrl: config.REGISTRY_INTERNAL_URL,
    relayUrl: config.RELAY_INTERNAL_URL,
    policy: policy.current,
    policyVersion: policy.version,
    policyFaults: policy.faults,
    tokens,
    assertions,
    ...store,
    seal: createSessionSeal(secretKeys),
    attempts: createLoginAttempts(secretKeys, publicUrl.startsWith('https:')),
    cookie,
    cookieName: cookie.name,
    sessionSeconds: Math.round(config.SESSION_HOURS * 3600),
    allowedOrigins: config.ALLOWED_ORIGINS,
    providers: new Map([['cognito', cognitoClient(config, issuer, standInFetch)]]),
    pages: createPages(),
    maxBody: config.MAX_BODY_BYTES,
    metrics,
    log,
  });
  const stop = async () => {
    policy.stop();
    stopRotating();
    await store.close();
  };
  return {
    listener,
    host: config.AUTH_SERVER_HOST,
    port: config.AUTH_SERVER_PORT,
    portVariable: 'AUTH_SERVER_PORT',
    more: [metricsEndpoint(config, metrics)],
    stop,
  };
});

/** Fetches the pool's keys before the first request needs them; a provider that is late is asked again, not shouted at. */
async function warmUp(tokens: TokenVerifier, log: Logger): Promise<void> {
  for (let wait = 250; ; wait = Math.min(wait * 2, 30_000)) {
    try {
      return await tokens.warmUp();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (wait > 2_000)
        log.warn({ reason }, "the user pool's keys cannot be fetched: tokens are answered 503 until they are");
    }
    await sleep(wait, undefined, { ref: false });
  }
}

function metricsEndpoint({ METRICS_HOST: host, METRICS_PORT: port }: Config, metrics: Metrics): Endpoint {
  return { listener: createMetricsApp(metrics), host, port, portVariable: 'METRICS_PORT' };
}

function cognitoClient(config: Config, issuer: string, standInFetch: StandInFetch | undefined): OAuthClient {
  return createOAuthClient({
    name: 'cognito',
    title: standInFetch ? 'Cognito (local stand-in)' : 'Amazon Cognito',
    issuer,
    clientId: config.COGNITO_CLIENT_ID,
    clientSecret: config.COGNITO_CLIENT_SECRET,
    scope: 'openid email profile aws.cognito.signin.user.admin',
    groupsClaim: 'cognito:groups',
    usernameClaim: 'cognito:username',
    standInFetch,
  });
}
