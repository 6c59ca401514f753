import { join } from 'node:path';
import * as z from 'zod';
import { origin, port } from '../common/config.ts';
import { type Cidr, parseCidr } from './addresses.ts';

const root = join(import.meta.dirname, '..');
const privateRanges = '127.0.0.0/8,::1/128,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,fc00::/7';

const cidrs = z.string().transform((text, ctx) =>
  list(text).flatMap((item): Cidr[] => {
    const cidr = parseCidr(item);
    if (cidr) return [cidr];
    ctx.addIssue({ code: 'custom', message: 'must be networks separated by commas, such as 10.0.0.0/8,fc00::/7' });
    return [];
  }),
);

/** The registry's settings, by environment variable. Relative paths count from the folder the service is started in. */
export const registryConfig = z
  .object({
    REGISTRY_HOST: z.string().default('127.0.0.1'),
    REGISTRY_PORT: port.default(7860),
    REGISTRY_URL: origin.default('http://localhost:8080'),
    AUTH_SERVER_INTERNAL_URL: origin.default('http://127.0.0.1:8888'),
    SCOPES_FILE: z.string().default(join(root, 'scopes.yml')),
    SERVERS_FILE: z.string().default(join(root, 'registry', 'servers.yml')),
    ROUTES_DIR: z.string().default(join(root, 'data', 'nginx')),
    ALLOW_PRIVATE_UPSTREAMS: cidrs.prefault(privateRanges),
    OWN_PORTS: z
      .string()
      .default('8080,8888,7860,7870,9464,9500')
      .transform(list)
      .transform((items) => items.map(Number))
      .pipe(z.array(z.int('must be port numbers separated by commas').min(1).max(65535))),
  })
  .transform((env) => ({
    host: env.REGISTRY_HOST,
    port: env.REGISTRY_PORT,
    /** The gateway's public origin: issuer and audience of assertions, and what every shown URL starts with. */
    publicUrl: env.REGISTRY_URL,
    jwksUrl: new URL('/.well-known/jwks.json', env.AUTH_SERVER_INTERNAL_URL),
    scopesFile: env.SCOPES_FILE,
    serversFile: env.SERVERS_FILE,
    routesDir: env.ROUTES_DIR,
    allowPrivate: env.ALLOW_PRIVATE_UPSTREAMS,
    /** Ports on loopback that are the gateway's own: as an upstream, one of them would lead around the gate. */
    ownPorts: new Set([...env.OWN_PORTS, env.REGISTRY_PORT]),
  }));

function list(text: string): string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter(Boolean);
}
