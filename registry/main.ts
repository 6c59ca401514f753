import { readFileSync } from 'node:fs';
import { createRemoteJWKSet } from 'jose';
import { ConfigError, readConfig } from '../common/config.ts';
import { watchPolicy } from '../common/policy-watch.ts';
import { runService } from '../common/service.ts';
import { createAddressCheck } from './addresses.ts';
import { createApp } from './app.ts';
import { registryConfig } from './config.ts';
import { createEditor } from './editor.ts';
import { createHealthMonitor } from './health.ts';
import { routeOutcome } from './route-status.ts';
import { seed } from './store/seed.ts';
import type { ServerSettings } from './store/server-store.ts';
import { parseServers, ServersFileError } from './store/servers-file.ts';
import { openStore } from './store/store.ts';
import { createUpstreams, systemResolver } from './upstreams.ts';

/** nginx/reload looks once a second, and nginx has to test what it is given. */
const routeMilliseconds = 3_000;

await runService('registry', process.env, async (log) => {
  const config = readConfig(registryConfig, process.env);
  const firstServers = readServersFile(config.serversFile);
  const store = await openStore(config.database, (err) => log.error({ err }, 'the database did not answer'));
  await seed(store, firstServers, log);
  const enabled = () => store.list().filter((server) => server.enabled);
  const policy = watchPolicy(config.scopesFile, log);
  const check = createAddressCheck(config);
  const upstreams = createUpstreams({
    servers: enabled,
    resolve: systemResolver,
    check,
    routesDir: config.routesDir,
    log,
  });
  await upstreams.refresh().catch((error: unknown) => {
    throw new ConfigError([`ROUTES_DIR ${config.routesDir} cannot be written: ${error}`]);
  });
  upstreams.start();
  store.onChange(() => {
    upstreams.refresh().catch((err: unknown) => log.error({ err }, 'routes file not written; the old one stays'));
  });
  const health = createHealthMonitor({ servers: enabled, upstreamOf: upstreams.of, log });
  health.start();

  const editor = createEditor({
    store,
    policy: policy.current,
    examine: upstreams.examine,
    async publish() {
      await upstreams.refresh();
      return await routeOutcome(config.routesDir, routeMilliseconds);
    },
    onRouted: (server) => void health.check(server),
    log,
  });
  const { publicUrl } = config;
  const keys = createRemoteJWKSet(config.jwksUrl, { timeoutDuration: 2_000 });
  return {
    listener: createApp({
      publicUrl,
      keys,
      policy: policy.current,
      store,
      editor,
      healthOf: health.of,
      check: health.check,
      log,
    }),
    host: config.host,
    port: config.port,
    portVariable: 'REGISTRY_PORT',
    async stop() {
      policy.stop();
      upstreams.stop();
      health.stop();
      await store.close();
    },
  };
});

function readServersFile(path: string): ServerSettings[] {
  try {
    return parseServers(readFileSync(path, 'utf8'));
  } catch (error) {
    if (error instanceof ServersFileError)
      throw new ConfigError(error.faults.map((fault) => `SERVERS_FILE ${path}: ${fault}`));
    throw new ConfigError([`SERVERS_FILE ${path} cannot be read: ${error instanceof Error ? error.message : error}`]);
  }
}
