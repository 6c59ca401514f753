import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Echo, startEcho } from '../support/gateway/echo.ts';
import { type Gateway, startGateway } from '../support/gateway/gateway.ts';
import { openStream } from '../support/gateway/open-stream.ts';
import { rpc, send, verdictOf } from '../support/gateway/send.ts';

let gateway: Gateway;
let other: Echo;
const cookies: Record<string, string> = {};
beforeAll(async () => {
  gateway = await startGateway({}, [], { processes: ['registry'] });
  other = await startEcho();
  for (const person of ['alice', 'bob', 'carol', 'dave']) cookies[person] = await gateway.sessionCookie(person);
}, 180_000);
afterAll(async () => {
  await other?.stop();
  await gateway?.stop();
});

interface Said {
  server?: { name: string; revision: number; enabled: boolean } | null;
  route?: string;
  error?: { code: string; message: string };
}
const api = async (person: string, method: string, path: string, body?: object, more: Record<string, string> = {}) => {
  const headers = { cookie: cookies[person] ?? '', 'content-type': 'application/json', origin: gateway.url, ...more };
  const sent = { method, path: `/api${path}`, headers, ...(body && { body: JSON.stringify(body) }) };
  const answer = await send(gateway.ports.gateway, sent);
  return { status: answer.status, body: JSON.parse(answer.body) as Said };
};
const mcp = (person: string) => ({
  cookie: cookies[person] ?? '',
  'content-type': 'application/json',
  accept: 'application/json, text/event-stream',
  origin: gateway.url,
});
const call = async (person: string, server: string) => {
  const sent = { path: `/${server}/mcp`, headers: mcp(person), body: rpc('tools/call', { name: 'look' }) };
  return verdictOf(await send(gateway.ports.gateway, sent));
};
const registration = (name: string, upstream = gateway.echo.url) => ({
  name,
  title: name,
  description: 'Shows what reached it',
  upstream,
  transports: { 'streamable-http': '/mcp' },
});

/** Old nginx workers serve their open connections to the end, so a change may take a moment to show. */
async function expectSoon(person: string, server: string, expected: number | string): Promise<void> {
  const end = performance.now() + 20_000;
  let status = await call(person, server);
  for (; performance.now() < end && status !== expected; status = await call(person, server)) await sleep(50);
  expect(status).toBe(expected);
}

test('alice can call a server as soon as she has registered it, and callers without a rule for it cannot', async () => {
  const { status, body } = await api('alice', 'POST', '/servers', registration('life'));
  expect([status, body.route, body.server?.name]).toEqual([201, 'ok', 'life']);
  await expectSoon('alice', 'life', 200);
  expect(await call('bob', 'life')).toBe('not_permitted');
  expect((await api('bob', 'GET', '/servers/life')).status).toBe(404);
});

test('When the server is disabled, calls get 404 and open streams end; when it is enabled, calls work again', async () => {
  gateway.echo.answer = (res) =>
    void res.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: {"jsonrpc":"2.0","method":"x"}\n\n');
  const stream = await openStream(gateway.ports.gateway, { path: '/life/mcp', headers: mcp('alice') });
  await stream.holds('jsonrpc');
  gateway.echo.reset();
  const disabled = await api('dave', 'POST', '/servers/life/disable');
  expect([disabled.status, disabled.body.route, disabled.body.server?.enabled]).toEqual([200, 'ok', false]);
  await expectSoon('alice', 'life', 'server_not_found');
  await Promise.race([stream.ended, sleep(3_000)]);
  expect(stream.isOpen()).toBe(false);
  expect((await api('dave', 'POST', '/servers/life/enable')).body.route).toBe('ok');
  await expectSoon('alice', 'life', 200);
});

test('When the server moves, calls reach its new address, and streams of other servers stay open', async () => {
  gateway.echo.answer = (res) =>
    void res.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: {"jsonrpc":"2.0","method":"x"}\n\n');
  const stream = await openStream(gateway.ports.gateway, { path: '/echo/mcp', headers: mcp('alice') });
  await stream.holds('jsonrpc');
  gateway.echo.reset();
  const before = (await api('alice', 'GET', '/servers/life')).body as { revision?: number };
  const change = { upstream: other.url, revision: before.revision };
  expect((await api('alice', 'PATCH', '/servers/life', change)).body.route).toBe('ok');
  for (let tries = 0; tries < 2_000 && other.seen.length === 0; tries++) {
    await call('alice', 'life');
    await sleep(50);
  }
  expect(other.seen.at(-1)?.headers).toMatchObject({ 'x-server-name': 'life', host: new URL(other.url).host });
  expect((await api('alice', 'PATCH', '/servers/life', change)).body.error?.code).toBe('changed_meanwhile');
  expect(stream.isOpen()).toBe(true);
  stream.close();
});

test('When the server is deleted, its route is removed, and the log still says who did what', async () => {
  const { status, body } = await api('alice', 'DELETE', '/servers/life');
  expect([status, body]).toEqual([200, { server: null, route: 'ok', warnings: [] }]);
  await expectSoon('alice', 'life', 'server_not_found');
  const log = (await api('alice', 'GET', '/changes?server=life')).body as {
    changes?: { action: string; by: string }[];
  };
  expect(log.changes?.map(({ action, by }) => `${by} ${action}`)).toEqual([
    'alice delete',
    'alice edit',
    'dave enable',
    'dave disable',
    'alice register',
  ]);
});

test.each([
  ['a metadata service', 'http://169.254.169.254', 'metadata'],
  ['a metadata service, written as a number', 'http://2852039166', 'metadata'],
  ['not a single host', 'http://0.0.0.0:8000', 'not the address of one host'],
  ['a host name that does not resolve', 'http://no-such-host.invalid', 'cannot be resolved'],
])('A server whose upstream is %s is refused with the reason', async (_what, upstream, reason) => {
  const { status, body } = await api('alice', 'POST', '/servers', registration('bad', upstream));
  expect([status, body.error?.code]).toEqual([422, 'upstream_refused']);
  expect(body.error?.message).toContain(reason);
  expect((await api('alice', 'GET', '/servers/bad')).status).toBe(404);
});

test.each(['gateway', 'authServer', 'metrics', 'registry', 'relay', 'cognito'] as const)(
  "The gateway's own port (%s) cannot be registered as a server",
  async (port) => {
    const upstream = `http://localhost:${gateway.ports[port]}`;
    const { status, body } = await api('alice', 'POST', '/servers', registration('own', upstream));
    expect([status, body.error?.code]).toEqual([422, 'upstream_refused']);
    expect(body.error?.message).toContain("gateway's own port");
  },
);

test('When nginx refuses the new routes, its reason is shown, nothing changes, and other requests are served', async () => {
  const file = `${gateway.dataDir}/nginx/gateway.conf`;
  expect(existsSync(file)).toBe(true);
  const good = readFileSync(file, 'utf8');
  const routes = readFileSync(`${gateway.dataDir}/nginx/routes`, 'utf8');
  appendFileSync(file, '\nnonsense_here on;\n');
  try {
    const { status, body } = await api('alice', 'POST', '/servers', registration('refused'));
    expect([status, body.error?.code]).toEqual([422, 'route_refused']);
    expect(body.error?.message).toContain('nonsense_here');
  } finally {
    writeFileSync(file, good);
  }
  expect((await api('alice', 'GET', '/servers/refused')).status).toBe(404);
  expect(readFileSync(`${gateway.dataDir}/nginx/routes`, 'utf8')).toBe(routes);
  expect(await call('alice', 'echo')).toBe(200);
  await sleep(1_500);
  expect((await api('alice', 'POST', '/servers', registration('refused'))).body.route).toBe('ok');
  expect((await api('alice', 'DELETE', '/servers/refused')).status).toBe(200);
});

test('A page of another site cannot change anything with a session', async () => {
  const from = async (headers: Record<string, string>) =>
    (await api('alice', 'POST', '/servers/echo/disable', undefined, headers)).status;
  expect(await from({ origin: 'https://evil.example' })).toBe(403);
  expect(await from({ origin: 'null' })).toBe(403);
  expect(await from({ origin: gateway.url, 'content-type': 'text/plain' })).toBe(415);
  const { origin: _, ...without } = { cookie: cookies.alice ?? '', 'content-type': 'application/json', origin: '' };
  const crossSite = { ...without, 'sec-fetch-site': 'cross-site' };
  const answer = await send(gateway.ports.gateway, { path: '/api/servers/echo/disable', headers: crossSite });
  expect(answer.status).toBe(403);
  expect((await api('alice', 'GET', '/servers/echo')).body).toMatchObject({ enabled: true });
});

test('A registry that is killed right after it has confirmed a server still has the server and routes it', async () => {
  expect((await api('carol', 'POST', '/servers', registration('kept'))).status).toBe(201);
  await gateway.kill('registry');
  await gateway.revive('registry');
  expect((await api('alice', 'GET', '/servers/kept')).status).toBe(200);
  expect(readFileSync(`${gateway.dataDir}/nginx/routes`, 'utf8')).toMatch(/^kept /m);
  await expectSoon('alice', 'kept', 200);
});
