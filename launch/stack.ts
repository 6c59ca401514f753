import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { localPoolId } from '../common/identity/cognito.ts';
import { keptSecretKey } from '../common/identity/kept-secret-key.ts';
import { registeredServerNames } from '../common/settings/bundled-servers.ts';
import { root } from '../common/settings/values.ts';
import { nginxServices, writeNginxFiles } from './nginx-files.ts';
import { defaultPorts, nodeServices, type Ports, type StackSettings } from './services.ts';
import type { Supervisor } from './supervisor.ts';

/** The options of a whole gateway. Without `SECRET_KEY` in `env`, it is generated and kept in `dataDir`. */
interface StackOptions extends Omit<StackSettings, 'standIn'> {
  /** Runs the services. Its creator can stop them at any time, even while they start. */
  supervisor: Supervisor;
}

/** A gateway that is up. */
export type Stack = Awaited<ReturnType<typeof startStack>>;

/**
 * Starts everything without Docker and returns when all services are healthy. If one fails, all are stopped.
 * @throws {ServiceFailure} naming the service
 */
export async function startStack({ ports, dataDir, env, socket, supervisor }: StackOptions) {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const publicUrl = env.REGISTRY_URL || `http://localhost:${ports.gateway}`;
  const standIn = env.COGNITO_USER_POOL_ID === localPoolId;
  const settings: StackSettings = {
    ports,
    dataDir,
    standIn,
    socket,
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
  return { publicUrl, standIn, ports, supervisor, stop: () => supervisor.stop() };
}

async function startAll(supervisor: Supervisor, settings: StackSettings, publicUrl: string): Promise<void> {
  const services = nodeServices(settings);
  for (const service of services) supervisor.start(service);
  const folder = writeNginxFiles(settings, publicUrl);
  await Promise.all(services.map((service) => supervisor.healthy(service)));

  // The registry writes its routes before it listens, so nginx starts with them and need not reload at once.
  const { nginx, reload, log } = nginxServices(folder, settings.ports, settings.socket);
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
  const moves = new Map(registeredServerNames.map((name) => [at(defaultPorts[name]), at(ports[name])]));
  // In one pass: the port of one server may be the default port of another.
  const moved = shipped.replace(/upstream: .*\n/g, (line) => moves.get(line) ?? line);
  const file = join(dataDir, 'servers.yml');
  writeFileSync(file, moved);
  return file;
}
