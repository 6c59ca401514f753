import { join } from 'node:path';
import * as z from 'zod';
import { shapeFor } from '../common/settings/table.ts';
import { type Cidr, parseCidr } from './routing/addresses.ts';

const shape = shapeFor('registry');

const cidrs = shape.ALLOW_PRIVATE_UPSTREAMS.transform((items, ctx) =>
  items.flatMap((item): Cidr[] => {
    const cidr = parseCidr(item);
    if (cidr) return [cidr];
    ctx.addIssue({ code: 'custom', message: 'must be networks separated by commas, such as 10.0.0.0/8,fc00::/7' });
    return [];
  }),
);

/** The registry's settings, by environment variable; each is explained in docs/configuration.md. */
export const registryConfig = z.object({ ...shape, ALLOW_PRIVATE_UPSTREAMS: cidrs }).transform((env) => ({
  host: env.REGISTRY_HOST,
  port: env.REGISTRY_PORT,
  metrics: {
    host: env.REGISTRY_METRICS_HOST,
    port: env.REGISTRY_METRICS_PORT,
    portVariable: 'REGISTRY_METRICS_PORT',
  },
  /** The gateway's public origin: issuer and audience of assertions, and what every shown URL starts with. */
  publicUrl: env.REGISTRY_URL,
  jwksUrl: new URL('/.well-known/jwks.json', env.AUTH_SERVER_INTERNAL_URL),
  authServerUrl: env.AUTH_SERVER_INTERNAL_URL,
  scopesFile: env.SCOPES_FILE,
  serversFile: env.SERVERS_FILE,
  upstreamSecretsFile: env.UPSTREAM_SECRETS_FILE,
  /** Where the servers are kept: PostgreSQL, or a SQLite file. */
  database: env.DATABASE_URL ?? join(env.DATA_DIR, 'registry.db'),
  routesDir: env.ROUTES_DIR,
  approvedToolsFile: env.APPROVED_TOOLS_FILE,
  /** Whether the search leaves out tools that nobody has approved, as the gate refuses them. */
  toolChanges: env.TOOL_CHANGES,
  allowPrivate: env.ALLOW_PRIVATE_UPSTREAMS,
  /** Where texts become vectors, so that the search finds what means the same in other words. */
  embeddings: env.EMBEDDINGS_URL
    ? { url: env.EMBEDDINGS_URL, model: env.EMBEDDINGS_MODEL, apiKey: env.EMBEDDINGS_API_KEY }
    : undefined,
  /** Names of its own parts elsewhere, refused by their addresses. */
  ownHosts: env.OWN_HOSTS,
  resolveMilliseconds: env.RESOLVE_SECONDS * 1000,
  /** Ports on loopback that are the gateway's own: as an upstream, one of them would lead around the gate. */
  ownPorts: new Set([...env.OWN_PORTS, env.REGISTRY_PORT, env.REGISTRY_METRICS_PORT]),
}));
