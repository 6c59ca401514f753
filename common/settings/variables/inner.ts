import { availableParallelism } from 'node:os';
import * as z from 'zod';
import { proxyUrl } from '../../network/env-proxy.ts';
import { origin } from '../../network/origin.ts';
import { bundledServerSettings } from '../bundled-servers.ts';
import { setting } from '../setting.ts';
import { host, list, path, port, ports } from '../values.ts';

const usualWorkers = () => Math.min(availableParallelism(), 4);
const postgresUrl = z.string().regex(/^postgres(ql)?:\/\//, 'must look like postgres://user:password@host/database');

const outsideCallers = ['auth-server', 'registry', 'fininfo', 'agents'] as const;

/** Where the services listen, how they reach each other, and where they keep data. */
export const innerSettings = {
  HTTPS_PROXY: setting(proxyUrl.optional(), outsideCallers, {
    purpose:
      'the HTTP proxy for requests to https addresses outside: Amazon Cognito, the second provider, embeddings, stock prices, and what `mcp-gateway` asks. Never for MCP servers, this machine and the services of the gateway. In small letters too, except in containers',
    secret: true,
  }),
  HTTP_PROXY: setting(proxyUrl.optional(), outsideCallers, {
    purpose: 'the same for http addresses',
    secret: true,
  }),
  NO_PROXY: setting(z.string().optional(), outsideCallers, {
    purpose: 'hosts outside that are asked without the proxy, separated by commas: `.example.com`, `10.0.0.5`',
  }),
  AUTH_SERVER_HOST: setting(host, ['auth-server'], { purpose: 'the address that the auth-server listens on' }),
  AUTH_SERVER_PORT: setting(port.default(8888), ['auth-server', 'up'], { purpose: 'its port' }),
  AUTH_SERVER_SOCKET: setting(
    z.string().startsWith('/', 'must be an absolute path').max(100).optional(),
    ['auth-server'],
    {
      purpose:
        'a Unix socket that the auth-server listens on besides, for an nginx on the same machine: a call costs a tenth less. Every user who reaches its folder may ask there, as at the port. `npm run up` chooses one',
    },
  ),
  AUTH_SERVER_WORKERS: setting(z.coerce.number().int().min(1).max(64).default(usualWorkers), ['auth-server'], {
    purpose:
      'how many processes of the auth-server answer requests ([performance.md](performance.md)). `npm run up` starts one',
    shownDefault: 'as many as there are cores, at most 4',
  }),
  AUTH_SERVER_STOP_LEAD_SECONDS: setting(z.coerce.number().min(0).max(300).default(0), ['auth-server'], {
    purpose:
      'how long the auth-server still answers after SIGTERM while `/health` gives 503, so that a load balancer in front of several notices',
  }),
  METRICS_HOST: setting(host, ['auth-server'], {
    purpose:
      'the address that its metrics listen on ([operations/monitoring.md](operations/monitoring.md#metrics)); they need no credentials',
  }),
  METRICS_PORT: setting(port.default(9464), ['auth-server', 'up'], { purpose: 'the port of its metrics' }),
  REGISTRY_METRICS_HOST: setting(host, ['registry'], {
    purpose: 'the address that the metrics of the registry listen on',
  }),
  REGISTRY_METRICS_PORT: setting(port.default(9465), ['registry', 'up'], {
    purpose: 'the port of the metrics of the registry',
  }),
  RELAY_METRICS_HOST: setting(host, ['relay'], { purpose: 'the address that the metrics of the relay listen on' }),
  RELAY_METRICS_PORT: setting(port.default(9466), ['relay', 'up'], { purpose: 'the port of the metrics of the relay' }),
  REGISTRY_HOST: setting(host, ['registry'], { purpose: 'the address that the registry listens on' }),
  REGISTRY_PORT: setting(port.default(7860), ['registry', 'up'], { purpose: 'its port' }),
  RELAY_HOST: setting(host, ['relay'], { purpose: 'the address that the relay listens on' }),
  RELAY_PORT: setting(port.default(7870), ['relay', 'up'], { purpose: 'its port' }),
  ...bundledServerSettings,
  BROKER_GATE_PORT: setting(port.default(8081), ['up'], {
    purpose: 'the port of the gateway for its own servers that call others, on this machine only',
  }),
  BROKER_GATE_URL: setting(origin.default('http://127.0.0.1:8081'), ['hub', 'mcpgw'], {
    purpose: "the gateway's address for its own servers that call others for their caller. `npm run up` sets it",
  }),
  POLYGON_API_KEY: setting(z.string().optional(), ['fininfo'], {
    purpose: "fininfo's key for Polygon's stock price API; without it, its tools report that it is missing",
    secret: true,
  }),
  POLYGON_API_URL: setting(
    origin
      .refine((url) => /^https:|^http:\/\/(127\.0\.0\.1|localhost)(:|$)/.test(url), {
        error: 'must be https, except on this machine, because the key is sent there',
      })
      .default('https://api.polygon.io'),
    ['fininfo'],
    { purpose: 'the address of that API' },
  ),
  AUTH_SERVER_INTERNAL_URL: setting(origin.default('http://127.0.0.1:8888'), ['registry', 'relay'], {
    purpose: 'the address of the auth-server for the other services. `npm run up` sets it',
  }),
  REGISTRY_INTERNAL_URL: setting(origin.default('http://127.0.0.1:7860'), ['auth-server', 'mcpgw', 'hub'], {
    purpose: 'the address of the registry for the other services. `npm run up` sets it',
  }),
  RELAY_INTERNAL_URL: setting(origin.default('http://127.0.0.1:7870'), ['auth-server'], {
    purpose: 'the address of the relay for the auth-server. `npm run up` sets it',
  }),
  HUB_INTERNAL_URL: setting(origin.default('http://127.0.0.1:8004'), ['relay'], {
    purpose: 'the address of the hub for the relay. `npm run up` sets it',
  }),
  MCPGW_INTERNAL_URL: setting(origin.default('http://127.0.0.1:8003'), ['relay'], {
    purpose: 'the address of mcpgw for the relay. `npm run up` sets it',
  }),
  OWN_PORTS: setting(ports.prefault('8080,8081,8888,7860,7870,8004,9464,9465,9466,9500'), ['auth-server', 'registry'], {
    purpose:
      "the gateway's own ports, at which no MCP server may be registered and no provider may be. `npm run up` sets it",
  }),
  OWN_HOSTS: setting(list.default([]), ['registry'], {
    purpose:
      "host names of the gateway's own services on other machines: no MCP server may be registered at their addresses. The compose file sets it",
  }),
  RESOLVE_SECONDS: setting(z.coerce.number().min(1).max(3600).default(60), ['registry'], {
    purpose:
      'how often the host names of MCP servers are resolved again. The compose file sets 5, because a container that is replaced gets another address',
  }),
  DATA_DIR: setting(z.string().default('data'), ['auth-server', 'registry'], {
    purpose: 'the folder of the databases. `npm run up` sets it',
  }),
  DATABASE_URL: setting(postgresUrl.optional(), ['auth-server', 'registry'], {
    purpose: 'a PostgreSQL database to use instead of the files in `DATA_DIR`, for several machines',
    secret: true,
    shownDefault: 'the files in `DATA_DIR`',
  }),
  EMBEDDINGS_URL: setting(origin.optional(), ['registry'], {
    purpose:
      'an OpenAI-compatible server whose `/v1/embeddings` lets the tool search find tools by meaning too ([mcpgw.md](mcpgw.md#how-the-search-works)). It receives the descriptions of the tools and every search query',
  }),
  EMBEDDINGS_MODEL: setting(z.string().default('text-embedding-3-small'), ['registry'], {
    purpose: 'the embedding model',
  }),
  EMBEDDINGS_API_KEY: setting(z.string().optional(), ['registry'], {
    purpose: 'the key of that server, sent as a bearer token',
    secret: true,
  }),
  ROUTES_DIR: setting(path('data', 'nginx'), ['registry', 'relay'], {
    purpose: 'the folder to which the registry writes the routes for nginx. `npm run up` sets it',
  }),
  APPROVED_TOOLS_FILE: setting(path('data', 'approved-tools.json'), ['auth-server', 'registry', 'relay'], {
    purpose:
      'the file to which the registry writes the approved tools, for `TOOL_CHANGES=refuse`. `npm run up` sets it',
  }),
  CALLS_FILE: setting(z.string().optional(), ['auth-server'], {
    purpose:
      'the file in which nginx writes a line about each allowed MCP request: its status and time, for the usage of servers. `npm run up` and the compose file set it; nginx must run on the same machine ([operations/monitoring.md](operations/monitoring.md#times-and-statuses-of-calls))',
    shownDefault: 'none: times are not measured',
  }),
  UP_DATA_DIR: setting(path('data'), ['up'], {
    purpose: "where `npm run up` keeps the database, generated keys and nginx's files",
  }),
};
