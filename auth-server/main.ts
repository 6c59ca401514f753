import { cognitoIssuer, createStandInFetch, localPoolId, type StandInFetch } from '../common/cognito.ts';
import { readConfig } from '../common/config.ts';
import { watchPolicy } from '../common/policy-watch.ts';
import { runService } from '../common/service.ts';
import { createApp } from './app.ts';
import { createAssertionSigner } from './assertion.ts';
import { createTokenVerifier } from './cognito-token.ts';
import { type Config, configSchema } from './config.ts';
import { createLoginAttempts } from './login-attempts.ts';
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
  const store = await openStore(config.DATA_DIR);
  const assertions = await createAssertionSigner(store.keys, publicUrl);
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
  });
  tokens.warmUp().catch((err) => log.warn({ err }, "the user pool's keys cannot be fetched yet"));

  const cookie = createSessionCookie(publicUrl);
  const listener = createApp({
    publicUrl,
    issuer,
    registryUrl: config.REGISTRY_INTERNAL_URL,
    policy: policy.current,
    policyFaults: policy.faults,
    tokens,
    assertions,
    sessions: store.sessions,
    seal: createSessionSeal(secretKeys),
    attempts: createLoginAttempts(secretKeys, publicUrl.startsWith('https:')),
    cookie,
    cookieName: cookie.name,
    sessionSeconds: Math.round(config.SESSION_HOURS * 3600),
    allowedOrigins: config.ALLOWED_ORIGINS,
    providers: new Map([['cognito', cognitoClient(config, issuer, standInFetch)]]),
    pages: createPages(),
    maxBody: config.MAX_BODY_BYTES,
    log,
  });
  const stop = async () => {
    policy.stop();
    await store.close();
  };
  return {
    listener,
    host: config.AUTH_SERVER_HOST,
    port: config.AUTH_SERVER_PORT,
    portVariable: 'AUTH_SERVER_PORT',
    stop,
  };
});

function cognitoClient(config: Config, issuer: string, standInFetch: StandInFetch | undefined): OAuthClient {
  return createOAuthClient({
    name: 'cognito',
    title: standInFetch ? 'the local stand-in of Amazon Cognito' : 'Amazon Cognito',
    issuer,
    clientId: config.COGNITO_CLIENT_ID,
    clientSecret: config.COGNITO_CLIENT_SECRET,
    scope: 'openid email profile aws.cognito.signin.user.admin',
    groupsClaim: 'cognito:groups',
    usernameClaim: 'cognito:username',
    standInFetch,
  });
}
