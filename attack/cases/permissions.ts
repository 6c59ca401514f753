import { throughUnless } from '../answer.ts';
import {
  anonymously,
  byCaller,
  type Case,
  caseOf,
  complete,
  initialize,
  listServices,
  listTools,
  type Row,
  rpc,
} from '../case.ts';

const theme = 'Missing permissions';
const versions = [...'2024-11-05 2025-03-26 2025-06-18 2025-11-25 2026-07-28 9999-01-01 latest'.split(' '), '', 'x\tx'];
const unknown = 'admin/reset tools/delete tools/call/x initialize/tools/call rpc.discover sampling/createMessage'.split(
  ' ',
);

const withoutPermission: Row[] = [
  ['J2 a', 'lists tools', { body: listTools }],
  ['J2 a', 'calls a tool', {}],
  ['J2 a', 'initializes', { body: initialize }],
  ['J2 a', 'opens the stream', { method: 'GET' }],
  ['J2 b', 'ends a session', { method: 'DELETE' }],
  ['J2 a', 'opens a legacy stream', (t) => ({ method: 'GET', path: `/${t.server}/sse` })],
  ['J2 a', 'posts to a legacy stream', (t) => ({ path: `/${t.server}/messages?sessionId=x` })],
  ['J2 a', 'asks mcpgw for servers', { path: '/mcpgw/mcp', body: listServices }],
];

/** Requests of signed-in callers beyond their permissions. */
export const permissions: Case[] = [
  ...byCaller(theme, [
    ['control of J', 'the call itself', {}],
    ...versions.map(
      (version): Row => [
        'CVE-2026-11719',
        `the call with MCP-Protocol-Version ${JSON.stringify(version)}`,
        { headers: { 'mcp-protocol-version': version } },
      ],
    ),
    ...unknown.map((method): Row => ['p10', `the method ${method}`, { body: rpc(method, {}) }]),
    ['own', 'Mcp-Method says tools/list', { headers: { 'mcp-method': 'tools/list' } }],
    ['own', 'Mcp-Name says another tool', { headers: { 'mcp-method': 'tools/call', 'mcp-name': 'list_services' } }],
    [
      'own',
      'a list with Mcp-Method: tools/call',
      (t) => ({ body: listTools, headers: { 'mcp-method': 'tools/call', 'mcp-name': t.tool } }),
    ],
    ['own', 'Mcp-Method in two lines', { headers: { 'mcp-method': ['tools/list', 'tools/call'] } }],
    ['own', 'MCP-Protocol-Version in two lines', { headers: { 'mcp-protocol-version': ['2025-06-18', '2026-07-28'] } }],
    ['own', 'another method by X-HTTP-Method-Override', { headers: { 'x-http-method-override': 'GET' } }],
    ['own', 'the call at the legacy endpoint', (t) => ({ path: `/${t.server}/messages?sessionId=x` })],
    ['own', 'the call by PUT', { method: 'PUT', body: '{}' }],
    ['own', 'the call by a made-up method', { method: 'SEARCH', body: '{}' }],
    ['own', 'the call by PROPFIND', { method: 'PROPFIND' }],
    [
      'own',
      'a tool of mcpgw that changes the registry',
      { path: '/mcpgw/mcp', body: rpc('tools/call', { name: 'register_service', arguments: {} }) },
    ],
    ['own', 'a server that the caller was not granted', { path: '/nowhere/mcp' }],
    ['own', 'a server named *', { path: '/*/mcp' }],
    ['own', 'a server named all', { path: '/all/mcp' }],
    [
      'own',
      'another method in _meta',
      (t) => ({ body: rpc('tools/call', { name: t.tool, arguments: t.args, _meta: { method: 'tools/list' } }) }),
    ],
    [
      'CVE-2026-52870',
      "another caller's task",
      { body: rpc('tasks/result', { taskId: '00000000-0000-4000-8000-000000000000' }) },
    ],
    ['CVE-2026-52870', "cancelling another caller's task", { body: rpc('tasks/cancel', { taskId: '1' }) }],
    [
      'd',
      'X-User-Pool-Id, X-Client-Id and X-Region',
      { headers: { 'x-user-pool-id': 'us-east-1_ATTACKER', 'x-client-id': 'x', 'x-region': 'us-east-1' } },
    ],
    [
      'n',
      'X-Scopes with everything',
      {
        headers: { 'x-scopes': 'mcp-servers-unrestricted/execute', 'x-groups': 'mcp-registry-admin', 'x-user': 'root' },
      },
    ],
    [
      'CVE-2025-64484',
      'X_Scopes with everything',
      { headers: { X_Scopes: 'mcp-servers-unrestricted/execute', X_User: 'root' } },
    ],
    [
      'GHSA-g53w-w6mj-hrpp',
      'forged X-Mcp-Server, X-Mcp-Routed and X-Resource',
      {
        headers: {
          'x-mcp-server': 'mcpgw',
          'x-mcp-routed': '1',
          'x-resource': 'registry',
          'x-original-method': 'OPTIONS',
        },
      },
    ],
  ]),
  ...anonymously(
    theme,
    withoutPermission.map(([source, name, sent]) => [
      source,
      `a caller without any permission ${name}`,
      (target, ctx) =>
        complete(target, typeof sent === 'function' ? sent(target, ctx) : sent, {
          cookie: String(ctx.credentials.ungroupedCookie),
        }),
    ]),
    ['ungroupedCookie'],
  ),
  caseOf(theme)(
    'own',
    'one hundred concurrent calls',
    ['token'],
    (ctx) => {
      const sent = complete(ctx.target, {}, { authorization: `Bearer ${ctx.credentials.token}` });
      return Promise.all(Array.from({ length: 100 }, () => ctx.send(sent)));
    },
    // Some of many concurrent requests may get 503; none may pass.
    throughUnless(503),
  ),
];
