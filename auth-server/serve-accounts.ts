import { readConfigFile } from '../common/files/config-file.ts';
import { createAddressCheck } from '../common/network/addresses.ts';
import { hasHttpsProxy } from '../common/network/env-proxy.ts';
import { systemResolver } from '../common/network/resolve.ts';
import { vettedAddresses } from '../common/network/vetted-addresses.ts';
import type { Logger } from '../common/service/log.ts';
import type { UpstreamSecrets } from '../common/upstream-secrets/watch.ts';
import type { Connections } from './accounts/accounts.ts';
import { createConnections } from './accounts/connections.ts';
import { createOutside } from './accounts/provider/outside.ts';
import { createProviders } from './accounts/provider/provider.ts';
import { createRegistrations } from './accounts/provider/registration.ts';
import { createAccountRecords } from './accounts/records.ts';
import { createAccounts } from './accounts/use/find.ts';
import { createRefresh } from './accounts/use/refresh.ts';
import { createRevokeDeparted } from './accounts/use/revoke-departed.ts';
import { createSweep } from './accounts/use/sweep.ts';
import { keysPath } from './accounts/vault/keys.ts';
import { openVault } from './accounts/vault/open-vault.ts';
import type { TokenVault } from './cognito/token-vault.ts';
import { createConnectAttempts } from './connect/attempts.ts';
import type { Connecting } from './connect/deps.ts';
import type { AuditEvents } from './decisions/events.ts';
import type { OAuthStore } from './oauth/store/store.ts';
import type { Config } from './process/config.ts';
import type { Store } from './store/store.ts';

const reachableMilliseconds = 3_000;

/**
 * People's accounts at servers, by the settings: for the gate, and for pages.
 * @throws {ConfigError} if UPSTREAM_SECRETS_FILE has accounts and their keys would be those of this machine only
 */
export function accountsOf(
  config: Config,
  env: NodeJS.ProcessEnv,
  store: Store,
  secrets: UpstreamSecrets,
  log: Logger,
) {
  const publicUrl = config.REGISTRY_URL;
  const { ACCOUNTS_KEY_FILE: named, DATA_DIR: dataDir, DATABASE_URL: database } = config;
  const keys = { named, dataDir, isShared: database !== undefined };
  if (secrets.accounts().size > 0) keysPath(keys);
  const vault = openVault(keys, log);
  const { accountRows: rows, departedAccounts: departed, accountClients } = store;
  const outside = outsideOf(config, env);
  const isReachable = () => isPublicHost(publicUrl);
  const registrations = createRegistrations({ store: accountClients, vault, publicUrl, isReachable });
  const providers = createProviders({ outside, registrations, publicUrl });
  const refresh = createRefresh({ rows, departed, providers, vault, log });
  const revokeDeparted = createRevokeDeparted({ secrets, departed, providers, vault, log });
  const idleDays = config.ACCOUNT_IDLE_DAYS;
  const stopSweep = createSweep({ secrets, rows, refresh, revokeDeparted, idleDays, log }).start();
  return {
    accounts: createAccounts({ secrets, rows, vault, refresh, log }),
    connections: createConnections({ secrets, rows, vault, providers, revokeDeparted, publicUrl, log }),
    stop() {
      stopSweep();
      vault.stop();
    },
  };
}

interface ConnectingParts {
  authorization: { store: OAuthStore };
  vault: TokenVault;
  auditEvents: AuditEvents;
  log: Logger;
}

/** What the pages stand on at which people connect their accounts. @param people as {@link accountsOf} makes it */
export function connectingOf(
  { ACCOUNT_IDLE_DAYS: accountIdleDays }: Config,
  { connections }: { connections: Connections },
  { authorization, vault, auditEvents, log }: ConnectingParts,
): Connecting {
  return {
    connections,
    connectAttempts: createConnectAttempts(authorization.store.db, vault),
    accountRecords: createAccountRecords(auditEvents, log),
    accountIdleDays,
  };
}

const checkPublic = createAddressCheck({ allowPrivate: [], ownPorts: new Set() });

function outsideOf(config: Config, env: NodeJS.ProcessEnv) {
  const { AUTH_SERVER_PORT, METRICS_PORT, UPSTREAM_CA_FILE: caFile } = config;
  const ownPorts = new Set([...config.OWN_PORTS, AUTH_SERVER_PORT, METRICS_PORT]);
  return createOutside({
    resolve: systemResolver,
    check: createAddressCheck({ allowPrivate: config.ALLOW_PRIVATE_UPSTREAMS, ownPorts }),
    checkPublic,
    throughProxy: hasHttpsProxy(env),
    ca: caFile === undefined ? undefined : readConfigFile('UPSTREAM_CA_FILE', caFile, (text) => text),
  });
}

/** Whether providers can read a document of the gateway: it has https, and only public addresses. */
async function isPublicHost(publicUrl: string): Promise<boolean> {
  const { protocol, hostname } = new URL(publicUrl);
  if (protocol !== 'https:') return false;
  const signal = AbortSignal.timeout(reachableMilliseconds);
  const vetting = { resolve: systemResolver, check: checkPublic };
  return await vettedAddresses(hostname, 443, signal, vetting).then(
    () => true,
    () => false,
  );
}
