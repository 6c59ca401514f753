import { readFileSync } from 'node:fs';
import { createRemoteJWKSet } from 'jose';
import { ConfigError, readConfig } from '../common/config.ts';
import { watchPolicy } from '../common/policy-watch.ts';
import { runService } from '../common/service.ts';
import { createAddressCheck } from './addresses.ts';
import { createApp } from './app.ts';
import { registryConfig } from './config.ts';
import { createHealthMonitor } from './health.ts';
import type { ServerStore } from './store/server-store.ts';
import { createFileStore, ServersFileError } from './store/servers-file.ts';
import { createUpstreams, systemResolver } from './upstreams.ts';

await runService('registry', process.env, async (log) => {
  const config = readConfig(registryConfig, process.env);
  const store = openStore(config.serversFile);
  const policy = watchPolicy(config.scopesFile, log);
  const check = createAddressCheck(config);
  const upstreams = createUpstreams({
    servers: store.list,
    resolve: systemResolver,
    check,
    routesDir: config.routesDir,
    log,
  });
  await upstreams.refresh().catch((error: unknown) => {
    throw new ConfigError([`ROUTES_DIR ${config.routesDir} cannot be written: ${error}`]);
  });
  upstreams.start();
  const health = createHealthMonitor({ servers: store.list, upstreamOf: upstreams.of, log });
  health.start();

  const { publicUrl } = config;
  const keys = createRemoteJWKSet(config.jwksUrl, { timeoutDuration: 2_000 });
  return {
    listener: createApp({ publicUrl, keys, policy: policy.current, store, healthOf: health.of, log }),
    host: config.host,
    port: config.port,
    portVariable: 'REGISTRY_PORT',
    stop() {
      policy.stop();
      upstreams.stop();
      health.stop();
    },
  };
});

function openStore(path: string): ServerStore {
  try {
    return createFileStore(readFileSync(path, 'utf8'));
  } catch (error) {
    if (error instanceof ServersFileError)
      throw new ConfigError(error.faults.map((fault) => `SERVERS_FILE ${path}: ${fault}`));
    throw new ConfigError([`SERVERS_FILE ${path} cannot be read: ${error instanceof Error ? error.message : error}`]);
  }
}
