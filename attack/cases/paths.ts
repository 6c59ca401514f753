import { anonymously, byCaller, type Case, forbiddenCall, listServices, type Row, type Sent } from '../case.ts';

const theme = 'Ambiguous paths';
type Paths = readonly [source: string, path: (server: string) => string][];

/** These look like paths of mcpgw to the check, where the caller may list the services, and lead to the target's server. */
const confusing: Paths = [
  ['J6 h1', (s) => `/mcpgw/../${s}/mcp`],
  ['J6 h1', (s) => `/mcpgw/%2e%2e/${s}/mcp`],
  ['J6 h1', (s) => `/mcpgw/..%2f${s}/mcp`],
  ['J6 h1', (s) => `/mcpgw%2f..%2f${s}/mcp`],
  ['J6', (s) => `/mcpgw/%252e%252e/${s}/mcp`],
  ['J6 h1', (s) => `//mcpgw//..//${s}/mcp`],
  ['J6', (s) => `//${s}/mcp`],
  ['h3', (s) => `/./${s}/mcp`],
  ['J6', (s) => `/%${s.charCodeAt(0).toString(16)}${s.slice(1)}/mcp`],
  ['h3', (s) => `/mcpgw;/../${s}/mcp`],
  ['J6', (s) => `/mcpgw/..;/${s}/mcp`],
  ['h3', (s) => `/${s};x/mcp`],
  ['J6', (s) => `/mcpgw\\..\\${s}\\mcp`],
  ['J6', (s) => `/mcpgw/..%5c${s}/mcp`],
  ['J6', (s) => `/${s.toUpperCase()}/mcp`],
  ['J6', (s) => `/${s}/MCP`],
  ['CVE-2026-41059', (s) => `/${s}/mcp#/mcpgw/mcp`],
  ['CVE-2026-41059', (s) => `/${s}/mcp%23/../../mcpgw/mcp`],
  ['h3', (s) => `/${s}/mcp%3f`],
  ['CVE-2021-32637', (s) => `/${s}/mcp%zz`],
  ['CVE-2021-32637', (s) => `/${s}/mcp%`],
  ['CVE-2021-32637', (s) => `/${s}/mcp%00`],
  ['own', (s) => `/${s}/mcp%0d%0aX-User:root`],
  ['own', (s) => `/${s}/mcp/`],
  ['own', (s) => `/${s}/mcp/..`],
  ['own', (s) => `/${s}/mcp/../mcp`],
  ['own', (s) => `/${s}/mcp/admin`],
  ['own', (s) => `/${s}/admin`],
  ['own', (s) => `/${s}/docs`],
  ['own', (s) => `/${s}/metrics`],
  ['own', (s) => `/${s}/health`],
  ['own', (s) => `/${s}/`],
  ['own', (s) => `/${s}`],
  ['GHSA-p224-6x5r-fjpm', (s) => `/login/../${s}/mcp`],
  ['GHSA-p224-6x5r-fjpm', (s) => `/.well-known/../${s}/mcp`],
  ['GHSA-p224-6x5r-fjpm', (s) => `/.well-known/%2e%2e/${s}/mcp`],
  ['GHSA-p224-6x5r-fjpm', (s) => `/oauth2/..%2f${s}/mcp`],
  ['GHSA-p224-6x5r-fjpm', (s) => `/health/../${s}/mcp`],
  ['GHSA-p224-6x5r-fjpm', (s) => `/static/../${s}/mcp`],
  ['GHSA-p224-6x5r-fjpm', (s) => `/v0/..%2f${s}/mcp`],
];

const query =
  (path: string) =>
  (target: { server: string }): Sent => ({ path: path.replace('SERVER', target.server) });

/** The path selects the server: the checked path must be the routed one. */
export const paths: Case[] = [
  ...byCaller(theme, [
    ...confusing.map(
      ([source, path]): Row => [source, path('SERVER'), (t) => ({ path: path(t.server), body: listServices })],
    ),
    [
      'b',
      'the call in the query string',
      (t) => ({ method: 'POST', path: `/${t.server}/mcp?body=${encodeURIComponent(forbiddenCall(t))}` }),
    ],
    [
      'b',
      'the call in the query string of a GET with a body',
      (t) => ({ method: 'GET', path: `/${t.server}/mcp?x=1`, body: forbiddenCall(t) }),
    ],
    ['CVE-2026-0621', 'a URI of 15000 braces', (t) => ({ path: `/${t.server}/mcp?${'{a}'.repeat(5_000)}` })],
    ['own', 'an absolute-form target', (t) => ({ path: `http://${t.url.host}/mcpgw/../${t.server}/mcp` })],
  ]),
  ...anonymously(theme, [
    ...confusing.map(
      ([source, path]): Row => [source, `${path('SERVER')}, without credentials`, (t) => ({ path: path(t.server) })],
    ),
    ['CVE-2025-54576', 'an open path in the query', query('/SERVER/mcp?x=/login')],
    ['CVE-2025-54576', 'a health check in the query', query('/SERVER/mcp?/health')],
    ['CVE-2025-54576', 'an open path after a fragment', query('/SERVER/mcp#/.well-known/')],
    ['own', 'an absolute-form target on another host', query('http://evil.example/SERVER/mcp')],
  ]),
];
