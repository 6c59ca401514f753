import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createLog } from '../../common/service/log.ts';
import { createApp } from '../../servers/currenttime/server.ts';
import { type Gateway, startGateway } from '../support/gateway/gateway.ts';
import { rpc, type Sent, send } from '../support/gateway/send.ts';
import { connections, type Fetch } from '../support/servers/mcp-clients.ts';

const tokyo = ['current_time_by_timezone', { tz_name: 'Asia/Tokyo' }] as const;
/** Every secret of this test begins with this text, so that one search finds all of them. */
const mark = 'S3cretOfTheTest';
const folder = mkdtempSync(join(tmpdir(), 'upstream-credential-'));
const secretsFile = join(folder, 'secrets.yml');
const tokenFile = join(folder, 'token');

/** A real MCP server that requires the credential in `wanted`. */
const wanted = { token: `Bearer ${mark}Token`, key: `${mark}Key` };
const seen: { url: string; headers: IncomingHttpHeaders }[] = [];
const mcp = createApp(createLog('upstream', 'silent'), () => Temporal.Now.instant());
const guard: RequestListener = (req, res) => {
  const { url = '', headers } = req;
  if (headers['x-user'] !== undefined) seen.push({ url, headers });
  if (url.startsWith('/quoting')) return void res.writeHead(400).end(`You sent ${headers.authorization}`);
  if (url.startsWith('/redirect'))
    return void res.writeHead(307, { location: `${gateway?.echo.url ?? origin}/mcp` }).end();
  if (headers.authorization === wanted.token || headers['x-api-key'] === wanted.key) return void mcp(req, res);
  res.writeHead(401, { 'www-authenticate': 'Bearer' }).end(`Not ${headers.authorization}`);
};

let upstream: Server;
let origin: string;
let gateway: Gateway;
let agent: Record<string, string>;
let alice: Record<string, string>;

function writeSecrets(more = ''): void {
  const entries = `
token: { for: ["${origin}"], file: token }
key: { for: ["${origin}"], header: X-API-Key, env: KEY_OF_THE_UPSTREAM }
stale: { for: ["${origin}"], value: ${mark}Stale }
${more}`;
  writeFileSync(`${secretsFile}.new`, entries, { mode: 0o600 });
  renameSync(`${secretsFile}.new`, secretsFile);
}
const writeToken = (text: string) => writeFileSync(tokenFile, `${text}\n`, { mode: 0o600 });

const server = (name: string, secret: string | undefined, paths: object = {}, at = origin) => ({
  name,
  title: name,
  description: 'Wants a credential',
  upstream: at,
  transports: { 'streamable-http': '/mcp', ...paths },
  ...(secret && { auth: { secret } }),
});

beforeAll(async () => {
  upstream = createServer(guard);
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`;
  writeToken(`${mark}Token`);
  writeSecrets();
  const settings = { UPSTREAM_SECRETS_FILE: secretsFile, KEY_OF_THE_UPSTREAM: `${mark}Key`, LOG_LEVEL: 'debug' };
  gateway = await startGateway(
    settings,
    [
      server('guarded', 'token', { sse: '/sse' }),
      server('keyed', 'key', { sse: '/sse' }),
      server('bare', undefined),
      server('stale', 'stale'),
      server('missing', 'nowhere'),
      server('elsewhere', 'token', {}, 'http://localhost:1'),
      server('quoting', 'token', { 'streamable-http': '/quoting/mcp', sse: '/quoting/sse' }),
      server('redirecting', 'token', { 'streamable-http': '/redirect/mcp' }),
    ],
    { processes: ['registry'] },
  );
  agent = { authorization: `Bearer ${await gateway.agentToken()}` };
  alice = { cookie: await gateway.sessionCookie('alice') };
}, 180_000);
afterAll(async () => {
  await gateway?.stop();
  upstream.closeAllConnections();
  await new Promise((resolve) => upstream.close(resolve));
  rmSync(folder, { recursive: true });
});
beforeEach(() => {
  seen.length = 0;
  gateway.echo.reset();
});

const json = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
const call = (name: string, sent: Partial<Sent> = {}) =>
  send(gateway.ports.gateway, {
    path: `/${name}/mcp`,
    body: rpc('tools/call', { name: tokyo[0], arguments: tokyo[1] }),
    ...sent,
    headers: { ...json, ...agent, ...sent.headers },
  });
const api = async (method: string, path: string, body?: object) => {
  const headers = { ...alice, origin: gateway.url, 'content-type': 'application/json' };
  const answer = await send(gateway.ports.gateway, {
    method,
    path: `/api${path}`,
    headers,
    ...(body && { body: JSON.stringify(body) }),
  });
  return { status: answer.status, text: answer.body, body: JSON.parse(answer.body) };
};
const as =
  (credential: Record<string, string>): Fetch =>
  (url, init) => {
    const headers = new Headers(init?.headers);
    for (const [name, value] of Object.entries(credential)) headers.set(name, value);
    return fetch(url, { ...init, headers });
  };
const until = async (milliseconds: number, condition: () => boolean | Promise<boolean>) => {
  const end = performance.now() + milliseconds;
  // Do not send another request after this one succeeded: an old nginx worker that is about to end might answer it.
  while (!(await condition())) {
    if (performance.now() > end) return false;
    await sleep(25);
  }
  return true;
};
const expectNoSecretIn = (text: string) => expect(text).not.toContain(mark);

test.each(['guarded', 'keyed'].flatMap((name) => connections.map((each) => [name, ...each] as const)))(
  'The server %s, which requires a credential, answers %s that has none',
  async (name, _client, connect) => {
    for (const credential of [agent, alice]) {
      const client = await connect(`${gateway.url}/${name}`, as(credential));
      expect((await client.listTools()).length).toBeGreaterThan(0);
      expect((await client.call(...tokyo)).text).toContain('JST (UTC+09:00) in Asia/Tokyo');
      await client.close();
    }
    expect(seen.length).toBeGreaterThan(3);
    const [header, other] = name === 'keyed' ? ['x-api-key', 'authorization'] : ['authorization', 'x-api-key'];
    for (const { headers } of seen) {
      expect(headers[header]).toBe(name === 'keyed' ? wanted.key : wanted.token);
      expect(headers).not.toHaveProperty(other);
    }
  },
);

const forged = {
  'x-api-key': 'of the caller',
  'x-mcp-secret': 'token',
  'x-mcp-upstream': 'http://127.0.0.1:1',
  'x-upstream-authorization': 'Bearer of the caller',
  'x-upstream-api-key': 'of the caller',
  'proxy-authorization': 'Bearer of the caller',
  'x-upstream': 'http://127.0.0.1:1',
};
test.each([
  ['with a direct call', rpc('tools/call', { name: 'look' })],
  ['through the relay', rpc('initialize', {})],
])("A caller's headers about credentials change nothing for a server that requires none, %s", async (_how, body) => {
  const answer = await call('echo', { headers: { ...forged, X_Api_Key: 'of the caller' }, body });
  expect(answer.status).toBe(200);
  const { headers } = gateway.echo.seen[0] ?? { headers: {} };
  expect(JSON.stringify(headers)).not.toMatch(/of the caller|S3cret/);
  for (const name of ['authorization', ...Object.keys(forged)]) expect(headers).not.toHaveProperty(name);
});

test("A caller can neither replace the gateway's credential nor redirect it to another server", async () => {
  for (const body of [undefined, rpc('initialize', {})]) {
    const sent = { headers: { ...forged, 'x-mcp-secret': 'key' }, ...(body && { body }) };
    expect((await call('guarded', sent)).status).toBe(200);
  }
  for (const { headers } of seen) {
    expect(headers.authorization).toBe(wanted.token);
    expect(headers).not.toHaveProperty('x-api-key');
    expect(JSON.stringify(headers)).not.toContain('of the caller');
  }
});

test.each([
  ['bare', 'without a secret'],
  ['stale', 'with a secret that the server rejects'],
])(
  'A call of a server that requires a credential and is registered as %s, %s, gets 502, which does not reveal it',
  async (name) => {
    for (const body of [undefined, rpc('initialize', {})]) {
      const answer = await call(name, body ? { body } : {});
      expect(answer.status).toBe(502);
      expect(JSON.parse(answer.body).error.data.reason).toBe('upstream_needs_authentication');
      expectNoSecretIn(answer.body + JSON.stringify(answer.headers));
    }
  },
);

test.each([
  ['missing', 'its secret does not exist'],
  ['elsewhere', 'its secret is for another origin'],
])('A call of the server %s gets 503 at once because %s, and only the log says what is missing', async (name) => {
  const answer = await call(name);
  expect(answer.status).toBe(503);
  expect(JSON.parse(answer.body).error).toMatchObject({
    code: -32002,
    data: { reason: 'upstream_secret_unavailable' },
  });
  expect(answer.body).not.toMatch(/localhost|127\.0\.0\.1|nowhere|token/);
  const said = () =>
    gateway.log.some((line) => line.startsWith('auth-server') && line.includes(`that the server \\"${name}\\"`));
  expect(await until(2_000, said)).toBe(true);
});

test('A redirect of the server sends the credential nowhere, neither directly nor through the relay', async () => {
  for (const body of [undefined, rpc('initialize', {})]) {
    const answer = await call('redirecting', body ? { body } : {});
    expect([answer.status, answer.headers.location]).toEqual([502, undefined]);
    expect(JSON.parse(answer.body).error.data.reason).toBe('upstream_redirects');
  }
  expect(seen).toHaveLength(2);
  expect(gateway.echo.seen).toEqual([]);
});

test('The registry checks servers with the credential: one that accepts it is healthy, one that rejects it needs authentication', async () => {
  const state = async (name: string) => (await api('POST', `/servers/${name}/check`)).body.status;
  for (const name of ['guarded', 'keyed']) expect(await state(name)).toBe('healthy');
  for (const name of ['bare', 'stale']) expect(await state(name)).toBe('needs-authentication');
  for (const name of ['missing', 'elsewhere', 'quoting', 'redirecting'])
    expect([name, await state(name)]).toEqual([name, 'unhealthy']);
});

test('A changed secret takes effect within a second without a restart, and the registry uses it at once', async () => {
  wanted.token = `Bearer ${mark}Rotated`;
  expect((await call('guarded')).status).toBe(502);
  writeToken(`${mark}Rotated`);
  expect(await until(2_000, async () => (await call('guarded')).status === 200)).toBe(true);
  expect((await call('guarded', { body: rpc('initialize', {}) })).status).toBe(200);

  writeFileSync(secretsFile, 'token: {');
  const health = async () => JSON.parse((await send(gateway.ports.gateway, { method: 'GET', path: '/health' })).body);
  const faulty = 'last good ones in force; the file has faults';
  expect(await until(5_000, async () => (await health())['upstream-secrets'] === faulty)).toBe(true);
  expect((await call('guarded')).status).toBe(200);
  writeSecrets();
  expect(await until(5_000, async () => (await health())['upstream-secrets'] === 'in force')).toBe(true);
});

test('A person who registers a server can use a secret only at the origins that it is for', async () => {
  const refused = await api('POST', '/servers', server('mine', 'token', {}, gateway.echo.url));
  expect([refused.status, refused.body.error.code]).toEqual([422, 'upstream_refused']);
  expect((await api('POST', '/servers', server('mine', 'token'))).status).toBe(201);
  expect(await until(10_000, async () => (await call('mine')).status === 200)).toBe(true);
  const { revision } = (await api('GET', '/servers/mine')).body;
  const moved = await api('PATCH', '/servers/mine', { upstream: gateway.echo.url, revision });
  expect([moved.status, moved.body.error.code]).toEqual([422, 'upstream_refused']);

  const without = await api('PATCH', '/servers/mine', { auth: null, revision });
  expect([without.status, without.body.route]).toEqual([200, 'ok']);
  expect(await until(10_000, async () => (await call('mine')).status === 502)).toBe(true);
  const moves = { upstream: gateway.echo.url, revision: without.body.server.revision };
  expect((await api('PATCH', '/servers/mine', moves)).status).toBe(200);
  expect(await until(10_000, async () => (await call('mine')).status === 200)).toBe(true);
  expect(gateway.echo.seen.at(-1)?.headers).not.toHaveProperty('authorization');
});

test('The registry rewrites an older routes file, whose lines have no field for secrets, at its start', async () => {
  const routes = join(gateway.dataDir, 'nginx', 'routes');
  const now = readFileSync(routes, 'utf8');
  await gateway.kill('registry');
  writeFileSync(`${routes}.new`, now.replaceAll(/ \S+$/gm, ''));
  renameSync(`${routes}.new`, routes);
  await gateway.revive('registry');
  expect(readFileSync(routes, 'utf8')).toBe(now);
  expect(await until(10_000, async () => (await call('guarded')).status === 200)).toBe(true);
});

test('No log, route, database or answer of the registry contains a secret', async () => {
  for (const path of [
    '/servers',
    '/servers/guarded',
    '/servers/quoting',
    '/servers/stale',
    '/changes?limit=200',
    '/me',
  ])
    expectNoSecretIn((await api('GET', path)).text);
  expect((await api('GET', '/servers/guarded')).body.location.auth).toEqual({ secret: 'token' });
  expectNoSecretIn(
    (await send(gateway.ports.gateway, { method: 'GET', path: '/servers/guarded', headers: alice })).body,
  );

  const files = readdirSync(gateway.dataDir, { recursive: true, encoding: 'utf8' }).map((name) =>
    join(gateway.dataDir, name),
  );
  const kept = files.filter((file) => statSync(file).isFile());
  expect(kept.some((file) => file.endsWith('registry.db'))).toBe(true);
  expect(kept.some((file) => file.endsWith('routes.conf'))).toBe(true);
  for (const file of kept) expect([file, readFileSync(file, 'latin1').includes(mark)]).toEqual([file, false]);

  expect(gateway.log.some((line) => line.includes('"level":"debug"'))).toBe(true);
  expect(gateway.log.some((line) => line.includes('(credential)'))).toBe(true);
  expect(gateway.log.filter((line) => line.includes(mark))).toEqual([]);
});
