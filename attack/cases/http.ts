import {
  anonymously,
  byCaller,
  type Case,
  type Context,
  callers,
  forbiddenCall,
  mcpPath,
  type Row,
  rpc,
} from '../case.ts';

const theme = 'Ambiguous HTTP';
const harmless = rpc('tools/list');
const hosts = [
  'evil.example',
  'a?b',
  'a#b',
  'a]b',
  '[x',
  '[a]b',
  'u@localhost',
  'localhost.evil.example',
  '127.0.0.1.evil.example',
  'x/../y',
  '',
  ' ',
];
const origins = [
  'https://evil.example',
  'null',
  'http://localhost:1',
  'http://localhost.evil.example',
  'file://',
  'https://localhost',
];
const destinations = ['document', 'iframe', 'script', 'worker', 'serviceworker', 'image', 'style'];
const spoofs = [
  'X-Forwarded-Uri',
  'X-Original-URI',
  'X-Original-URL',
  'X-Rewrite-URL',
  'X-Forwarded-Prefix',
  'X-Forwarded-Path',
  'X-Accel-Redirect',
];
const agents = [
  'GoogleHC/1.0',
  'kube-probe/1.30',
  'ELB-HealthChecker/2.0',
  'Consul Health Check',
  'mcp-gateway-registry',
  'nginx',
];
const trusted: Record<string, string> = {
  'x-real-ip': '127.0.0.1',
  'x-forwarded-for': '127.0.0.1',
  forwarded: 'for=127.0.0.1;proto=https',
  'x-forwarded-proto': 'https',
  'x-remote-user': 'admin',
  'remote-user': 'admin',
  'x-auth-request-user': 'admin',
  'x-mcp-assertion': 'x',
  'x-user': 'root',
  'x-username': 'root',
  'x-auth-method': 'jwt',
  'x-upstream-authorization': 'Bearer x',
};
const underscored = Object.fromEntries(
  Object.entries(trusted).map(([name, value]) => [name.replaceAll('-', '_'), value]),
);

/** A request as bytes: the attacker's head, with the forbidden call as default body. */
function raw(source: string, name: string, head: (ctx: Context, length: number) => string[], body?: string): Case {
  return {
    theme,
    source,
    name,
    needs: ['caller'],
    send: (ctx) =>
      Promise.all(
        callers(ctx).map((credential) => {
          const text = body ?? forbiddenCall(ctx.target);
          const own = Object.entries(credential).map(([n, v]) => `${n}: ${v}`);
          const lines = [
            ...head(ctx, Buffer.byteLength(text)),
            ...own,
            'Content-Type: application/json',
            'Connection: close',
          ];
          return ctx.sendBytes([`${lines.join('\r\n')}\r\n\r\n`, text]);
        }),
      ),
    // nginx answers some of these with a page of its own, which is a refusal too.
    through: (answers) =>
      answers.some(({ status }) => status !== 0 && (status < 400 || status >= 500) && status !== 505 && status !== 501),
  };
}

const line = ({ target }: Context) => `POST ${mcpPath(target)} HTTP/1.1`;
const host = ({ target }: Context) => `Host: ${target.url.host}`;
const smuggled = (ctx: Context) =>
  `0\r\n\r\nPOST /mcpgw/mcp HTTP/1.1\r\nHost: ${ctx.target.url.host}\r\nContent-Length: 1\r\n\r\n`;

const bytes: Case[] = [
  raw('§4', 'two Host lines', (c, n) => [line(c), host(c), 'Host: evil.example', `Content-Length: ${n}`]),
  raw('§4', 'two Content-Length lines', (c, n) => [line(c), host(c), `Content-Length: ${n}`, 'Content-Length: 0']),
  raw('§4', 'Content-Length beside Transfer-Encoding', (c, n) => [
    line(c),
    host(c),
    `Content-Length: ${n}`,
    'Transfer-Encoding: chunked',
  ]),
  raw('own', 'Transfer-Encoding with a space before the colon', (c, n) => [
    line(c),
    host(c),
    `Content-Length: ${n}`,
    'Transfer-Encoding : chunked',
  ]),
  raw('own', 'Transfer-Encoding: xchunked', (c) => [line(c), host(c), 'Transfer-Encoding: xchunked']),
  raw('own', 'Transfer-Encoding: chunked, identity', (c) => [line(c), host(c), 'Transfer-Encoding: chunked, identity']),
  raw('own', 'a request inside the body', (c) => [line(c), host(c), `Content-Length: ${smuggled(c).length}`]),
  raw('own', 'a negative Content-Length', (c) => [line(c), host(c), 'Content-Length: -1']),
  raw('own', 'a signed Content-Length', (c, n) => [line(c), host(c), `Content-Length: +${n}`]),
  raw('own', 'no Host', (c, n) => [line(c), `Content-Length: ${n}`]),
  raw('own', 'HTTP/1.0', (c, n) => [line(c).replace('1.1', '1.0'), host(c), `Content-Length: ${n}`]),
  raw('own', 'HTTP/0.9', (c) => [`GET ${mcpPath(c.target)}`]),
  raw('own', 'HTTP/3.0', (c, n) => [line(c).replace('1.1', '3.0'), host(c), `Content-Length: ${n}`]),
  raw('own', 'a method in lower case', (c, n) => [line(c).replace('POST', 'post'), host(c), `Content-Length: ${n}`]),
  raw('own', 'a folded header line', (c, n) => [
    line(c),
    host(c),
    'X-A: b\r\n Content-Length: 0',
    `Content-Length: ${n}`,
  ]),
  raw('own', 'a header line that ends with LF only', (c, n) => [
    line(c),
    host(c),
    `X-A: b\nX-User: root`,
    `Content-Length: ${n}`,
  ]),
  raw('own', 'a NUL in a header', (c, n) => [line(c), host(c), 'X-A: b\0c', `Content-Length: ${n}`]),
  raw('own', 'a space in a header name', (c, n) => [line(c), host(c), 'X-User : root', `Content-Length: ${n}`]),
  raw('CVE-2021-32637', 'control bytes in the path', (c, n) => [
    `POST /\x01${mcpPath(c.target)} HTTP/1.1`,
    host(c),
    `Content-Length: ${n}`,
  ]),
  raw('CVE-2021-32637', 'bytes above ASCII in the path', (c, n) => [
    `POST /\xff${mcpPath(c.target)} HTTP/1.1`,
    host(c),
    `Content-Length: ${n}`,
  ]),
  raw('own', 'CONNECT', (c) => [`CONNECT ${c.target.url.host} HTTP/1.1`, host(c)], ''),
  raw('own', 'TRACE', (c) => [`TRACE ${mcpPath(c.target)} HTTP/1.1`, host(c)], ''),
  raw('own', 'HTTP/2 without negotiation', () => ['PRI * HTTP/2.0'], 'SM\r\n\r\n'),
];

/** Requests that the caller may make, each with one invalid header. */
const invalidHeader: Row[] = [
  ...hosts.map(
    (name): Row => [
      'h2 GHSA-46gc-mwh4-cc5r',
      `Host ${JSON.stringify(name)}`,
      { body: harmless, headers: { host: name } },
    ],
  ),
  ...origins.map((origin): Row => ['CVE-2025-66414', `Origin ${origin}`, { body: harmless, headers: { origin } }]),
  ...destinations.map(
    (to): Row => [
      'own',
      `opened as ${to}`,
      { method: 'GET', headers: { 'sec-fetch-dest': to, 'content-type': undefined } },
    ],
  ),
  [
    'CVE-2026-52870',
    'an upgrade to websocket',
    {
      body: harmless,
      headers: { upgrade: 'websocket', connection: 'Upgrade', 'sec-websocket-key': 'x', 'sec-websocket-version': '13' },
    },
  ],
  [
    'own',
    'an upgrade to h2c',
    {
      body: harmless,
      headers: { upgrade: 'h2c', connection: 'Upgrade, HTTP2-Settings', 'http2-settings': 'AAMAAABkAAQAAP__' },
    },
  ],
  ['own', 'an upgrade to an unknown protocol', { body: harmless, headers: { upgrade: 'x', connection: 'Upgrade' } }],
  ['own', 'a body on GET', { method: 'GET', body: harmless }],
  ['own', 'a body on DELETE', { method: 'DELETE', body: harmless }],
  ['own', 'forty kilobytes of header', { body: harmless, headers: { 'x-a': 'x'.repeat(40_000) } }],
];

/** Requests whose head the parts of a gateway may parse differently or trust. */
export const http: Case[] = [
  ...bytes,
  ...byCaller(theme, invalidHeader),
  ...byCaller(theme, [
    [
      'CVE-2025-48865',
      'identity headers declared hop-by-hop',
      { headers: { connection: 'close, X-User, X-Scopes, X-Mcp-Assertion' } },
    ],
    [
      'CVE-2025-48865',
      'Authorization and Cookie declared hop-by-hop',
      { headers: { connection: 'close, Authorization, Cookie, X-Original-Method' } },
    ],
    [
      'CVE-2025-48865',
      'Content-Length declared hop-by-hop',
      { headers: { connection: 'close, Content-Length, Content-Type' } },
    ],
    ['own', 'Expect: 100-continue', { headers: { expect: '100-continue' } }],
  ]),
  ...anonymously(theme, [
    ...spoofs.flatMap((name): Row[] => [
      ['CVE-2026-40575', `${name}: /login`, { headers: { [name]: '/login' } }],
      ['CVE-2021-32637', `${name}: http://[`, { headers: { [name]: 'http://[' } }],
    ]),
    [
      'CVE-2026-40575',
      'X-Forwarded-Method: OPTIONS',
      { headers: { 'x-forwarded-method': 'OPTIONS', 'x-original-method': 'OPTIONS' } },
    ],
    ...agents.map((agent): Row => ['CVE-2026-34457', `User-Agent ${agent}`, { headers: { 'user-agent': agent } }]),
    [
      'GHSA-vhr5-ggp3-qq85',
      'X-Forwarded-Proto and other headers that gateways trust from proxies',
      { headers: trusted },
    ],
    ['CVE-2025-64484', 'the same with underscores', { headers: underscored }],
    ['CVE-2026-48794', 'a Host with a trailing dot', (t) => ({ headers: { host: `${t.url.hostname}.` } })],
    ['CVE-2026-48794', 'a Host in upper case', (t) => ({ headers: { host: t.url.host.toUpperCase() } })],
  ]),
];
