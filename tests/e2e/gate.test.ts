import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { withoutStatements } from '../support/audit/statements-in-log.ts';
import { type Gateway, startGateway } from '../support/gateway/gateway.ts';
import { rpc, type Sent, send, sendBytes, verdictOf } from '../support/gateway/send.ts';

let gateway: Gateway;
let admin: Record<string, string>;
let carol: Record<string, string>;
const json = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
const call = rpc('tools/call', { name: 'delete_everything' });

beforeAll(async () => {
  gateway = await startGateway({ ALLOWED_ORIGINS: 'https://tools.example.com' });
  admin = { ...json, authorization: `Bearer ${await gateway.agentToken()}` };
  carol = { ...json, cookie: await gateway.sessionCookie('carol') };
}, 180_000);
afterAll(() => gateway?.stop());
beforeEach(() => gateway.echo.reset());

const ask = (sent: Sent) => send(gateway.ports.gateway, sent);

test('An allowed call reaches the upstream once, and its answer comes back', async () => {
  const answer = await ask({ path: '/echo/mcp', headers: admin, body: call });
  expect(answer.status).toBe(200);
  expect(JSON.parse(answer.body)).toEqual({ jsonrpc: '2.0', id: 1, result: {} });
  expect(gateway.echo.seen.map(({ method, url, body }) => [method, url, body])).toEqual([['POST', '/mcp', call]]);
});

test.each([
  ['dot segments', '/currenttime/../echo/mcp'],
  ['encoded dot segments', '/currenttime/%2e%2e/echo/mcp'],
  ['an encoded slash', '/currenttime/..%2fecho/mcp'],
  ['a double encoding', '/currenttime/%252e%252e/echo/mcp'],
  ['doubled slashes', '//currenttime//..//echo/mcp'],
  ['a leading double slash', '//echo/mcp'],
  ['a single dot', '/./echo/mcp'],
  ['an encoded letter', '/%65cho/mcp'],
  ['an encoded question mark', '/echo/mcp%3f'],
  ['a semicolon', '/currenttime;/../echo/mcp'],
  ['a backslash', '/currenttime\\..\\echo\\mcp'],
  ['a fragment', '/echo/mcp#/currenttime/mcp'],
  ['a broken escape', '/echo/%zz/mcp'],
  ['upper case', '/Echo/mcp'],
  ['a trailing slash', '/echo/mcp/'],
  ['an endpoint that is not on the list', '/echo/admin'],
  ['a deeper path', '/echo/mcp/admin'],
])('carol, who may use currenttime only, does not reach echo by %s (%s)', async (_what, path) => {
  const answer = await ask({ path, headers: carol, body: call });
  if (verdictOf(answer) !== 'not_permitted') expect(String(answer.status)).toMatch(/^4/);
  expect(answer.headers['content-type']).toContain('application/json');
  expect(gateway.echo.seen).toEqual([]);
});

/** Every spelling of these in a path that may contain %2F: a slash, a dot segment, an empty segment. */
const slashes = ['/', '%2F', '%2f'];
const dots = ['..', '.', '%2e%2e', '.%2E', '..;', '%252e%252e', '..%00', '%c0%ae%c0%ae', '..%5c', '..\\'];
const spellings = ['/v0', '/v0.1'].flatMap((prefix) =>
  slashes.flatMap((before) => [
    ...dots.flatMap((dot) => slashes.map((after) => `${prefix}${before}${dot}${after}echo/mcp`)),
    ...slashes.map((after) => `${prefix}/servers${before}${after}echo/mcp`),
    ...['..', '.'].map((dot) => `${prefix}/servers/a${before}${dot}`),
  ]),
);

test('Dot segments and empty segments next to an encoded slash are no canonical path, in every spelling', async () => {
  expect(spellings.length).toBeGreaterThan(200);
  for (const path of spellings) {
    const answer = await ask({ path, headers: admin, body: call });
    expect([path, answer.status, answer.body]).toEqual([
      path,
      400,
      expect.stringMatching(/uri_not_canonical|bad_request/),
    ]);
  }
  expect(gateway.echo.seen).toEqual([]);
  const named = await ask({ method: 'GET', path: '/v0/servers/io.github.a%2Fb..c/versions/1.0%2B1', headers: admin });
  expect(named.status).toBe(404);
  expect(named.body).not.toContain('uri_not_canonical');
});

test.each<[string, number, Partial<Sent>]>([
  ['a gzip body', 415, { headers: { 'content-encoding': 'gzip' }, body: gzipSync(call) }],
  ['charset=utf-7', 415, { headers: { 'content-type': 'application/json; charset=utf-7' } }],
  ['charset=utf-16', 415, { headers: { 'content-type': 'application/json;charset=utf-16' } }],
  ['two charsets', 415, { headers: { 'content-type': 'application/json; charset=utf-8; charset=utf-7' } }],
  ['text/plain', 415, { headers: { 'content-type': 'text/plain' } }],
  ['a form', 415, { headers: { 'content-type': 'application/x-www-form-urlencoded' } }],
  ['a body on GET', 400, { method: 'GET' }],
  ['a body on DELETE', 400, { method: 'DELETE' }],
  ['PUT', 400, { method: 'PUT' }],
  ['PATCH without a body', 405, { method: 'PATCH', body: '' }],
  ['HEAD', 405, { method: 'HEAD', body: '' }],
  ['a page navigation', 400, { headers: { 'sec-fetch-dest': 'document' } }],
  ['a frame', 400, { headers: { 'sec-fetch-dest': 'iframe' } }],
  ['a script', 400, { headers: { 'sec-fetch-dest': 'script' } }],
  ['a service worker', 400, { headers: { 'sec-fetch-dest': 'serviceworker' } }],
  ['a foreign Origin', 403, { headers: { origin: 'https://evil.example' } }],
  ['a batch', 400, { body: `[${call}]` }],
  ['an empty body', 400, { body: '' }],
  [
    'a key twice',
    400,
    { body: `{"jsonrpc":"2.0","id":1,"method":"tools/list","method":"tools/call","params":{"name":"x"}}` },
  ],
  ['a byte order mark', 400, { body: `\ufeff${call}` }],
  ['a body over the limit', 413, { body: rpc('tools/call', { name: 'x', arguments: { a: 'x'.repeat(4_200_000) } }) }],
])('The agent that may do everything sends %s and gets %i in JSON', async (_what, status, sent) => {
  const { body = call, headers, ...rest } = sent;
  const answer = await ask({
    path: '/echo/mcp',
    ...rest,
    headers: { ...admin, ...headers },
    ...(body !== '' && { body }),
  });
  expect(answer.status).toBe(status);
  if (sent.method !== 'HEAD') expect(JSON.parse(answer.body)).toHaveProperty('error');
  expect(gateway.echo.seen).toEqual([]);
});

test.each(['/echo/mcp/', '/echo/', '/echo', '/echo?a=b'])('The address %s is the same as /echo/mcp', async (path) => {
  const refused = await ask({ path, headers: json, body: call });
  expect(refused.status).toBe(401);
  const metadata = /resource_metadata="([^"]+)"/.exec(String(refused.headers['www-authenticate']))?.[1] ?? '';
  const document = await ask({ method: 'GET', path: new URL(metadata).pathname });
  const { resource } = JSON.parse(document.body);
  expect(`${gateway.url}${path.replace(/\?.*/, '')}`).toMatch(new RegExp(`^${resource}/?$`));
  const preflight = { origin: 'https://tools.example.com', 'access-control-request-method': 'POST' };
  expect((await ask({ method: 'OPTIONS', path, headers: preflight })).status).toBe(204);
  expect((await ask({ path, headers: carol, body: call })).status).not.toBe(404);
  expect(gateway.echo.seen).toEqual([]);
  expect((await ask({ path, headers: admin, body: call })).status).toBe(200);
  expect(gateway.echo.seen.map(({ method, url, body }) => [method, url.replace(/\?.*/, ''), body])).toEqual([
    ['POST', '/mcp', call],
  ]);
});

test.each([
  'application/json ; charset=utf-8',
  'application/json;  charset=utf-8',
  'application/json; charset=utf8',
  'application/json;',
  'application/json; charset="UTF-8";',
  'Application/JSON',
])('The media type may be spelled as %j', async (type) => {
  expect((await ask({ path: '/echo/mcp', headers: { ...admin, 'content-type': type }, body: call })).status).toBe(200);
  expect(gateway.echo.seen[0]?.headers['content-type']).toBe('application/json');
});

test('A preflight of an allowed origin may ask for any header, and of another origin for none', async () => {
  const names = 'authorization,mcp-param-region,traceparent,x-mcp-toolsets';
  const preflight = (origin: string, asked = names) =>
    ask({ method: 'OPTIONS', path: '/echo/mcp', headers: { origin, 'access-control-request-headers': asked } });
  const allowed = 'access-control-allow-headers';
  expect((await preflight('https://tools.example.com')).headers[allowed]).toBe(names);
  expect((await preflight('https://tools.example.com', 'a"b')).headers[allowed]).toMatch(/^Authorization, /);
  expect((await preflight('https://evil.example')).headers[allowed]).toBeUndefined();
});

test.each(['10.1.2.3', 'node-7.internal:8080', ''])(
  'A load balancer gets /health under the Host %j, and only that',
  async (host) => {
    const head = (path: string) => `GET ${path} HTTP/1.0\r\n${host && `Host: ${host}\r\n`}\r\n`;
    expect(await sendBytes(gateway.ports.gateway, [head('/health')])).toMatch(/^HTTP\/1.1 200 [\s\S]*"status":"up"/);
    for (const path of ['/', '/echo/mcp', '/health/x', '/oauth2/providers'])
      expect(await sendBytes(gateway.ports.gateway, [head(path)])).toMatch(/^HTTP\/1.1 421 /);
  },
);

test.each([
  ['/rights/', 404],
  ['/nothing/here', 404],
  ['/docs', 404],
  ['/echo/mcp', 400],
])('A browser that opens %s gets a page', async (path, status) => {
  const browser = { accept: 'text/html,*/*;q=0.8', 'sec-fetch-dest': 'document', 'sec-fetch-mode': 'navigate' };
  const answer = await ask({ method: 'GET', path, headers: browser });
  expect([answer.status, answer.headers['content-type']]).toEqual([status, 'text/html']);
});

test('A script of a page without credentials gets 401, htmx with the address of the login', async () => {
  const get = (headers: Record<string, string>) =>
    ask({ method: 'GET', path: '/rights', headers: { accept: 'text/html', ...headers } });
  expect((await get({ 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' })).status).toBe(302);
  expect((await get({})).status).toBe(302);
  expect(await get({ 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' })).toMatchObject({ status: 401 });
  expect((await get({ 'hx-request': 'true' })).headers['hx-redirect']).toBe('/login');
  expect((await get({ 'hx-request': 'true' })).status).toBe(401);
});

test('A body that arrives in one-byte chunks is judged as a whole or refused, never passed unseen', async () => {
  const body = JSON.stringify({
    jsonrpc: '2.0',
    id: 1,
    method: 'tools/call',
    params: { name: 'x', arguments: { a: 'y'.repeat(20_000) } },
  });
  const head = `POST /echo/mcp HTTP/1.1\r\nHost: localhost:${gateway.ports.gateway}\r\nCookie: ${carol.cookie}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n`;
  const answer = await sendBytes(gateway.ports.gateway, [head, ...[...body].map((c) => `1\r\n${c}\r\n`), '0\r\n\r\n']);
  expect(answer).toMatch(/^HTTP\/1.1 (200|400|413) /);
  expect(gateway.echo.seen).toEqual([]);
});

test.each([
  ['two Authorization lines', 'Authorization: Bearer a\r\nAuthorization: Bearer b\r\nContent-Length: 0'],
  ['two Host lines', 'Host: localhost\r\nContent-Length: 0'],
  ['Content-Length beside Transfer-Encoding', 'Content-Length: 4\r\nTransfer-Encoding: chunked'],
])('A request with %s is rejected as invalid HTTP', async (_what, lines) => {
  const head = `POST /echo/mcp HTTP/1.1\r\nHost: localhost:${gateway.ports.gateway}\r\n${lines}\r\nConnection: close\r\n\r\n`;
  expect(await sendBytes(gateway.ports.gateway, [head])).toMatch(/^HTTP\/1.1 400 [\s\S]*"error"/);
});

test.each(['evil.example', 'a?b', 'localhost.evil.example', '127.0.0.1', 'u@localhost'])(
  'A Host that is not ours (%s) is not served',
  async (host) => {
    const answer = await ask({ path: '/echo/mcp', headers: { ...admin, host }, body: call });
    expect([400, 421]).toContain(answer.status);
    expect(gateway.echo.seen).toEqual([]);
  },
);

test('A caller without credentials gets the same 401 for every server, whether it exists or not', async () => {
  const answers = await Promise.all(
    ['echo', 'currenttime', 'nowhere'].map((name) => ask({ path: `/${name}/mcp`, headers: json, body: call })),
  );
  for (const { status, headers, body } of answers) {
    expect(status).toBe(401);
    expect(headers['www-authenticate']).toContain(
      `resource_metadata="${gateway.url}/.well-known/oauth-protected-resource/`,
    );
    expect(body).toBe(answers[0]?.body);
  }
});

test('A missing server is 404 for a caller who may use every server, and refused like any other server for carol', async () => {
  expect((await ask({ path: '/nowhere/mcp', headers: admin, body: call })).status).toBe(404);
  expect((await ask({ path: '/echo/sse', method: 'GET', headers: admin })).status).toBe(404);
  const [there, notThere] = await Promise.all(
    ['echo', 'nowhere'].map((name) => ask({ path: `/${name}/mcp`, headers: carol, body: call })),
  );
  expect([there, notThere].map((answer) => answer && verdictOf(answer))).toEqual(['not_permitted', 'not_permitted']);
  expect(there?.body.replaceAll('echo', 'nowhere')).toBe(notThere?.body);
});

test('A denial carries the id of the request and the reason, and no challenge if a new token would not help', async () => {
  const answer = await ask({ path: '/echo/mcp', headers: carol, body: rpc('tools/call', { name: 'x' }, 'my-id') });
  expect(JSON.parse(answer.body)).toMatchObject({
    jsonrpc: '2.0',
    id: 'my-id',
    error: { data: { reason: 'not_permitted' } },
  });
  expect(answer.headers['www-authenticate']).toBeUndefined();
});

test.each([
  '/validate',
  '/validate-registry',
  '/mirror-nothing',
  '/-/unavailable',
  '/metrics',
  '/debug',
  '/nginx_status',
])('%s cannot be reached from outside', async (path) => {
  expect((await ask({ path, method: 'GET', headers: admin })).status).toBe(404);
});

test('A method that an endpoint does not accept gets 405 with the accepted methods', async () => {
  const answer = await ask({ path: '/echo/mcp', method: 'PATCH', headers: admin });
  expect(answer).toMatchObject({ status: 405, headers: { allow: 'POST, GET, DELETE' } });
});

test('A page of an allowed origin may call by CORS, and a page of another origin gets no CORS header', async () => {
  const from = (origin: string) => ask({ path: '/echo/mcp', method: 'OPTIONS', headers: { origin } });
  const [allowed, foreign] = [await from('https://tools.example.com'), await from('https://evil.example')];
  expect(allowed).toMatchObject({
    status: 204,
    headers: { 'access-control-allow-origin': 'https://tools.example.com' },
  });
  expect(allowed.headers['access-control-allow-credentials']).toBeUndefined();
  expect(foreign.headers['access-control-allow-origin']).toBeUndefined();
});

test('A bad token that is sent repeatedly gets 429 even if its sender forges addresses, and others are served', async () => {
  const headers = (i: number) => ({
    ...json,
    authorization: 'Bearer again.and.again',
    'x-real-ip': `203.0.113.${i}`,
    'x-forwarded-for': `203.0.113.${i}`,
    forwarded: `for=203.0.113.${i}`,
  });
  for (let i = 0; i < 60; i++)
    expect((await ask({ path: '/echo/mcp', headers: headers(i), body: call })).status).toBe(401);
  const answer = await ask({ path: '/echo/mcp', headers: headers(61), body: call });
  expect(answer.status).toBe(429);
  expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
  expect(Number(answer.headers['retry-after'])).toBeLessThanOrEqual(60);
  expect(answer.headers['www-authenticate']).toBeUndefined();
  expect(JSON.parse(answer.body)).toMatchObject({
    jsonrpc: '2.0',
    error: { code: -32009, data: { reason: 'too_many_requests' } },
  });
  const atRegistry = await ask({ method: 'GET', path: '/api/servers', headers: headers(62) });
  expect(atRegistry.status).toBe(429);
  expect(JSON.parse(atRegistry.body)).toMatchObject({ error: { code: 'too_many_requests' } });
  expect((await ask({ path: '/echo/mcp', headers: admin, body: call })).status).toBe(200);
  const lines = () => gateway.log.filter((line) => line.includes('"deny":"too_many_requests"'));
  while (lines().length < 2) await new Promise((go) => setTimeout(go, 20));
  for (const line of lines()) expect(line).toContain('"client":"127.0.0.1"');
}, 60_000);

test('A caller whose large bodies took too much time gets 429 for them, while small requests and others are served', async () => {
  // Of all bodies, those with many keys cost the most for their size.
  const keys = Object.fromEntries(Array.from({ length: 45_000 }, (_, i) => [`k${i}`, i]));
  const large = rpc('tools/call', { name: 'nothing', arguments: keys });
  const flood = Array.from({ length: 8 }, async () => {
    for (let n = 0; n < 60; n++) {
      const answer = await ask({ path: '/echo/mcp', headers: carol, body: large });
      if (answer.status === 429) return answer;
    }
    return undefined;
  });
  const refused = (await Promise.all(flood)).filter((answer) => answer !== undefined);
  expect(refused.length).toBeGreaterThan(0);
  for (const { headers, body } of refused) {
    expect(headers['retry-after']).toMatch(/^\d+$/);
    expect(JSON.parse(body)).toMatchObject({ error: { data: { reason: 'too_many_requests' } } });
  }
  expect(verdictOf(await ask({ path: '/echo/mcp', headers: carol, body: call }))).toBe('not_permitted');
  expect(verdictOf(await ask({ path: '/echo/mcp', headers: admin, body: call }))).toBe(200);
}, 120_000);

test("A body over nginx's own limit is refused with an MCP error", async () => {
  const answer = await ask({ path: '/echo/mcp', headers: admin, body: 'x'.repeat(4_200_000) });
  expect([answer.status, JSON.parse(answer.body)]).toMatchObject([
    413,
    { error: { data: { reason: 'body_too_large' } } },
  ]);
});

test('Bytes that are not printable ASCII are refused in a path and a query, and never reach the access log', async () => {
  const file = `${gateway.dataDir}/nginx/access.log`;
  const before = readFileSync(file).length;
  const bytes = [
    '\xff\xfe',
    '\xe2\x80\xae',
    '\xc3\xa9',
    '\x80',
    '\x7f',
    '\xf0\x9f\x98\x80',
    '\xed\xa0\x80',
    '\x01',
    '"\\',
  ];
  const targets = bytes.flatMap((text) => [`/echo/mcp${text}`, `/${text}x`, `/echo/mcp?a=${text}b`]);
  for (const target of targets) {
    const text = `POST ${target} HTTP/1.1\r\nHost: localhost:${gateway.ports.gateway}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`;
    const answer = await sendBytes(gateway.ports.gateway, [Buffer.from(text, 'latin1')]);
    expect([target, answer]).toEqual([target, expect.stringMatching(/^HTTP\/1.1 4\d\d /)]);
  }
  for (const line of [`GE\xe2T / HTTP/1.1\r\n\r\n`, `\xe2\x80\xae\r\n\r\n`, `GET / HTTP/1.1\r\nHost: \xff\r\n\r\n`])
    await sendBytes(gateway.ports.gateway, [Buffer.from(line, 'latin1')]);
  await ask({ path: '/health', method: 'GET' });
  const written = readFileSync(file).subarray(before);
  expect(written.toString('latin1')).toMatch(/^[\n -~]+$/);
  const lines = written.toString().trim().split('\n');
  expect(lines.length).toBeGreaterThan(targets.length);
  for (const line of lines) expect(JSON.parse(line)).toMatchObject({ service: 'nginx', msg: 'request' });
});

test('No log line contains a token, a cookie or a secret that a client sent', async () => {
  await ask({ path: `/echo/mcp?token=${admin.authorization}`.replaceAll(' ', '+'), headers: admin, body: call });
  const secrets = [
    admin.authorization?.slice(7),
    carol.cookie?.slice(20),
    readFileSync(join(gateway.dataDir, 'secret-key'), 'utf8'),
  ];
  const text = withoutStatements(gateway.log).join('\n');
  expect(text).toContain('"verdict":"allow"');
  for (const secret of secrets) expect(text).not.toContain(secret);
  expect(text).not.toMatch(/eyJ[\w-]{10,}\.eyJ/);
});
