import { createRemoteJWKSet } from 'jose';
import type * as z from 'zod';
import { readConfigFile } from '../common/files/config-file.ts';
import { watchApprovedTools } from '../common/policy/approved-tools-watch.ts';
import { watchPolicy } from '../common/policy/policy-watch.ts';
import type { Logger } from '../common/service/log.ts';
import { metricsEndpoint } from '../common/service/metrics-endpoint.ts';
import { policyNeed, storeNeed } from '../common/service/probes.ts';
import { runService } from '../common/service/service.ts';
import { readConfig } from '../common/settings/config.ts';
import { ConfigError } from '../common/text/config-error.ts';
import { watchUpstreamSecrets } from '../common/upstream-secrets/watch.ts';
import { createReadDecisions } from './access/decisions.ts';
import { createApp } from './app.ts';
import { registryConfig } from './config.ts';
import { createEditor } from './editing/editor.ts';
import { createConnectionTest } from './health/connection-test.ts';
import { createRegistryMetrics, type RegistryMetrics } from './health/metrics.ts';
import type { HealthMonitor } from './health/monitor.ts';
import { observe } from './health/observe.ts';
import { createAddressCheck } from './routing/addresses.ts';
import { refuseOwnHosts } from './routing/own-hosts.ts';
import { type RouteOutcome, routeOutcome } from './routing/route-status.ts';
import { createUpstreamAuth } from './routing/upstream-auth.ts';
import { createUpstreams, systemResolver } from './routing/upstreams.ts';
import { createEmbeddings } from './search/embeddings.ts';
import { createToolSearch } from './search/tool-search.ts';
import { seed } from './store/seed.ts';
import { parseServers } from './store/servers-file.ts';
import { openStore, type RegistryStore } from './store/store.ts';

/** nginx/reload looks once a second, and nginx has to test what it is given. */
const routeMilliseconds = 10_000;

await runService('registry', process.env, async (log) => {
  const config = readConfig(registryConfig, process.env);
  const { publicUrl, approvedToolsFile, embeddings } = config;
  const firstServers = readConfigFile('SERVERS_FILE', config.serversFile, parseServers);
  const secrets = await watchUpstreamSecrets({ path: config.upstreamSecretsFile, env: process.env, log });
  const upstreamAuth = createUpstreamAuth(secrets);
  const store = await openStore(config.database, (err) => log.error({ err }, 'the database did not answer'));
  await seed(store, firstServers, log);
  const policy = watchPolicy(config.scopesFile, log);
  const upstreams = await startUpstreams(config, store, log);
  const metrics = createRegistryMetrics({
    statuses: () => store.list().map(({ name, enabled }) => (enabled ? health.of(name).status : 'disabled')),
    definitions: () => definitions.hashes(),
  });
  const { definitions, approved, health } = await observe({
    store,
    upstreams,
    upstreamAuth,
    approvedToolsFile,
    metrics,
    log,
  });
  const guard = watchApprovedTools(config.toolChanges, config.approvedToolsFile, log);
  const toolsOf = (name: string) => health.of(name).tools;
  const vectors = embeddings && createEmbeddings({ ...embeddings, log });
  const searched = { servers: store.list, toolsOf, policy: policy.current, guard, embeddings: vectors };
  const search = await createToolSearch(searched);
  search.start();
  secrets.onChange(() => void recheck(store, health));
  const editor = createEditor({
    store,
    policy: policy.current,
    examine: async (server) => upstreamAuth.problem(server) ?? (await upstreams.examine(server)),
    publish: publisher(upstreams, config.routesDir, metrics),
    onRouted: (server) => void health.check(server),
    log,
  });
  const keys = createRemoteJWKSet(config.jwksUrl, { timeoutDuration: 2_000 });
  return {
    listener: createApp({
      publicUrl,
      keys,
      policy: policy.current,
      store,
      editor,
      healthOf: health.of,
      search,
      check: health.check,
      connect: createConnectionTest({ find: upstreams.find, upstreamAuth }),
      secretProblem: upstreamAuth.problem,
      readDecisions: createReadDecisions(config.authServerUrl),
      definitions,
      onApproved: approved.write,
      log,
    }),
    host: config.host,
    port: config.port,
    portVariable: 'REGISTRY_PORT',
    needs: async () => ({ policy: policyNeed(policy.faults()), store: await storeNeed(store.ping) }),
    more: [metricsEndpoint(metrics, config.metrics)],
    async stop() {
      for (const each of [policy, search, guard, secrets, upstreams, approved]) each.stop();
      await health.stop();
      await store.close();
    },
  };
});

/** One after another: those that want a credential may be many, and all are asked in their own time anyway. */
async function recheck(store: RegistryStore, health: Pick<HealthMonitor, 'check'>): Promise<void> {
  for (const server of store.list()) if (server.enabled && server.auth) await health.check(server);
}

/** Writes the routes, waits for nginx, and counts what came of it. */
function publisher(
  upstreams: Pick<ReturnType<typeof createUpstreams>, 'refresh'>,
  folder: string,
  metrics: Pick<RegistryMetrics, 'published'>,
) {
  return async (): Promise<RouteOutcome> => {
    await upstreams.refresh();
    const outcome = await routeOutcome(folder, routeMilliseconds);
    metrics.published(outcome.state);
    return outcome;
  };
}

/** Writes the routes, and from now on whenever a name resolves to other addresses or another registry changes a server. */
async function startUpstreams(
  config: Readonly<z.output<typeof registryConfig>>,
  store: RegistryStore,
  log: Logger,
): Promise<ReturnType<typeof createUpstreams>> {
  const upstreams = createUpstreams({
    servers: () => store.list().filter((server) => server.enabled),
    ...refuseOwnHosts(config.ownHosts, systemResolver, createAddressCheck(config)),
    routesDir: config.routesDir,
    log,
  });
  await upstreams.refresh().catch((error: unknown) => {
    throw new ConfigError([`ROUTES_DIR ${config.routesDir} cannot be written: ${error}`]);
  });
  upstreams.start(config.resolveMilliseconds);
  store.onChange(() => {
    upstreams.refresh().catch((err: unknown) => log.error({ err }, 'routes file not written; the old one stays'));
  });
  return upstreams;
}
