import { join } from 'node:path';
import * as z from 'zod';
import { shapeFor } from '../common/settings/table.ts';
import { limitsOf } from './health/probe/clock.ts';

const shape = shapeFor('registry');

/** The registry's settings by environment variable. docs/configuration.md explains each. */
export const registryConfig = z.object(shape).transform((env) => ({
  host: env.REGISTRY_HOST,
  port: env.REGISTRY_PORT,
  metrics: {
    host: env.REGISTRY_METRICS_HOST,
    port: env.REGISTRY_METRICS_PORT,
    portVariable: 'REGISTRY_METRICS_PORT',
  },
  /** The gateway's public origin: issuer and audience of assertions, and the start of every displayed URL. */
  publicUrl: env.REGISTRY_URL,
  /** A gateway on localhost, as `npm run up` starts it, also has the pages for those who change them. */
  isDevelopment: /^http:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/.test(env.REGISTRY_URL),
  jwksUrl: new URL('/.well-known/jwks.json', env.AUTH_SERVER_INTERNAL_URL),
  authServerUrl: env.AUTH_SERVER_INTERNAL_URL,
  policy: {
    editable: env.POLICY_EDITABLE === 'true',
    path: env.SCOPES_FILE,
    authServerUrl: env.AUTH_SERVER_INTERNAL_URL,
  },
  serversFile: env.SERVERS_FILE,
  upstreamSecretsFile: env.UPSTREAM_SECRETS_FILE,
  /** PostgreSQL URL, or path of a SQLite file. */
  database: env.DATABASE_URL ?? join(env.DATA_DIR, 'registry.db'),
  routesDir: env.ROUTES_DIR,
  approvedToolsFile: env.APPROVED_TOOLS_FILE,
  /** Which MCP clients people may log in with: pages say what is possible. */
  clientLogins: { allowed: env.OAUTH_CLIENTS, hosts: env.OAUTH_CLIENT_HOSTS },
  /** Whether search and pages count tools without approval as refused, as the gate does. */
  toolChanges: env.TOOL_CHANGES,
  health: { limits: limitsOf(env.HEALTH_SECONDS), intervalMs: env.HEALTH_INTERVAL_SECONDS * 1_000 },
  /** CA certificates in PEM that verify https upstreams; undefined for the system's. */
  upstreamCaFile: env.UPSTREAM_CA_FILE,
  allowPrivate: env.ALLOW_PRIVATE_UPSTREAMS,
  /** The embeddings endpoint for the search by meaning. */
  embeddings: env.EMBEDDINGS_URL
    ? { url: env.EMBEDDINGS_URL, model: env.EMBEDDINGS_MODEL, apiKey: env.EMBEDDINGS_API_KEY }
    : undefined,
  /** Host names of the gateway's parts on other machines; upstreams at their addresses are refused. */
  ownHosts: env.OWN_HOSTS,
  resolveMilliseconds: env.RESOLVE_SECONDS * 1000,
  /** The gateway's own ports on loopback. As an upstream, one of them would bypass the gate. */
  ownPorts: new Set([...env.OWN_PORTS, env.REGISTRY_PORT, env.REGISTRY_METRICS_PORT]),
}));
