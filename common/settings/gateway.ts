import * as z from 'zod';
import { origin } from '../network/origin.ts';
import { servicesAndStandIn, setting } from './setting.ts';
import { list, networks, origins, path, secretKeys } from './values.ts';

/** A whole number, 0 for no limit. */
const wholeNumber = z.coerce.number().int().min(0);

/** What the gateway is to the outside, and who may do what. */
export const gatewaySettings = {
  REGISTRY_URL: setting(
    origin.default('http://localhost:8080'),
    ['auth-server', 'registry', 'relay', 'up', 'agents'],
    "the address that people and agents use: nginx's, never a service's own port. Cookies, callbacks and links are built from it",
  ),
  MCP_REGISTRY_URL: setting(
    z.string().optional(),
    ['agents'],
    'where `mcp-gateway agent` finds tools: the `mcpgw` server behind the gateway, at `/mcp` or `/sse`; goes into `agents/.env.agent`',
    { shownDefault: '`REGISTRY_URL` and `/mcpgw/sse`' },
  ),
  SECRET_KEY: setting(
    secretKeys,
    ['auth-server', 'up'],
    'seals sessions and login attempts; 32 characters or more, made by `npm run -s secret-key`. `NEW,OLD` changes it without ending sessions: the first seals, all open',
    { secret: true, shownDefault: '(required); `npm run up` makes one at its first start' },
  ),
  SESSION_HOURS: setting(
    z.coerce
      .number()
      .positive()
      .max(24 * 7)
      .default(8),
    ['auth-server'],
    'how long a login lasts, at most 168',
  ),
  SESSION_IDLE_MINUTES: setting(
    z.coerce.number().positive().default(120),
    ['auth-server'],
    'after how many minutes without a request a login ends',
  ),
  GROUPS_MAX_AGE: setting(
    z.coerce
      .number('must be minutes, such as 15')
      .positive()
      .max(24 * 60)
      .default(15),
    ['auth-server'],
    'how many minutes the word of the identity provider on groups counts: after that long at most, somebody who was taken out of a group or blocked is out',
  ),
  ALLOW_LOCAL_SESSIONS: setting(
    z.enum(['true', 'false'], 'must be true or false').default('false'),
    ['auth-server'],
    '`true` accepts session cookies that somebody has signed with `SECRET_KEY` themselves ([operations/access.md](operations/access.md#locally-signed-sessions) says why not to)',
  ),
  ALLOWED_ORIGINS: setting(
    origins.default([]),
    ['auth-server', 'up'],
    'other web origins whose pages may call MCP endpoints with a bearer token, separated by commas',
  ),
  TRUSTED_PROXIES: setting(
    networks.default([]),
    ['up'],
    'load balancers in front of nginx, as addresses or networks separated by commas: from them `X-Forwarded-For` says who calls, in the log and for limits by address; from nobody else',
  ),
  SCOPES_FILE: setting(
    path('scopes.yml'),
    ['auth-server', 'registry', 'relay'],
    'the policy: who may do what ([scopes.md](scopes.md))',
  ),
  SERVERS_FILE: setting(
    path('registry', 'servers.yml'),
    ['registry', 'up'],
    'the MCP servers that the registry knows at its first start; afterwards they are changed in the registry. Only where `mcpgw` runs is read from it at each start',
  ),
  ALLOW_PRIVATE_UPSTREAMS: setting(
    list.prefault('127.0.0.0/8,::1/128,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,fc00::/7'),
    ['registry'],
    'private networks in which MCP servers may be, separated by commas',
    { shownDefault: 'loopback and all private networks' },
  ),
  TOOL_CHANGES: setting(
    z.enum(['flag', 'refuse'], 'must be flag or refuse').default('flag'),
    ['auth-server', 'relay', 'registry'],
    'what becomes of a tool that is new or was changed by its server: `flag` shows it in the registry, `refuse` also hides it and refuses its calls until somebody has approved it ([tool-changes.md](tool-changes.md))',
  ),
  UPSTREAM_CA_FILE: setting(
    z.string().optional(),
    ['relay', 'up'],
    'certificates that https MCP servers are verified against',
    { shownDefault: "the system's" },
  ),
  UPSTREAM_SECRETS_FILE: setting(
    z.string().optional(),
    ['auth-server', 'registry'],
    'credentials that MCP servers want from the gateway, by name ([upstreams.md](upstreams.md#when-your-server-wants-a-credential))',
    { shownDefault: 'none' },
  ),
  ASSERTION_KEY_DAYS: setting(
    z.coerce.number().min(1).max(365).default(30),
    ['auth-server'],
    'how long a key signs the assertions for MCP servers, 1 to 365 days ([upstreams.md](upstreams.md))',
  ),
  MAX_BODY_BYTES: setting(
    z.coerce.number().int().min(1024).default(1_048_576),
    ['auth-server', 'up'],
    'the largest request body; what cannot be checked as a whole is refused',
  ),
  CONNECTIONS_PER_ADDRESS: setting(
    wholeNumber.max(60_000).default(1_000),
    ['up'],
    'how many requests and open streams nginx takes at a time from one address (one /64 of IPv6), 0 for no limit; more get 429. An office behind one address needs one for each of its streams ([operations/failures.md](operations/failures.md#limits))',
  ),
  AUTH_FAILURES_PER_CREDENTIAL: setting(
    wholeNumber.default(60),
    ['auth-server'],
    'how often in a minute one bad credential is refused with its reason for one address; then 429 until the minute is over. 0 for no limit',
  ),
  AUTH_FAILURES_PER_ADDRESS: setting(
    wholeNumber.default(1_200),
    ['auth-server'],
    'after how many refused credentials in a minute an address gets 429 for tokens that were not good in the last hour. 0 for no limit',
  ),
  REQUESTS_PER_MINUTE: setting(
    wholeNumber.default(0),
    ['auth-server'],
    'how many requests in a minute one person or agent may send, counted by each process of the auth-server; then 429. 0 for no limit',
  ),
  MAX_LIST_BYTES: setting(
    z.coerce.number().int().min(65_536).default(8_388_608),
    ['relay'],
    'the largest list or event of an MCP server that the relay looks at; larger ones are refused',
  ),
  LOG_LEVEL: setting(
    z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
    servicesAndStandIn,
    '`debug`, `info`, `warn`, `error` or `silent`; no level logs a secret',
  ),
};
