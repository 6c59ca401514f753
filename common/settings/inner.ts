import { availableParallelism } from 'node:os';
import * as z from 'zod';
import { origin } from '../network/origin.ts';
import { bundledServerSettings } from './bundled-servers.ts';
import { port } from './config.ts';
import { setting } from './setting.ts';
import { host, list, path, ports } from './values.ts';

/** Where the parts listen, find each other, and keep things. */
export const innerSettings = {
  AUTH_SERVER_HOST: setting(host, ['auth-server'], 'the address that the auth-server listens on'),
  AUTH_SERVER_PORT: setting(port.default(8888), ['auth-server', 'up'], 'its port'),
  AUTH_SERVER_WORKERS: setting(
    z.coerce
      .number()
      .int()
      .min(1)
      .max(64)
      .default(() => Math.min(availableParallelism(), 4)),
    ['auth-server'],
    'how many processes of the auth-server answer requests ([performance.md](performance.md)). `npm run up` starts one',
    { shownDefault: 'as many as there are cores, at most 4' },
  ),
  AUTH_SERVER_STOP_LEAD_SECONDS: setting(
    z.coerce.number().min(0).max(300).default(0),
    ['auth-server'],
    'for how long the auth-server goes on answering after SIGTERM, with `/health` already at 503, so that a load balancer in front of several hears of it',
  ),
  METRICS_HOST: setting(
    host,
    ['auth-server'],
    'the address where it shows its metrics ([operations/monitoring.md](operations/monitoring.md#metrics)); they ask for no credentials',
  ),
  METRICS_PORT: setting(port.default(9464), ['auth-server', 'up'], 'the port of the metrics'),
  REGISTRY_METRICS_HOST: setting(host, ['registry'], 'the address where the registry shows its metrics'),
  REGISTRY_METRICS_PORT: setting(port.default(9465), ['registry', 'up'], 'the port of the metrics of the registry'),
  RELAY_METRICS_HOST: setting(host, ['relay'], 'the address where the relay shows its metrics'),
  RELAY_METRICS_PORT: setting(port.default(9466), ['relay', 'up'], 'the port of the metrics of the relay'),
  REGISTRY_HOST: setting(host, ['registry'], 'the address that the registry listens on'),
  REGISTRY_PORT: setting(port.default(7860), ['registry', 'up'], 'its port'),
  RELAY_HOST: setting(host, ['relay'], 'the address that the relay listens on'),
  RELAY_PORT: setting(port.default(7870), ['relay', 'up'], 'its port'),
  ...bundledServerSettings,
  POLYGON_API_KEY: setting(
    z.string().optional(),
    ['fininfo'],
    "the key of fininfo for Polygon's API of stock prices; without it its tools answer that it is missing",
    { secret: true },
  ),
  POLYGON_API_URL: setting(
    origin
      .refine((url) => /^https:|^http:\/\/(127\.0\.0\.1|localhost)(:|$)/.test(url), {
        error: 'must be https, except on this machine: the key is sent there',
      })
      .default('https://api.polygon.io'),
    ['fininfo'],
    'where that API answers',
  ),
  AUTH_SERVER_INTERNAL_URL: setting(
    origin.default('http://127.0.0.1:8888'),
    ['registry', 'relay'],
    'where the others reach the auth-server. `npm run up` sets it',
  ),
  REGISTRY_INTERNAL_URL: setting(
    origin.default('http://127.0.0.1:7860'),
    ['auth-server', 'mcpgw'],
    'where the others reach the registry. `npm run up` sets it',
  ),
  RELAY_INTERNAL_URL: setting(
    origin.default('http://127.0.0.1:7870'),
    ['auth-server'],
    'where the auth-server reaches the relay. `npm run up` sets it',
  ),
  OWN_PORTS: setting(
    ports.prefault('8080,8888,7860,7870,9464,9465,9466,9500'),
    ['registry'],
    "the gateway's own ports, which no MCP server may claim. `npm run up` sets it",
  ),
  OWN_HOSTS: setting(
    list.default([]),
    ['registry'],
    'names of the parts of the gateway where they are not on this machine: no MCP server may be at their addresses. The compose file sets it',
  ),
  RESOLVE_SECONDS: setting(
    z.coerce.number().min(1).max(3600).default(60),
    ['registry'],
    'how often the names of MCP servers are looked up again; 5 in the compose file, where a container that is made anew has another address',
  ),
  DATA_DIR: setting(
    z.string().default('data'),
    ['auth-server', 'registry'],
    'the folder of the databases. `npm run up` sets it',
  ),
  DATABASE_URL: setting(
    z
      .string()
      .regex(/^postgres(ql)?:\/\//, 'must look like postgres://user:password@host/database')
      .optional(),
    ['auth-server', 'registry'],
    'a PostgreSQL database instead of the files in `DATA_DIR`, for several machines',
    { secret: true, shownDefault: 'the files in `DATA_DIR`' },
  ),
  EMBEDDINGS_URL: setting(
    origin.optional(),
    ['registry'],
    'an OpenAI-compatible server whose `/v1/embeddings` turns texts into vectors, so that the search for tools also finds what means the same in other words ([mcpgw.md](mcpgw.md#how-the-search-works)). It gets what servers say about their tools, and every question',
  ),
  EMBEDDINGS_MODEL: setting(
    z.string().default('text-embedding-3-small'),
    ['registry'],
    'the model that is asked for there',
  ),
  EMBEDDINGS_API_KEY: setting(z.string().optional(), ['registry'], 'the key for it, sent as a bearer token', {
    secret: true,
  }),
  ROUTES_DIR: setting(
    path('data', 'nginx'),
    ['registry', 'relay'],
    'the folder in which the registry writes the routes for nginx. `npm run up` sets it',
  ),
  APPROVED_TOOLS_FILE: setting(
    path('data', 'approved-tools.json'),
    ['auth-server', 'registry', 'relay'],
    'the file in which the registry says which tools are approved, for `TOOL_CHANGES=refuse`. `npm run up` sets it',
  ),
  UP_DATA_DIR: setting(path('data'), ['up'], "where `npm run up` keeps the database, generated keys and nginx's files"),
};
