import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { localPoolId } from '../common/identity/cognito.ts';
import { keptSecretKey } from '../common/identity/kept-secret-key.ts';
import { bundledServerNames } from '../common/settings/bundled-servers.ts';
import { readConfig } from '../common/settings/config.ts';
import { settings as table } from '../common/settings/table.ts';
import { root } from '../common/settings/values.ts';
import { nginxServices, writeNginxFiles } from './nginx-files.ts';
import { defaultPorts, nodeServices, type Ports, type StackSettings } from './services.ts';
import type { Supervisor } from './supervisor.ts';

/** Settings that go into nginx's configuration, and are checked first. */
const ofNginx = z.object({
  ALLOWED_ORIGINS: table.ALLOWED_ORIGINS.schema,
  CONNECTIONS_PER_ADDRESS: table.CONNECTIONS_PER_ADDRESS.schema,
  MAX_BODY_BYTES: table.MAX_BODY_BYTES.schema,
  TRUSTED_PROXIES: table.TRUSTED_PROXIES.schema,
  UPSTREAM_CA_FILE: table.UPSTREAM_CA_FILE.schema,
});

/** The options of a whole gateway. */
export interface StackOptions {
  ports: Ports;
  dataDir: string;
  /** Settings as `.env` has them; `SECRET_KEY` may be missing; then it is generated and kept in `dataDir`. */
  env: NodeJS.ProcessEnv;
  /** Runs the services. Its creator can stop them at any time, even while they start. */
  supervisor: Supervisor;
}

/** A gateway that is up. */
export interface Stack {
  publicUrl: string;
  standIn: boolean;
  supervisor: Supervisor;
  stop(): Promise<void>;
}

/**
 * Starts everything without Docker and returns when all services are healthy. If one fails, all are stopped.
 * @throws {ServiceFailure} naming the service
 */
export async function startStack({ ports, dataDir, env, supervisor }: StackOptions): Promise<Stack> {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const publicUrl = env.REGISTRY_URL || `http://localhost:${ports.gateway}`;
  const standIn = env.COGNITO_USER_POOL_ID === localPoolId;
  const settings: StackSettings = {
    ports,
    dataDir,
    standIn,
    env: {
      ...env,
      REGISTRY_URL: publicUrl,
      SECRET_KEY: env.SECRET_KEY || keptSecretKey(dataDir),
      SERVERS_FILE: env.SERVERS_FILE || firstServers(dataDir, ports),
    },
  };
  try {
    await startAll(supervisor, settings, publicUrl);
  } catch (error) {
    await supervisor.stop();
    throw error;
  }
  return { publicUrl, standIn, supervisor, stop: () => supervisor.stop() };
}

async function startAll(supervisor: Supervisor, settings: StackSettings, publicUrl: string): Promise<void> {
  const services = nodeServices(settings);
  for (const service of services) supervisor.start(service);
  const { ports, dataDir, env } = settings;
  const { ALLOWED_ORIGINS, CONNECTIONS_PER_ADDRESS, MAX_BODY_BYTES, TRUSTED_PROXIES, UPSTREAM_CA_FILE } = readConfig(
    ofNginx,
    env,
  );
  const folder = writeNginxFiles({
    ports,
    dataDir,
    publicUrl,
    allowedOrigins: ALLOWED_ORIGINS,
    maxBodyBytes: MAX_BODY_BYTES,
    trustedProxies: TRUSTED_PROXIES,
    connectionsPerAddress: CONNECTIONS_PER_ADDRESS,
    upstreamCaFile: UPSTREAM_CA_FILE,
  });
  await Promise.all(services.map((service) => supervisor.healthy(service)));

  // The registry writes its routes before it listens, so nginx starts with them and need not reload at once.
  const { nginx, reload, log } = nginxServices(folder, ports, publicUrl);
  execFileSync(reload.command, ['build'], {
    env: { ...process.env, ...reload.env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  supervisor.start(log);
  supervisor.start(nginx);
  await supervisor.healthy(nginx);
  supervisor.start(reload);
}

/** The bundled servers, at the ports of this run. */
function firstServers(dataDir: string, ports: Ports): string {
  const shipped = readFileSync(join(root, 'registry', 'servers.yml'), 'utf8');
  const at = (port: number) => `upstream: http://127.0.0.1:${port}\n`;
  const moves = new Map(bundledServerNames.map((name) => [at(defaultPorts[name]), at(ports[name])]));
  // In one pass: the port of one server may be the default port of another.
  const moved = shipped.replace(/upstream: .*\n/g, (line) => moves.get(line) ?? line);
  const file = join(dataDir, 'servers.yml');
  writeFileSync(file, moved);
  return file;
}
