import {
  type Answer,
  anonymously,
  anyThrough,
  byCaller,
  type Case,
  callers,
  complete,
  type Row,
  resultOf,
  rpc,
  type Sent,
} from '../case.ts';

const theme = 'Internal endpoints';
const inside = [
  '/validate',
  '/validate-registry',
  '/mirror-nothing',
  '/-/bad-request',
  '/-/unavailable',
  '/metrics',
  '/debug',
  '/debug/pprof',
  '/nginx_status',
  '/ws/health_status',
  '/ws/stats',
  '/.env',
  '/.git/config',
  '/relay/ended',
  '/relay/bindings',
  '/relay/tasks',
];
const pages = [
  '/',
  '/api/servers',
  '/api/servers/mcpgw',
  '/api/me',
  '/servers/mcpgw',
  '/static/style.css',
  '/v0/servers',
  '/v0.1/servers',
];
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

const listServices = rpc('tools/call', { name: 'list_services', arguments: {} });

/** `mcpgw` answers as the caller that the gateway asserts; forged headers must not change that caller. */
function sameCaller(source: string, name: string, headers: Sent['headers']): Case {
  return {
    theme: 'Impersonation behind the gateway',
    source,
    name,
    needs: ['caller'],
    async send(ctx) {
      const asks = (extra: Sent['headers']) =>
        callers(ctx).map((credential) =>
          ctx.send(complete(ctx.target, { path: '/mcpgw/mcp', body: listServices, headers: extra }, credential)),
        );
      return await Promise.all([...asks({}), ...asks(headers)]);
    },
    // Two equal refusals would prove nothing: the responses must be equal and successful.
    through: (answers) => answers.some((answer) => !isGood(answer)) || new Set(answers.map(textOf)).size !== 1,
  };
}

const textOf = (answer: Answer) => JSON.stringify(resultOf(answer));
const isGood = (answer: Answer) => resultOf(answer) !== undefined && !textOf(answer).includes('"isError":true');

/** The documents that clients trust must never be built from a client's headers. */
const metadata: Case[] = (
  [
    ['x-forwarded-host', 'evil.example"'],
    ['x-forwarded-proto', 'gopher'],
    ['forwarded', 'host=evil.example'],
    ['x-forwarded-prefix', '/evil.example'],
    ['x-original-url', 'https://evil.example/'],
  ] as const
).map(([name, value]) => ({
  theme,
  source: 'CVE-2025-6514',
  name: `metadata and challenge with ${name}: ${value}`,
  needs: [],
  send: (ctx) =>
    Promise.all([
      ctx.send(get('/.well-known/oauth-protected-resource/mcpgw/mcp', { [name]: value })),
      ctx.send(complete(ctx.target, { headers: { [name]: value } })),
      ctx.send(get('/login', { [name]: value })),
    ]),
  through: (answers) =>
    answers.some(({ headers, body }) => /evil\.example|gopher/.test(body + JSON.stringify(headers))),
}));

/** Endpoints that must not be reachable from outside, and the registry, which requires a login. */
export const internalEndpoints: Case[] = [
  ...anonymously(
    theme,
    inside.map((path): Row => ['J16 h3', `${path}, without credentials`, get(path)]),
  ),
  ...byCaller(
    theme,
    inside.map((path): Row => ['J16 h3', path, get(path)]),
  ),
  ...byCaller(
    theme,
    inside
      .slice(0, 3)
      .map((path): Row => ['J16', `POST ${path}`, { path, headers: { 'x-resource': 'mcp', 'x-mcp-server': 'mcpgw' } }]),
  ),
  ...anonymously(
    theme,
    pages.map((path): Row => ['J16', `${path}, without credentials`, get(path)]),
  ),
  ...anonymously(
    theme,
    pages.map(
      (path): Row => [
        'J16 n',
        `${path} with identity headers`,
        get(path, { ...identity, 'x-mcp-assertion': fakeAssertion }),
      ],
    ),
  ),
  ...anonymously(
    theme,
    ['GET', 'POST'].map(
      (method): Row => [
        'J16',
        `a websocket by ${method} at /ws/health_status`,
        {
          method,
          path: '/ws/health_status',
          body: undefined,
          headers: {
            upgrade: 'websocket',
            connection: 'Upgrade',
            origin: 'https://evil.example',
            'content-type': undefined,
          },
        },
      ],
    ),
  ),
  ...byCaller(
    theme,
    injections.map(
      (value): Row => [
        'J12 p6',
        `registering a server at ${JSON.stringify(value)}`,
        {
          path: '/api/servers',
          body: JSON.stringify({
            name: 'pwned',
            title: 'pwned',
            description: 'pwned',
            upstream: value,
            transports: { 'streamable-http': value },
          }),
        },
      ],
    ),
  ),
  ...byCaller(
    theme,
    ['PUT', 'PATCH', 'DELETE'].map(
      (method): Row => [
        'own',
        `${method} on a server in the registry`,
        { method, path: '/api/servers/mcpgw', body: '{}' },
      ],
    ),
  ),
  ...byCaller(theme, [
    ['own', 'a server in the registry by %2e%2e', get('/api/servers/%2e%2e')],
    ['own', 'a file of the registry', get('/static/..%2f..%2fpackage.json')],
    ['own', 'a file of the registry, unencoded', get('/static/../../package.json')],
    ['own', 'a script as the server name', get('/servers/<script>alert(1)</script>')],
    ['own', 'the registry from a page of another origin', get('/api/servers', { origin: 'https://evil.example' })],
  ]),
  {
    theme,
    source: 'own',
    name: 'the registry, framed or fetched with a cookie by another page on this machine',
    needs: ['cookie'],
    send: (ctx) =>
      Promise.all(
        ['same-site', 'cross-site'].map((site) =>
          ctx.send(
            get('/api/servers', { cookie: ctx.credentials.cookie, 'sec-fetch-site': site, 'sec-fetch-dest': 'empty' }),
          ),
        ),
      ),
    through: anyThrough,
  },
  {
    theme,
    source: 'CVE-2024-39315',
    name: 'a token in a response of the registry',
    needs: ['caller'],
    send: (ctx) =>
      Promise.all(
        ['/api/me', '/'].flatMap((path) => callers(ctx).map((credential) => ctx.send(get(path, credential)))),
      ),
    through: (answers) => answers.some(({ body }) => /eyJ[\w-]{8,}/.test(body)),
  },
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
    'x-api-key': 'x',
    'proxy-authorization': 'Bearer x',
  }),
  sameCaller('own', 'a chosen secret of the gateway and a chosen destination', {
    'x-mcp-secret': 'github',
    'x-mcp-upstream': 'https://evil.example',
    X_Mcp_Secret: 'github',
  }),
  {
    theme,
    source: 'own',
    name: 'a response that holds a credential for an upstream server',
    needs: ['caller'],
    send: (ctx) =>
      Promise.all(
        ['/validate', '/mcpgw/mcp', '/api/servers'].flatMap((path) =>
          callers(ctx).map((credential) =>
            ctx.send(
              complete(ctx.target, { path, headers: { 'x-mcp-secret': 'github', 'x-mcp-upstream': 'x' } }, credential),
            ),
          ),
        ),
      ),
    through: (answers) =>
      answers.some(({ headers }) =>
        ['authorization', 'x-api-key', 'x-upstream-authorization', 'x-upstream-api-key'].some(
          (name) => name in headers,
        ),
      ),
  },
];
