import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import type { Ports, ServiceSpec } from './services.ts';

const source = join(import.meta.dirname, '..', 'nginx');

export interface NginxSettings {
  ports: Ports;
  dataDir: string;
  publicUrl: string;
  allowedOrigins: readonly string[];
  maxBodyBytes: number;
  /** Whose X-Forwarded-For is believed: `TRUSTED_PROXIES`, checked. */
  trustedProxies: readonly string[];
  /** Certificates that https upstreams are verified against; by default the system's. */
  upstreamCaFile: string | undefined;
}

/**
 * Fills in nginx's templates for a run without Docker, into `dataDir/nginx`.
 * @returns the folder
 */
export function writeNginxFiles(settings: NginxSettings): string {
  const folder = join(settings.dataDir, 'nginx');
  mkdirSync(join(folder, 'tmp'), { recursive: true });
  writeFileSync(join(folder, 'access.log'), '');
  cpSync(join(source, 'gate'), join(folder, 'gate'), { recursive: true });
  const values = templateValues(settings, folder);
  for (const name of ['nginx.conf', 'gateway.conf']) {
    writeFileSync(join(folder, name), fillIn(readFileSync(join(source, `${name}.template`), 'utf8'), values));
  }
  return folder;
}

/** nginx itself, the watcher that turns the registry's routes into its configuration, and what shows its access log. */
export function nginxServices(
  folder: string,
  ports: Ports,
  publicUrl: string,
): Record<'nginx' | 'reload' | 'log', ServiceSpec> {
  const conf = join(folder, 'nginx.conf');
  const shared = { port: ports.gateway, healthUrl: `${publicUrl}/health` };
  const env = { CONF_DIR: folder, ROUTES: join(folder, 'routes') };
  return {
    nginx: { name: 'nginx', command: 'nginx', args: ['-c', conf, '-e', 'stderr'], env: {}, ...shared },
    reload: { name: 'nginx-reload', command: join(source, 'reload'), args: ['watch'], env, ...shared },
    log: { name: 'nginx-access', command: 'tail', args: ['-n0', '-F', join(folder, 'access.log')], env: {}, ...shared },
  };
}

function templateValues(settings: NginxSettings, folder: string): Record<string, string> {
  const { ports, publicUrl, allowedOrigins, maxBodyBytes, trustedProxies, upstreamCaFile } = settings;
  // `localhost` may mean either; a machine without IPv6 refuses to listen on [::1].
  const ipv6 = Object.values(networkInterfaces()).some((list) => list?.some((a) => a.address === '::1'));
  const listen = (flag: string) =>
    [`listen 127.0.0.1:${ports.gateway}${flag};`, ...(ipv6 ? [`listen [::1]:${ports.gateway}${flag};`] : [])].join(' ');
  return {
    WORKERS: 'auto',
    RUN_DIR: folder,
    LISTEN_DEFAULT: listen(' default_server'),
    LISTEN: listen(''),
    SERVER_NAME: new URL(publicUrl).hostname,
    PUBLIC_URL: publicUrl,
    AUTH_SERVER: `127.0.0.1:${ports.authServer}`,
    RELAY: `127.0.0.1:${ports.relay}`,
    REGISTRY: `127.0.0.1:${ports.registry}`,
    MAX_BODY: String(maxBodyBytes),
    // Not /dev/stdout: what Node gives its children there is a socket, and a socket cannot be opened by its path.
    ACCESS_LOG: join(folder, 'access.log'),
    CA_FILE: upstreamCaFile ?? systemCaFile(folder),
    REAL_IP: realIp(trustedProxies),
    CORS_ORIGINS: allowedOrigins.map((origin) => `"${origin}" "${origin}";`).join(' '),
  };
}

/** Nobody's word on who calls counts but that of the proxies in front; the last address that is none of theirs is it. */
function realIp(proxies: readonly string[]): string {
  if (proxies.length === 0) return '';
  const from = proxies.map((proxy) => `set_real_ip_from ${proxy};`).join(' ');
  return `${from} real_ip_header X-Forwarded-For; real_ip_recursive on;`;
}

/** A machine without ca-certificates still has the roots that Node brings along. */
function systemCaFile(folder: string): string {
  const system = ['/etc/ssl/certs/ca-certificates.crt', '/etc/ssl/cert.pem'].find((file) => existsSync(file));
  if (system) return system;
  const file = join(folder, 'ca.pem');
  writeFileSync(file, rootCertificates.join('\n'));
  return file;
}

function fillIn(template: string, values: Readonly<Record<string, string>>): string {
  return template.replace(/\$\{([A-Z_]+)\}/g, (_, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`nginx template: nothing to fill in for ${name}`);
    return value;
  });
}
