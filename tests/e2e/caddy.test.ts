import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { jest } from '@jest/globals';
import { freePorts, type Gateway, startGateway } from '../support/gateway/gateway.ts';
import { rpc, type Sent, send } from '../support/gateway/send.ts';

jest.setTimeout(180_000);

let gateway: Gateway;
let caddy: ChildProcess;
let port: number;
let said = '';
let bearer: string;
beforeAll(async () => {
  [port = 0] = await freePorts(1);
  // The public address of the auth-server is Caddy's. nginx runs too, but gets no requests.
  gateway = await startGateway({}, [], { processes: ['auth-server'] });
  const { authServer, relay, registry } = gateway.ports;
  const env = {
    ...process.env,
    HOME: gateway.dataDir,
    GATEWAY_PORT: String(port),
    AUTH_SERVER: `127.0.0.1:${authServer}`,
    RELAY: `127.0.0.1:${relay}`,
    REGISTRY: `127.0.0.1:${registry}`,
    // The echo takes its place and records what reaches it.
    CURRENTTIME: new URL(gateway.echo.url).host,
  };
  caddy = spawn('caddy', ['run', '--adapter', 'caddyfile', '--config', 'deploy/proxies/Caddyfile'], { env });
  caddy.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  for (let tries = 0; tries < 1_000; tries++) {
    const isUp = await send(port, { method: 'GET', path: '/health' }).then(
      ({ status }) => status === 200,
      () => false,
    );
    if (isUp) break;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  bearer = `Bearer ${await gateway.agentToken()}`;
}, 180_000);
afterAll(async () => {
  if (caddy?.exitCode === null && caddy.kill('SIGKILL')) await once(caddy, 'exit');
  await gateway?.stop();
});
beforeEach(() => gateway.echo.reset());

const mcp = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
const ask = (more: Sent) =>
  send(port, { method: 'GET', ...more, headers: { host: `localhost:${port}`, ...mcp, ...more.headers } });

test.each([
  ['a tool call', rpc('tools/call', { name: 'current_time_by_timezone' }), {}],
  ['a list', rpc('tools/list'), {}],
  [
    'a request of 2026-07-28, whose headers repeat the body',
    rpc('tools/call', { name: 'x' }),
    {
      'mcp-method': 'tools/call',
      'mcp-name': 'x',
      'mcp-protocol-version': '2026-07-28',
    },
  ],
  ['a request without a body', '', {}],
])(
  'An agent that may do everything is refused %s through Caddy, which does not forward bodies to the gate',
  async (_, body, headers) => {
    const answer = await ask({
      method: 'POST',
      path: '/currenttime/mcp',
      body,
      headers: { authorization: bearer, ...headers } as Record<string, string>,
    });
    expect(answer.status).toBe(403);
    expect(answer.headers['x-deny-code']).toBe('body_unseen');
    expect(gateway.echo.seen).toEqual([]);
  },
);

test("An agent with the right to a server's stream reaches it through Caddy and the relay", async () => {
  const answer = await ask({
    path: '/currenttime/mcp',
    headers: { authorization: bearer, accept: 'text/event-stream' },
  });
  // The answer comes from the server, which offers no such stream.
  expect([answer.status, answer.headers['x-deny-code']]).toEqual([405, undefined]);
});

test('Without a credential a GET and a POST through Caddy get 401', async () => {
  for (const method of ['GET', 'POST']) {
    const body = method === 'POST' ? { body: rpc('tools/list') } : {};
    const answer = await ask({ method, path: '/currenttime/mcp', ...body });
    expect([method, answer.status]).toEqual([method, 401]);
  }
  expect(gateway.echo.seen).toEqual([]);
});

test('A person without a right to the server is refused its stream, with the reason in a header, and nothing reaches the server', async () => {
  const cookie = await gateway.sessionCookie('erin');
  const answer = await ask({ path: '/currenttime/mcp', headers: { cookie, accept: 'text/event-stream' } });
  expect([answer.status, answer.headers['x-deny-code'], answer.body]).toEqual([403, 'not_permitted', '']);
  expect(answer.headers['x-deny-body']).toContain('Not allowed: ');
  expect(gateway.echo.seen).toEqual([]);
});

test('An agent that may see the registry sees it through Caddy under its own name only', async () => {
  const claimed = { 'x-user': 'root', 'x-username': 'alice', 'x-scopes': 'mcp-servers-unrestricted/execute' };
  const answer = await ask({ path: '/api/me', headers: { authorization: bearer, ...claimed } });
  expect(answer.status).toBe(200);
  expect(answer.body).toContain('3agentclient000000000000000');
  const stranger = await ask({ path: '/api/me', headers: { ...claimed, 'x-mcp-assertion': 'e30.e30.x' } });
  expect(stranger.status).toBe(401);
});

test.each([
  ['X-Mcp-Server', { 'x-mcp-server': 'echo' }],
  ['X-Resource', { 'x-resource': 'registry' }],
  ['X-Original-Method', { 'x-original-method': 'GET' }],
  ['X_Original_Method', { x_original_method: 'GET' }],
])('A client cannot forge the header %s', async (_, headers) => {
  const answer = await ask({
    method: 'POST',
    path: '/currenttime/mcp',
    body: rpc('tools/call', { name: 'x' }),
    headers: { authorization: bearer, ...headers } as Record<string, string>,
  });
  expect(answer.headers['x-deny-code']).toBe('body_unseen');
  expect(gateway.echo.seen).toEqual([]);
});

test.each([
  '/x/../currenttime/mcp',
  '/currenttime/%6dcp',
  '//currenttime/mcp',
  '/currenttime/mcp/',
  '/CURRENTTIME/mcp',
  '/v0/..%2Fcurrenttime/mcp',
  '/v0%2f..%2Fcurrenttime/mcp',
  '/v0/servers/%2Fx',
])('The path %s leads nowhere', async (path) => {
  const answer = await ask({ path, headers: { authorization: bearer } });
  expect([path, [400, 404].includes(answer.status)]).toEqual([path, true]);
  expect(gateway.echo.seen).toEqual([]);
});

test('While the auth-server is down, Caddy forwards no request', async () => {
  await gateway.kill('auth-server');
  for (const path of ['/currenttime/mcp', '/api/me']) {
    const answer = await ask({ path, headers: { authorization: bearer } });
    expect([path, answer.status]).toEqual([path, 502]);
  }
  expect(gateway.echo.seen).toEqual([]);
  expect(said).not.toContain(bearer.slice(7));
});
