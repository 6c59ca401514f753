import * as z from 'zod';
import { origin } from '../../network/origin.ts';
import { servicesAndStandIn, setting } from '../setting.ts';
import { cidrs, networks, origins, path, secretKeys, shippedPath } from '../values.ts';

/** A whole number, 0 for no limit. */
const wholeNumber = z.coerce.number().int().min(0);
const minutes = z.coerce.number('must be minutes, such as 15').positive();
const toolChanges = z.enum(['flag', 'refuse'], 'must be flag or refuse');
/** As other programs write levels: in any letter case, and with the names of Python. */
const logLevel = z
  .string()
  .transform((level) => level.toLowerCase())
  .transform((level) => ({ warning: 'warn', critical: 'fatal' })[level] ?? level)
  .pipe(z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']));
const privateNetworks = '127.0.0.0/8,::1/128,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,fc00::/7';

const trueOrFalse = z.enum(['true', 'false'], 'must be true or false').default('false');

/** The gateway's public address, its limits, and who may do what. */
export const gatewaySettings = {
  REGISTRY_URL: setting(
    origin.default('http://localhost:8080'),
    ['auth-server', 'registry', 'relay', 'hub', 'mcpgw', 'up', 'agents'],
    {
      purpose:
        "the gateway's public address, which is nginx's and never a service's own port. Cookies, callbacks and links are built from it",
    },
  ),
  MCP_REGISTRY_URL: setting(z.string().optional(), ['agents'], {
    purpose:
      'the address where `mcp-gateway agent` finds tools: the server `mcpgw` behind the gateway, or its address for all servers, each at `/mcp` or `/sse`. It goes into `agents/.env.agent`',
    shownDefault: '`REGISTRY_URL` and `/mcpgw/sse`',
  }),
  SECRET_KEY: setting(secretKeys, ['auth-server', 'up'], {
    purpose:
      'encrypts sessions and login attempts; at least 32 characters. `npm run -s secret-key` generates one. `NEW,OLD` changes it without ending sessions: the first encrypts, all decrypt',
    secret: true,
    shownDefault: '(required); `npm run up` generates one at its first start',
  }),
  SESSION_HOURS: setting(z.coerce.number().positive().max(168).default(8), ['auth-server'], {
    purpose: 'the longest life of a session in hours, at most 168',
  }),
  SESSION_IDLE_MINUTES: setting(minutes.default(120), ['auth-server'], {
    purpose: 'minutes without a request after which a session ends',
  }),
  CLIENT_SESSION_DAYS: setting(z.coerce.number().positive().max(365).default(30), ['auth-server'], {
    purpose: "the longest life of an MCP client's access in days, at most 365; then its user logs in again",
  }),
  CLIENT_IDLE_DAYS: setting(z.coerce.number().min(1).max(365).default(14), ['auth-server'], {
    purpose: "days without a request after which an MCP client's access ends",
  }),
  PERSONAL_TOKEN_DAYS: setting(z.coerce.number().int().min(0).max(90).default(90), ['auth-server'], {
    purpose:
      'the longest life in days, at most 90, of a token that a person makes for a client that can only send a header; 0 turns these tokens off, those that exist too',
  }),
  GROUPS_MAX_AGE: setting(minutes.max(1440).default(15), ['auth-server'], {
    purpose:
      'minutes after which the groups of a session are refreshed from the identity provider. A person who is removed from a group or blocked there loses access after this time at most',
  }),
  ALLOW_LOCAL_SESSIONS: setting(trueOrFalse, ['auth-server'], {
    purpose:
      '`true` accepts session cookies that were signed with `SECRET_KEY` outside the gateway ([operations/access.md](operations/access.md#locally-signed-sessions) explains the risk)',
  }),
  ALLOWED_ORIGINS: setting(origins.default([]), ['auth-server', 'up'], {
    purpose: 'other web origins whose pages may call MCP endpoints with a bearer token, separated by commas',
  }),
  PUBLIC_REGISTRY: setting(trueOrFalse, ['auth-server', 'up'], {
    purpose:
      '`true` shows the servers of `PUBLIC_REGISTRY_GROUP` to everyone at `/v0.1/`, without credentials and to pages of any origin, for clients such as VS Code ([api.md](api.md#a-public-registry))',
  }),
  PUBLIC_REGISTRY_GROUP: setting(z.string().min(1).default('public'), ['auth-server'], {
    purpose: 'the group of `scopes.yml` whose `list_service` says what is public',
  }),
  TRUSTED_PROXIES: setting(networks.default([]), ['up'], {
    purpose:
      'load balancers in front of nginx, as addresses or networks separated by commas. `X-Forwarded-For` is trusted only from them; the log and the limits by address use it',
  }),
  SCOPES_FILE: setting(path('scopes.yml'), ['auth-server', 'registry', 'relay'], {
    purpose: 'the policy: who may do what ([scopes.md](scopes.md))',
  }),
  POLICY_EDITABLE: setting(trueOrFalse, ['auth-server', 'registry', 'relay'], {
    purpose:
      '`true` keeps the policy in the database of the auth-server, as versions that people with `edit_policy` change; `SCOPES_FILE` is the first of them ([policy.md](policy.md)). It must be the same for all services',
  }),
  SERVERS_FILE: setting(shippedPath('registry', 'servers.yml'), ['registry', 'up'], {
    purpose:
      'the MCP servers that the registry has at its first start; change them in the registry afterwards. Only the address of `mcpgw` is read from this file at each start',
  }),
  ALLOW_PRIVATE_UPSTREAMS: setting(cidrs(privateNetworks), ['auth-server', 'registry'], {
    purpose: 'private networks in which MCP servers, and providers of accounts at them, may run, separated by commas',
    shownDefault: 'loopback and all private networks',
  }),
  TOOL_CHANGES: setting(toolChanges.default('flag'), ['auth-server', 'relay', 'registry'], {
    purpose:
      'what happens to a tool that is new or that its server has changed: `flag` marks it in the registry; `refuse` also hides it and refuses its calls until it is approved ([tool-changes.md](tool-changes.md))',
  }),
  UPSTREAM_CA_FILE: setting(z.string().optional(), ['auth-server', 'relay', 'registry', 'up'], {
    purpose: 'the CA certificates that verify https MCP servers, and providers of accounts at them',
    shownDefault: "the system's",
  }),
  HEALTH_SECONDS: setting(z.coerce.number().int().min(1).max(120).default(30), ['registry'], {
    purpose:
      'how many seconds a health check waits for the first answers of an MCP server, 1 to 120. A server may have a value of its own ([registry.md](registry.md#health-checks))',
  }),
  HEALTH_INTERVAL_SECONDS: setting(z.coerce.number().int().min(5).max(3_600).default(30), ['registry'], {
    purpose: 'how many seconds after a health check of an MCP server the next one follows, 5 to 3600',
  }),
  UPSTREAM_SECRETS_FILE: setting(z.string().optional(), ['auth-server', 'registry'], {
    purpose:
      'a file of the credentials that the gateway sends to MCP servers ([upstreams.md](upstreams.md#when-your-server-wants-a-credential))',
    shownDefault: 'none',
  }),
  ACCOUNTS_KEY_FILE: setting(z.string().optional(), ['auth-server'], {
    purpose:
      "a file of the keys that lock people's tokens for MCP servers, one in each line: the first locks, all open ([operations/database.md](operations/database.md#keys-of-peoples-accounts)). Needed with `DATABASE_URL`: all machines have the same file",
    shownDefault: '`accounts-keys` in `DATA_DIR`, made when it is first needed',
  }),
  ACCOUNT_IDLE_DAYS: setting(z.coerce.number().min(1).max(365).default(30), ['auth-server'], {
    purpose:
      "days without use after which a person's account at an MCP server is disconnected, and revoked at its provider; 1 to 365",
  }),
  AUDIT_DAYS: setting(z.coerce.number().int().min(1).max(3_650).default(30), ['auth-server'], {
    purpose:
      'for how many days the audit keeps records, 1 to 3650; older days are dropped ([operations/database.md](operations/database.md#the-audit)). Hourly sums stay for a year',
  }),
  AUDIT_MAX_MB: setting(z.coerce.number().int().min(64).default(4_096), ['auth-server'], {
    purpose:
      'the most megabytes that the records of the audit take; beyond them the oldest days are dropped, never today',
  }),
  AUDIT_HEAD_MINUTES: setting(z.coerce.number().int().min(5).max(1_440).default(60), ['auth-server'], {
    purpose: 'how often the auth-servers sign how far their records have come, in minutes, at least 5',
  }),
  ASSERTION_KEY_DAYS: setting(z.coerce.number().min(1).max(365).default(30), ['auth-server'], {
    purpose: 'how many days a key signs the assertions for MCP servers, 1 to 365 ([upstreams.md](upstreams.md))',
  }),
  MAX_BODY_BYTES: setting(z.coerce.number().int().min(1024).default(4_194_304), ['auth-server', 'up'], {
    purpose: 'the largest request body; a larger one is refused, because only a complete request can be checked',
  }),
  CONNECTIONS_PER_ADDRESS: setting(wholeNumber.max(60_000).default(1_000), ['up'], {
    purpose:
      'how many requests and streams one address (one /64 of IPv6) may have open at a time; more get 429. 0 for no limit. An office behind one address needs one for each of its streams ([operations/failures.md](operations/failures.md#limits))',
  }),
  AUTH_FAILURES_PER_CREDENTIAL: setting(wholeNumber.default(60), ['auth-server'], {
    purpose:
      'how often in a minute an address gets the reason why one credential is rejected; after that it gets 429 until the minute is over. 0 for no limit',
  }),
  AUTH_FAILURES_PER_ADDRESS: setting(wholeNumber.default(1_200), ['auth-server'], {
    purpose:
      'how many rejected credentials in a minute an address may send; after that it gets 429 for every token that was not valid in the last hour. 0 for no limit',
  }),
  REQUESTS_PER_MINUTE: setting(wholeNumber.default(0), ['auth-server'], {
    purpose:
      'how many requests in a minute one person or agent may send, counted by each process of the auth-server; more get 429. 0 for no limit',
  }),
  MAX_LIST_BYTES: setting(z.coerce.number().int().min(65_536).default(8_388_608), ['relay'], {
    purpose:
      'the largest answer or event of an MCP server that goes through the relay; a larger one becomes an error that says so',
  }),
  LOG_LEVEL: setting(logLevel.default('info'), servicesAndStandIn, {
    purpose: '`debug`, `info`, `warn`, `error` or `silent`. No level logs a secret',
  }),
};
