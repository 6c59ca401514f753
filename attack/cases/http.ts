import { throughUnless } from '../answer.ts';
import {
  anonymously,
  byCaller,
  type Case,
  type Context,
  callers,
  caseOf,
  forbiddenCall,
  listTools,
  mcpPath,
  type Row,
  type Sent,
} from '../case.ts';

const theme = 'Ambiguous HTTP';
const hosts = [
  ...'evil.example a?b a#b a]b [x [a]b u@localhost localhost.evil.example 127.0.0.1.evil.example x/../y'.split(' '),
  '',
  ' ',
];
const origins =
  'https://evil.example null http://localhost:1 http://localhost.evil.example file:// https://localhost'.split(' ');
const destinations = 'document iframe script worker serviceworker image style'.split(' ');
const spoofs = `X-Forwarded-Uri X-Original-URI X-Original-URL X-Rewrite-URL X-Forwarded-Prefix X-Forwarded-Path
  X-Accel-Redirect`.split(/\s+/);
const agents = [
  ...'GoogleHC/1.0 kube-probe/1.30 ELB-HealthChecker/2.0 mcp-gateway-registry nginx'.split(' '),
  'Consul Health Check',
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
  return caseOf(theme)(
    source,
    name,
    ['caller'],
    (ctx) =>
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
    throughUnless(400, 501, 505),
  );
}

const line = ({ target }: Context) => `POST ${mcpPath(target)} HTTP/1.1`;
const host = ({ target }: Context) => `Host: ${target.url.host}`;
/** A request whose head has these lines after the request line and Host, with the right Content-Length last. */
const withLength = (source: string, name: string, ...lines: string[]) =>
  raw(source, name, (c, n) => [line(c), host(c), ...lines, `Content-Length: ${n}`]);
/** The same without a Content-Length. */
const withoutLength = (name: string, ...lines: string[]) => raw('own', name, (c) => [line(c), host(c), ...lines]);
const smuggled = (ctx: Context) =>
  `0\r\n\r\nPOST /mcpgw/mcp HTTP/1.1\r\nHost: ${ctx.target.url.host}\r\nContent-Length: 1\r\n\r\n`;

const bytes: Case[] = [
  withLength('§4', 'two Host lines', 'Host: evil.example'),
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
  withoutLength('Transfer-Encoding: xchunked', 'Transfer-Encoding: xchunked'),
  withoutLength('Transfer-Encoding: chunked, identity', 'Transfer-Encoding: chunked, identity'),
  raw('own', 'a request inside the body', (c) => [line(c), host(c), `Content-Length: ${smuggled(c).length}`]),
  withoutLength('a negative Content-Length', 'Content-Length: -1'),
  raw('own', 'a signed Content-Length', (c, n) => [line(c), host(c), `Content-Length: +${n}`]),
  raw('own', 'no Host', (c, n) => [line(c), `Content-Length: ${n}`]),
  raw('own', 'HTTP/1.0', (c, n) => [line(c).replace('1.1', '1.0'), host(c), `Content-Length: ${n}`]),
  raw('own', 'HTTP/0.9', (c) => [`GET ${mcpPath(c.target)}`]),
  raw('own', 'HTTP/3.0', (c, n) => [line(c).replace('1.1', '3.0'), host(c), `Content-Length: ${n}`]),
  raw('own', 'a method in lower case', (c, n) => [line(c).replace('POST', 'post'), host(c), `Content-Length: ${n}`]),
  withLength('own', 'a folded header line', 'X-A: b\r\n Content-Length: 0'),
  withLength('own', 'a header line that ends with LF only', `X-A: b\nX-User: root`),
  withLength('own', 'a NUL in a header', 'X-A: b\0c'),
  withLength('own', 'a space in a header name', 'X-User : root'),
  ...[
    ['control bytes in the path', '\x01'],
    ['bytes above ASCII in the path', '\xff'],
  ].map(([name = '', byte]) =>
    raw('CVE-2021-32637', name, (c, n) => [line(c).replace('/', `/${byte}/`), host(c), `Content-Length: ${n}`]),
  ),
  raw('own', 'CONNECT', (c) => [`CONNECT ${c.target.url.host} HTTP/1.1`, host(c)], ''),
  raw('own', 'TRACE', (c) => [`TRACE ${mcpPath(c.target)} HTTP/1.1`, host(c)], ''),
  raw('own', 'HTTP/2 without negotiation', () => ['PRI * HTTP/2.0'], 'SM\r\n\r\n'),
];

const listWith = (headers: Sent['headers']): Sent => ({ body: listTools, headers });
const openedAs = (to: string) => ({ 'sec-fetch-dest': to, 'content-type': undefined });
/** The gateway drops an offered upgrade (RFC 9110 section 7.8), so this is the call that the caller may not make. */
const upgrade = (to: string, headers = {}): Sent => ({ headers: { upgrade: to, connection: 'Upgrade', ...headers } });

/** Requests that the caller may make, each with one invalid header, and upgrades. */
const invalidHeader: Row[] = [
  ...hosts.map((host): Row => ['h2 GHSA-46gc-mwh4-cc5r', `Host ${JSON.stringify(host)}`, listWith({ host })]),
  ...origins.map((origin): Row => ['CVE-2025-66414', `Origin ${origin}`, listWith({ origin })]),
  ...destinations.map((to): Row => ['own', `opened as ${to}`, { method: 'GET', headers: openedAs(to) }]),
  [
    'CVE-2026-52870',
    'an upgrade to websocket',
    upgrade('websocket', { 'sec-websocket-key': 'x', 'sec-websocket-version': '13' }),
  ],
  [
    'own',
    'an upgrade to h2c',
    upgrade('h2c', { connection: 'Upgrade, HTTP2-Settings', 'http2-settings': 'AAMAAABkAAQAAP__' }),
  ],
  ['own', 'an upgrade to an unknown protocol', upgrade('x')],
  ['own', 'a body on GET', { method: 'GET', body: listTools }],
  ['own', 'a body on DELETE', { method: 'DELETE', body: listTools }],
  ['own', 'forty kilobytes of header', listWith({ 'x-a': 'x'.repeat(40_000) })],
];

const hopByHop = (what: string, names: string): Row => [
  'CVE-2025-48865',
  `${what} declared hop-by-hop`,
  { headers: { connection: `close, ${names}` } },
];

/** Requests whose head the parts of a gateway may parse differently or trust. */
export const http: Case[] = [
  ...bytes,
  ...byCaller(theme, invalidHeader),
  ...byCaller(theme, [
    hopByHop('identity headers', 'X-User, X-Scopes, X-Mcp-Assertion'),
    hopByHop('Authorization and Cookie', 'Authorization, Cookie, X-Original-Method'),
    hopByHop('Content-Length', 'Content-Length, Content-Type'),
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
