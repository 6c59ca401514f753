import { createRemoteJWKSet } from 'jose';
import type * as z from 'zod';
import { readConfigFile } from '../common/files/config-file.ts';
import { toolsBy, watchApprovedTools } from '../common/policy/approved-tools-watch.ts';
import { type AwaitedPolicy, openPolicy, whenThere } from '../common/policy/policy-source.ts';
import type { Logger } from '../common/service/log.ts';
import { metricsEndpoint } from '../common/service/metrics-endpoint.ts';
import { policyNeed, storeNeed } from '../common/service/probes.ts';
import type { Service } from '../common/service/service.ts';
import { readConfig } from '../common/settings/config.ts';
import { type UpstreamSecrets, watchUpstreamSecrets } from '../common/upstream-secrets/watch.ts';
import { createApp } from './app.ts';
import { registryConfig } from './config.ts';
import { createAccountDoor } from './doors/account.ts';
import { createWaitingApprovals } from './doors/approvals.ts';
import { createAuditDoor } from './doors/decisions.ts';
import { createExportDecisions } from './doors/export.ts';
import { createLimitsDoor } from './doors/limits.ts';
import { createPeopleDoor } from './doors/people.ts';
import { createPolicyDoor } from './doors/policy.ts';
import { createSeenDoor } from './doors/seen.ts';
import { createReadUsage } from './doors/usage.ts';
import { createEditor } from './editing/editor.ts';
import { createRegistryMetrics } from './health/metrics.ts';
import { createHealthMonitor } from './health/monitor.ts';
import { createConnectionTest } from './health/probe/connection-test.ts';
import { createIcons, type Icons, type IconsOptions } from './icons/icons.ts';
import { createApprovedDefinitions } from './pins/approved-definitions.ts';
import { keepApprovedTools } from './pins/approved-file.ts';
import { createRequests } from './requests/requests.ts';
import { startRouting } from './routing/routing.ts';
import { createUpstreamAuth } from './routing/upstream-auth.ts';
import { createEmbeddings } from './search/embeddings.ts';
import { createToolSearch, type ToolSearchOptions } from './search/tool-search.ts';
import { isSet, type RegisteredServer } from './servers/server.ts';
import type { Health } from './servers/server-health.ts';
import { seed } from './store/seed.ts';
import { parseServers } from './store/servers-file.ts';
import { openStore, type RegistryStore } from './store/store.ts';

/** Assembles the registry from its settings. */
export async function serve(env: NodeJS.ProcessEnv, log: Logger): Promise<Service> {
  const config = readConfig(registryConfig, env);
  const firstServers = readConfigFile('SERVERS_FILE', config.serversFile, parseServers);
  const secrets = await watchUpstreamSecrets({ path: config.upstreamSecretsFile, env, log });
  const ca = readAuthorities(config.upstreamCaFile);
  const upstreamAuth = createUpstreamAuth(secrets);
  const store = await openStore(config.database, (err) => log.error({ err }, 'the database did not answer'));
  await seed(store, firstServers, log);
  const policy = openPolicy(config.policy, log);
  const metrics = createRegistryMetrics({
    statuses: () => statusesOf(store.list(), health.of),
    pendingTools: () => [...definitions.hashes().values()].reduce((sum, { pending }) => sum + pending.size, 0),
  });
  const definitions = await createApprovedDefinitions(store.definitions, log);
  const toRoute = { store, definitions, upstreamAuth, log, onPublished: metrics.published };
  const routing = await startRouting({ ...config, ...toRoute });
  const approved = await keepApprovedTools(definitions, config.approvedToolsFile, log, routing.rewrite);
  const health = createHealthMonitor({
    servers: store.list,
    upstreamOf: routing.of,
    headersFor: upstreamAuth.headersFor,
    observations: store.observations,
    onTools: (server, tools) => void definitions.observe(server, tools).then(approved.write),
    onChecked: metrics.checked,
    ...{ ...config.health, ca, log },
  });
  await startHealth(health, secrets, routing);
  const icons = startIcons(health, { servers: store.list, upstreamOf: routing.of, ca, ...config.health, log });

  const toolsOf = (name: string) => health.of(name).tools;
  const search = await startSearch(config, { servers: store.list, toolsOf, policy: policy.current }, log);
  const editor = createEditor({
    store,
    policy: policy.current,
    examine: async (server) => upstreamAuth.problem(server)?.reason ?? (await routing.find(server)).problem,
    publish: routing.publish,
    onRouted: (server) => void health.check(server),
    apart: config.ownHosts.length > 0,
    log,
  });
  return {
    listener: whenThere(
      policy,
      createApp({
        ...{ publicUrl: config.publicUrl, clientLogins: config.clientLogins, isDevelopment: config.isDevelopment },
        keys: createRemoteJWKSet(config.jwksUrl, { timeoutDuration: 2_000 }),
        ...{ policy: policy.current, store, editor, healthOf: health.of },
        ...{ search, icons, check: health.check },
        connect: createConnectionTest({ find: routing.find, upstreamAuth, ca }),
        upstreamAuth,
        ...doorsOf(config.authServerUrl, log),
        requests: createRequests({ policy: policy.current, store }),
        definitions,
        ...{ knownTools: search.knownTools, onApproved: approved.write },
        log,
      }),
    ),
    ...{ host: config.host, port: config.port, portVariable: 'REGISTRY_PORT' },
    needs: () => needsOf(policy, store),
    more: [metricsEndpoint(metrics, config.metrics)],
    async stop() {
      for (const each of [policy, search, icons, secrets, routing, approved]) each.stop();
      await health.stop();
      await store.close();
    },
  };
}

async function needsOf(policy: AwaitedPolicy, { ping }: Pick<RegistryStore, 'ping'>) {
  return { policy: policyNeed(policy.faults(), policy.isThere()), store: await storeNeed(ping) };
}

function statusesOf(servers: readonly RegisteredServer[], healthOf: (name: string) => Health) {
  const checked = servers.filter((server) => !isSet(server));
  return checked.map(({ name, enabled }) => (enabled ? healthOf(name).status : 'disabled'));
}

/** What the registry asks the auth-server for, with the assertion of the person who asks. */
function doorsOf(authServerUrl: string, log: Logger) {
  return {
    audit: createAuditDoor(authServerUrl),
    exportDecisions: createExportDecisions(authServerUrl),
    readUsage: createReadUsage(authServerUrl),
    account: createAccountDoor(authServerUrl),
    approvals: createWaitingApprovals(authServerUrl, log),
    people: createPeopleDoor(authServerUrl),
    limits: createLimitsDoor(authServerUrl),
    policyDoor: createPolicyDoor(authServerUrl),
    seen: createSeenDoor(authServerUrl),
  };
}

/** Starts the checks. A changed secret is sent in other headers, perhaps, and its servers are checked at once. */
async function startHealth(
  health: Pick<ReturnType<typeof createHealthMonitor<RegisteredServer>>, 'recall' | 'start' | 'checkAll'>,
  secrets: Pick<UpstreamSecrets, 'onChange'>,
  routing: Pick<Awaited<ReturnType<typeof startRouting>>, 'rewrite'>,
): Promise<void> {
  await health.recall();
  health.start();
  const check = () => health.checkAll(({ enabled, auth }) => enabled && auth !== null);
  secrets.onChange(() => void routing.rewrite().then(check));
}

/** Starts to fetch the icons that servers announce. */
function startIcons(health: { of: (name: string) => Health }, options: Omit<IconsOptions, 'sourceOf'>): Icons {
  const icons = createIcons({ ...options, sourceOf: (name) => health.of(name).details?.announced?.icon });
  icons.start();
  return icons;
}

function readAuthorities(path: string | undefined): string | undefined {
  return path && readConfigFile('UPSTREAM_CA_FILE', path, (text) => text);
}

/** Starts the search, over words and, if there is a model, over meanings. `knownTools`: as for `decide`. */
async function startSearch(
  { toolChanges, approvedToolsFile, embeddings }: z.output<typeof registryConfig>,
  options: Pick<ToolSearchOptions, 'servers' | 'toolsOf' | 'policy'>,
  log: Logger,
) {
  const guard = watchApprovedTools(toolChanges, approvedToolsFile, log);
  const model = embeddings && createEmbeddings({ ...embeddings, log });
  const search = await createToolSearch({ ...options, guard, embeddings: model });
  search.start();
  return {
    ...search,
    knownTools: () => toolsBy(guard),
    stop() {
      search.stop();
      guard.stop();
    },
  };
}
