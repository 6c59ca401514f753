import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { join, resolve } from 'node:path';
import { rootCertificates } from 'node:tls';
import * as z from 'zod';
import { readConfig } from '../common/settings/config.ts';
import { settings } from '../common/settings/table.ts';
import { root } from '../common/settings/values.ts';
import { callsFile, type Ports, type ServiceSpec, type StackSettings } from './services.ts';

const source = join(root, 'nginx');

const { ALLOWED_ORIGINS, CONNECTIONS_PER_ADDRESS, MAX_BODY_BYTES } = settings;
const { PUBLIC_REGISTRY, TRUSTED_PROXIES, UPSTREAM_CA_FILE } = settings;
/** The settings that go into nginx's configuration, and are checked first. */
const ofNginx = z.object({
  ALLOWED_ORIGINS: ALLOWED_ORIGINS.schema,
  CONNECTIONS_PER_ADDRESS: CONNECTIONS_PER_ADDRESS.schema,
  MAX_BODY_BYTES: MAX_BODY_BYTES.schema,
  PUBLIC_REGISTRY: PUBLIC_REGISTRY.schema,
  TRUSTED_PROXIES: TRUSTED_PROXIES.schema,
  UPSTREAM_CA_FILE: UPSTREAM_CA_FILE.schema,
});

/**
 * Fills in nginx's templates for a run without Docker, into `dataDir/nginx`.
 * @returns the folder
 */
export function writeNginxFiles({ ports, dataDir, env }: Omit<StackSettings, 'standIn'>, publicUrl: string): string {
  const folder = join(dataDir, 'nginx');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'access.log'), '');
  const all = { ...process.env, ...renderEnvironment(ports, env, publicUrl, folder) };
  execFileSync(join(source, 'render'), { env: all, stdio: ['ignore', 'ignore', 'inherit'] });
  return folder;
}

/**
 * nginx itself, the watcher that turns the registry's routes into its configuration, and a program that shows its access log.
 * @param socket where nginx asks the auth-server; undefined: at its port
 */
export function nginxServices(
  folder: string,
  ports: Ports,
  socket?: string,
): Record<'nginx' | 'reload' | 'log', ServiceSpec> {
  const conf = join(folder, 'nginx.conf');
  // On loopback: what ends TLS in front of it may start later, or not be reachable from here.
  const shared = { port: ports.gateway, healthUrl: `http://127.0.0.1:${ports.gateway}/health` };
  const env = {
    CONF_DIR: folder,
    ROUTES: join(folder, 'routes'),
    AUTH_SERVERS: socket ? `unix:${socket}` : `127.0.0.1:${ports.authServer}`,
    RELAYS: `127.0.0.1:${ports.relay}`,
    REGISTRIES: `127.0.0.1:${ports.registry}`,
    CALLS_FILE: callsFile(folder),
    HUBS: `127.0.0.1:${ports.hub}`,
    MCPGWS: `127.0.0.1:${ports.mcpgw}`,
  };
  return {
    nginx: { name: 'nginx', command: 'nginx', args: ['-c', conf, '-e', 'stderr'], env: {}, ...shared },
    reload: { name: 'nginx-reload', command: join(source, 'reload'), args: ['watch'], env, ...shared },
    log: { name: 'nginx-access', command: 'tail', args: ['-n0', '-F', join(folder, 'access.log')], env: {}, ...shared },
  };
}

function renderEnvironment(ports: Ports, env: NodeJS.ProcessEnv, publicUrl: string, folder: string) {
  const config = readConfig(ofNginx, env);
  // `localhost` may be 127.0.0.1 or [::1], but nginx cannot listen on [::1] without IPv6.
  const ipv6 = Object.values(networkInterfaces()).some((list) => list?.some((a) => a.address === '::1'));
  return {
    CONF_DIR: folder,
    REGISTRY_URL: publicUrl,
    LISTEN: [`127.0.0.1:${ports.gateway}`, ...(ipv6 ? [`[::1]:${ports.gateway}`] : [])].join(' '),
    LISTEN_TLS: '',
    LISTEN_ALIVE: '',
    LISTEN_INNER: `127.0.0.1:${ports.brokerGate}`,
    HSTS: publicUrl.startsWith('https:') ? '31536000' : '0',
    MAX_BODY_BYTES: String(config.MAX_BODY_BYTES),
    // Not /dev/stdout: Node gives its children a socket there, and a socket cannot be opened by its path.
    ACCESS_LOG: join(folder, 'access.log'),
    CALLS_FILE: callsFile(folder),
    UPSTREAM_CA_FILE: config.UPSTREAM_CA_FILE ? resolve(config.UPSTREAM_CA_FILE) : systemCaFile(folder),
    TRUSTED_PROXIES: config.TRUSTED_PROXIES.join(','),
    CONNECTIONS_PER_ADDRESS: String(config.CONNECTIONS_PER_ADDRESS),
    ALLOWED_ORIGINS: config.ALLOWED_ORIGINS.join(','),
    PUBLIC_REGISTRY: config.PUBLIC_REGISTRY,
  };
}

/** On a machine without ca-certificates, uses the root certificates that come with Node. */
function systemCaFile(folder: string): string {
  const system = ['/etc/ssl/certs/ca-certificates.crt', '/etc/ssl/cert.pem'].find((file) => existsSync(file));
  if (system) return system;
  const file = join(folder, 'ca.pem');
  writeFileSync(file, rootCertificates.join('\n'));
  return file;
}
