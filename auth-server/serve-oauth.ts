import { readConfigFile } from '../common/files/config-file.ts';
import { hasHttpsProxy } from '../common/network/env-proxy.ts';
import { userPoolName } from './cognito/providers.ts';
import { createAgentTokens } from './oauth/agent-token.ts';
import { createAuthorizationServer } from './oauth/authorization-server.ts';
import { openClients } from './oauth/clients/open-clients.ts';
import type { OAuthDeps } from './oauth/deps.ts';
import type { Config } from './process/config.ts';
import type { Store } from './store/store.ts';

/** What the rest of the auth-server shares with it. */
type Shared = Pick<OAuthDeps, 'publicUrl' | 'policy' | 'providers' | 'vault' | 'pages' | 'accessTokens' | 'log'>;

/** The authorization server of MCP clients, by the settings. */
export async function authorizationOf(config: Config, env: NodeJS.ProcessEnv, store: Store, shared: Shared) {
  const { COGNITO_ALLOWED_CLIENT_IDS: agents, COGNITO_CLI_CLIENT_ID: cli } = config;
  const { secrets } = store;
  return await createAuthorizationServer({
    ...shared,
    ...store,
    where: config.DATABASE_URL ?? config.DATA_DIR,
    lineage: await secrets.get('refresh-tokens'),
    agentTokens: agentTokensOf(agents, shared.providers),
    idJag: await idJagOf(config, env, store, shared),
    openClients: (documents) =>
      openClients({
        allowed: config.OAUTH_CLIENTS,
        configured: new Set(cli === undefined ? agents : [...agents, cli]),
        knownHosts: config.OAUTH_CLIENT_HOSTS,
        throughProxy: hasHttpsProxy(env),
        secrets,
        store: documents,
        log: shared.log,
      }),
    clientSessionSeconds: Math.round(config.CLIENT_SESSION_DAYS * 86_400),
    clientIdleSeconds: Math.round(config.CLIENT_IDLE_DAYS * 86_400),
    sessionSeconds: Math.round(config.SESSION_HOURS * 3600),
    idleSeconds: config.SESSION_IDLE_MINUTES * 60,
  });
}

function agentTokensOf(agents: readonly string[], providers: Shared['providers']) {
  const provider = providers.get(userPoolName);
  return provider && agents.length > 0 ? createAgentTokens({ provider, agents: new Set(agents) }) : undefined;
}

/** The grant for assertions of the identity providers that an operator trusts; undefined if there are none. */
async function idJagOf(config: Config, env: NodeJS.ProcessEnv, store: Store, shared: Shared) {
  const path = config.TRUSTED_ISSUERS_FILE;
  if (path === undefined) return undefined;
  // Loaded only where it is used: most gateways trust no issuer, and start sooner without it.
  const [{ parseTrustedIssuers }, { createIssuerRead, trustIssuers }, { createIdJagGrant }] = await Promise.all([
    import('./oauth/id-jag/trust-file.ts'),
    import('./oauth/id-jag/trust.ts'),
    import('./oauth/id-jag/grant.ts'),
  ]);
  const issuers = readConfigFile('TRUSTED_ISSUERS_FILE', path, parseTrustedIssuers);
  const trusted = trustIssuers(issuers, shared.providers, createIssuerRead(hasHttpsProxy(env)));
  return createIdJagGrant({ ...shared, ...store, trusted });
}
