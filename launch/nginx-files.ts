import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { join, resolve } from 'node:path';
import { rootCertificates } from 'node:tls';
import { root } from '../common/settings/values.ts';
import type { Ports, ServiceSpec } from './services.ts';

const source = join(root, 'nginx');

export interface NginxSettings {
  ports: Ports;
  dataDir: string;
  publicUrl: string;
  allowedOrigins: readonly string[];
  maxBodyBytes: number;
  /** The proxies whose X-Forwarded-For is trusted: `TRUSTED_PROXIES`, checked. */
  trustedProxies: readonly string[];
  /** How many requests one address may have open at a time; 0 for no limit. */
  connectionsPerAddress: number;
  /** The CA certificates that verify https upstreams; by default the system's. */
  upstreamCaFile: string | undefined;
}

/**
 * Fills in nginx's templates for a run without Docker, into `dataDir/nginx`.
 * @returns the folder
 */
export function writeNginxFiles(settings: NginxSettings): string {
  const folder = join(settings.dataDir, 'nginx');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'access.log'), '');
  const env = { ...process.env, ...renderEnvironment(settings, folder) };
  execFileSync(join(source, 'render'), { env, stdio: ['ignore', 'ignore', 'inherit'] });
  return folder;
}

/** nginx itself, the watcher that turns the registry's routes into its configuration, and a program that shows its access log. */
export function nginxServices(
  folder: string,
  ports: Ports,
  publicUrl: string,
): Record<'nginx' | 'reload' | 'log', ServiceSpec> {
  const conf = join(folder, 'nginx.conf');
  const shared = { port: ports.gateway, healthUrl: `${publicUrl}/health` };
  const env = {
    CONF_DIR: folder,
    ROUTES: join(folder, 'routes'),
    AUTH_SERVERS: `127.0.0.1:${ports.authServer}`,
    RELAYS: `127.0.0.1:${ports.relay}`,
    REGISTRIES: `127.0.0.1:${ports.registry}`,
  };
  return {
    nginx: { name: 'nginx', command: 'nginx', args: ['-c', conf, '-e', 'stderr'], env: {}, ...shared },
    reload: { name: 'nginx-reload', command: join(source, 'reload'), args: ['watch'], env, ...shared },
    log: { name: 'nginx-access', command: 'tail', args: ['-n0', '-F', join(folder, 'access.log')], env: {}, ...shared },
  };
}

/** The environment of `nginx/render`. */
function renderEnvironment(settings: NginxSettings, folder: string): Record<string, string> {
  const { ports, publicUrl, allowedOrigins, maxBodyBytes, trustedProxies, connectionsPerAddress } = settings;
  // `localhost` may be 127.0.0.1 or [::1], but nginx cannot listen on [::1] without IPv6.
  const ipv6 = Object.values(networkInterfaces()).some((list) => list?.some((a) => a.address === '::1'));
  return {
    CONF_DIR: folder,
    REGISTRY_URL: publicUrl,
    LISTEN: [`127.0.0.1:${ports.gateway}`, ...(ipv6 ? [`[::1]:${ports.gateway}`] : [])].join(' '),
    LISTEN_TLS: '',
    LISTEN_ALIVE: '',
    HSTS: publicUrl.startsWith('https:') ? '31536000' : '0',
    MAX_BODY_BYTES: String(maxBodyBytes),
    // Not /dev/stdout: Node gives its children a socket there, and a socket cannot be opened by its path.
    ACCESS_LOG: join(folder, 'access.log'),
    UPSTREAM_CA_FILE: settings.upstreamCaFile ? resolve(settings.upstreamCaFile) : systemCaFile(folder),
    TRUSTED_PROXIES: trustedProxies.join(','),
    CONNECTIONS_PER_ADDRESS: String(connectionsPerAddress),
    ALLOWED_ORIGINS: allowedOrigins.join(','),
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
