import { type Answer, resultOf } from '../answer.ts';
import {
  anonymously,
  asCallers,
  byCaller,
  type Case,
  type Context,
  callers,
  caseOf,
  complete,
  listServices,
  type Row,
  type Sent,
} from '../case.ts';

const theme = 'Internal endpoints';
const inside = `/validate /validate-registry /mirror-nothing /-/bad-request /-/unavailable /metrics /debug /debug/pprof
  /nginx_status /ws/health_status /ws/stats /.env /.git/config /relay/ended /relay/bindings /relay/tasks /decisions
  /decisions/sums /decisions/suggest?kind=person /decisions/export?format=csv /policy /policy/source /policy/versions
  /policy/versions/1 /policy/%73ource /oauth2/..%2fpolicy/source /oauth2/../policy/source /account/approvals /relay/rounds
  /relay/accounts /limits /limits/near`.split(/\s+/);
const audit =
  `/audit /audit/new /audit/suggest?kind=person /api/decisions /api/decisions/export?format=ndjson /usage /api/usage
  /people /access`.split(/\s+/);
const pages = '/ /api/servers /api/servers/mcpgw /api/me /servers/mcpgw /static/style.css /v0/servers'.split(' ');
/** What PUBLIC_REGISTRY may open is below /v0.1/, and nothing else is. */
const besidePublic =
  `/v0.1/../api/servers /v0.1/%2e%2e/api/servers /v0.1/..%2fapi/servers /v0.1/x/../../api/me /v0.1//api/me
  /v0.1/api/servers /v0.1/me /v0.1%2fservers/../api/me /V0.1/servers /api/v0.1/servers /-/live?/v0.1/ /?/v0.1/servers`.split(
    /\s+/,
  );
const get = (path: string, headers: Sent['headers'] = {}): Sent => ({
  method: 'GET',
  path,
  headers: { accept: 'application/json', ...headers },
});
const identity = {
  'x-user': 'root',
  'x-username': 'root',
  'x-groups': 'mcp-registry-admin',
  'x-scopes': 'mcp-registry-admin',
  'x-auth-method': 'session_cookie',
};
const fakeAssertion = 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJyb290IiwiZ3JvdXBzIjpbIm1jcC1yZWdpc3RyeS1hZG1pbiJdfQ.';
const injections = [
  '/x { } location /pwned { return 200',
  '/x\n',
  '/x;',
  '/$host',
  'http://169.254.169.254/',
  'http://[::ffff:7f00:1]/',
];

/** `mcpgw` answers as the caller that the gateway asserts; forged headers must not change that caller. */
function sameCaller(source: string, name: string, headers: Sent['headers']): Case {
  return caseOf('Impersonation behind the gateway')(
    source,
    name,
    ['caller'],
    asCallers(...[{}, headers].map((extra) => ({ path: '/mcpgw/mcp', body: listServices, headers: extra }))),
    // Two equal refusals would prove nothing: the responses must be equal and successful.
    (answers) => answers.some((answer) => !isGood(answer)) || new Set(answers.map(serversOf)).size !== 1,
  );
}

/** The servers that an answer shows, without what a health check between two requests changes. */
function serversOf(answer: Answer): string {
  const { structuredContent } = resultOf(answer) as { structuredContent?: { services?: object[] } };
  return JSON.stringify(structuredContent?.services ?? resultOf(answer), (name, value) =>
    name === 'status' || name === 'checked_at' ? undefined : value,
  );
}

const textOf = (answer: Answer) => JSON.stringify(resultOf(answer));
const isGood = (answer: Answer) => resultOf(answer) !== undefined && !textOf(answer).includes('"isError":true');

/** The documents that clients trust must never be built from a client's headers. */
const metadata: Case[] = Object.entries({
  'x-forwarded-host': 'evil.example"',
  'x-forwarded-proto': 'gopher',
  forwarded: 'host=evil.example',
  'x-forwarded-prefix': '/evil.example',
  'x-original-url': 'https://evil.example/',
}).map(([name, value]) =>
  caseOf(theme)(
    'CVE-2025-6514',
    `metadata and challenge with ${name}: ${value}`,
    [],
    (ctx) =>
      Promise.all([
        ctx.send(get('/.well-known/oauth-protected-resource/mcpgw/mcp', { [name]: value })),
        ctx.send(get('/.well-known/oauth-authorization-server', { [name]: value })),
        ctx.send(complete(ctx.target, { headers: { [name]: value } })),
        ctx.send(get('/login', { [name]: value })),
      ]),
    (answers) => answers.some(({ headers, body }) => /evil\.example|gopher/.test(body + JSON.stringify(headers))),
  ),
);

const websocket = {
  upgrade: 'websocket',
  connection: 'Upgrade',
  origin: 'https://evil.example',
  'content-type': undefined,
};
const registration = (upstream: string): Sent => ({
  path: '/api/servers',
  body: JSON.stringify({
    name: 'pwned',
    title: 'pwned',
    description: 'pwned',
    upstream,
    transports: { 'streamable-http': upstream },
  }),
});
const foreignPage = ({ credentials: { cookie } }: Context, site: string) =>
  get('/api/servers', { cookie, 'sec-fetch-site': site, 'sec-fetch-dest': 'empty' });
const upstreamCredentials = [
  ...['authorization', 'x-api-key'],
  ...['x-upstream-authorization', 'x-upstream-api-key', 'x-upstream-credentials'],
];

/** Endpoints that must not be reachable from outside, and the registry, which requires a login. */
export const internalEndpoints: Case[] = [
  ...anonymously(theme, [
    ...inside.map((path): Row => ['J16 h3', `${path}, without credentials`, get(path)]),
    ...[...pages, ...audit].flatMap((path): Row[] => [
      ['J16', `${path}, without credentials`, get(path)],
      ['J16 n', `${path} with identity headers`, get(path, { ...identity, 'x-mcp-assertion': fakeAssertion })],
    ]),
    ...besidePublic.map((path): Row => ['own', `${path}, without credentials`, get(path)]),
    ['own', 'publishing without credentials', { path: '/v0.1/publish', body: '{}' }],
    ['own', 'POST to a public list', { path: '/v0.1/servers', body: '{}' }],
    ...['GET', 'POST'].map(
      (method): Row => [
        'J16',
        `a websocket by ${method} at /ws/health_status`,
        { method, path: '/ws/health_status', body: undefined, headers: websocket },
      ],
    ),
  ]),
  ...byCaller(theme, [
    ...inside.map((path): Row => ['J16 h3', path, get(path)]),
    // What a caller has called, and what others have, is for those with view_audit.
    ...audit.slice(3, 5).map((path): Row => ['own', `${path}, without view_audit`, get(path)]),
    ...inside
      .slice(0, 3)
      .map((path): Row => ['J16', `POST ${path}`, { path, headers: { 'x-resource': 'mcp', 'x-mcp-server': 'mcpgw' } }]),
    ...injections.map(
      (value): Row => ['J12 p6', `registering a server at ${JSON.stringify(value)}`, registration(value)],
    ),
    ...['PUT', 'PATCH', 'DELETE'].map(
      (method): Row => [
        'own',
        `${method} on a server in the registry`,
        { method, path: '/api/servers/mcpgw', body: '{}' },
      ],
    ),
    ['own', 'a server in the registry by %2e%2e', get('/api/servers/%2e%2e')],
    ['own', 'a file of the registry', get('/static/..%2f..%2fpackage.json')],
    ['own', 'a file of the registry, unencoded', get('/static/../../package.json')],
    ['own', 'a script as the server name', get('/servers/<script>alert(1)</script>')],
    ['own', 'the registry from a page of another origin', get('/api/servers', { origin: 'https://evil.example' })],
  ]),
  caseOf(theme)(
    'J16 n',
    'identity headers and credentials of another page at what may be public',
    ['cookie'],
    (ctx) =>
      Promise.all(
        [
          get('/v0.1/servers'),
          get('/v0.1/servers', { ...identity, 'x-mcp-assertion': fakeAssertion }),
          get('/v0.1/servers', { cookie: ctx.credentials.cookie, origin: 'https://evil.example' }),
          get('/v0.1/servers', { cookie: ctx.credentials.cookie, 'sec-fetch-site': 'cross-site' }),
        ].map((sent) => ctx.send(sent)),
      ),
    // Each is refused, or each shows the same list, which is public.
    (answers) => new Set(answers.map(({ status, body }) => (status === 200 ? body : 'refused'))).size !== 1,
  ),
  caseOf(theme)(
    'own',
    'the registry, framed or fetched with a cookie by another page on this machine',
    ['cookie'],
    (ctx) => Promise.all(['same-site', 'cross-site'].map((site) => ctx.send(foreignPage(ctx, site)))),
  ),
  caseOf(theme)(
    'CVE-2024-39315',
    'a token in a response of the registry',
    ['caller'],
    (ctx) => Promise.all(['/api/me', '/'].flatMap((path) => callers(ctx).map((one) => ctx.send(get(path, one))))),
    (answers) => answers.some(({ body }) => /eyJ[\w-]{8,}/.test(body)),
  ),
  ...metadata,
  sameCaller('n', 'X-User and the other identity headers', identity),
  sameCaller('n', 'X-User in two lines', { 'x-user': ['root', 'admin'], 'x-scopes': ['mcp-registry-admin', '*'] }),
  sameCaller('CVE-2025-64484', 'X_User and the other identity headers', {
    X_User: 'root',
    X_Mcp_Assertion: fakeAssertion,
  }),
  sameCaller('GHSA-g53w-w6mj-hrpp', 'a forged assertion', { 'x-mcp-assertion': fakeAssertion }),
  sameCaller('GHSA-g53w-w6mj-hrpp', 'a forged relay ticket', { 'x-relay': fakeAssertion, X_Relay: '1' }),
  sameCaller('CVE-2025-48865', 'Connection: X-Mcp-Assertion', { connection: 'close, X-Mcp-Assertion, X-User' }),
  sameCaller('J14', 'a credential for the upstream server', {
    'x-upstream-authorization': 'Bearer x',
    'x-upstream-api-key': 'x',
    'x-upstream-credentials': 'x-key:x',
    'x-api-key': 'x',
    'proxy-authorization': 'Bearer x',
  }),
  sameCaller('own', 'a chosen secret of the gateway and a chosen destination', {
    'x-mcp-secret': 'github',
    'x-mcp-upstream': 'https://evil.example',
    X_Mcp_Secret: 'github',
  }),
  caseOf(theme)(
    'own',
    'a response that holds a credential for an upstream server',
    ['caller'],
    asCallers(
      ...['/validate', '/mcpgw/mcp', '/api/servers'].map((path) => ({
        path,
        headers: { 'x-mcp-secret': 'github', 'x-mcp-upstream': 'x' },
      })),
    ),
    (answers) => answers.some(({ headers }) => upstreamCredentials.some((name) => name in headers)),
  ),
];
