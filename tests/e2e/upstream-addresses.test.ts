import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLog } from '../../common/service/log.ts';
import { createApp } from '../../servers/currenttime/server.ts';
import { type Gateway, startGateway } from '../support/gateway/gateway.ts';
import { rpc, send } from '../support/gateway/send.ts';
import { answerSoon } from '../support/listen.ts';

/** One request line, as the server got it, and the headers of this test. */
interface Seen {
  url: string;
  byHealth: boolean;
  byRelay: boolean;
  headers: Record<string, string | string[] | undefined>;
}

const seen: Seen[] = [];
const mcp = createApp(createLog('upstream', 'silent'), () => Temporal.Now.instant());
const record: RequestListener = (req, res) => {
  const { url = '', headers } = req;
  const byHealth = headers['x-user'] === undefined;
  seen.push({ url, byHealth, byRelay: headers['accept-encoding'] === 'identity', headers });
  if (
    url.startsWith('/needs-two') &&
    !(headers['dd-api-key'] === 'Key one' && headers['dd-application-key'] === 'Key2')
  )
    return void res.writeHead(401).end();
  if (url.startsWith('/sse')) {
    if (req.method === 'GET') {
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      return void res.write('event: endpoint\ndata: /messages/@a/b%3Ac?session=x%2Fy&z=1\n\n');
    }
  }
  if (url.startsWith('/messages')) return void res.writeHead(202).end();
  // The server itself has its endpoint at /mcp.
  req.url = '/mcp';
  mcp(req, res);
};

const arn = 'arn%3Aaws%3Abedrock-agentcore%3Aus-east-1%3A123456789012%3Aruntime%2Fmy_agent-abc';
const targets = {
  agentcore: `/runtimes/${arn}/invocations?qualifier=DEFAULT`,
  smithery: '/@smithery-ai/github/mcp?profile=a-b&config=eyJhIjoxfQ==',
  toolsets: '/mcp?toolsets=issues,repos&readonly=1',
  colons: '/arn:aws:lambda:eu-west-1:1:function:x/mcp/',
  escapes: '/a%20b%2Fc%2B+d%C3%A9/m(c)p!*~?x=/y?z&e=%26%3D',
  rooted: '/?profile=x',
  plain: '/mcp',
};
type Name = keyof typeof targets;
const names = Object.keys(targets) as Name[];

const folder = mkdtempSync(join(tmpdir(), 'upstream-addresses-'));
const secretsFile = join(folder, 'secrets.yml');
const servers: Server[] = [];
let gateway: Gateway;
let admin: Record<string, string>;
let reader: Record<string, string>;
let alice: Record<string, string>;

async function listen(host: string): Promise<string> {
  const server = createServer(record);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const { port } = server.address() as AddressInfo;
  return host.includes(':') ? `http://[${host}]:${port}` : `http://${host}:${port}`;
}

beforeAll(async () => {
  const [four, six] = [await listen('127.0.0.1'), await listen('::1')];
  const headers = '[{ header: DD-API-KEY, value: Key one }, { header: DD-APPLICATION-KEY, value: Key2 }]';
  writeFileSync(secretsFile, `two: { for: ["${four}"], headers: ${headers} }\n`, { mode: 0o600 });
  const server = (name: string, path: string, upstream = four, more: object = {}) => ({
    name,
    title: name,
    description: name,
    upstream,
    transports: { 'streamable-http': path },
    ...more,
  });
  gateway = await startGateway({ UPSTREAM_SECRETS_FILE: secretsFile, ALLOW_PRIVATE_UPSTREAMS: '127.0.0.0/8 ::1/128' }, [
    ...names.map((name) => server(name, targets[name])),
    server('six', '/mcp?on=six', six),
    server('two', '/needs-two/mcp', four, { auth: { secret: 'two' }, forward_headers: ['X-Region'] }),
    server('legacy', '/unused', four, { transports: { sse: '/sse/@x?key=a%2Fb' } }),
  ]);
  admin = { authorization: `Bearer ${await gateway.agentToken()}` };
  reader = { authorization: `Bearer ${await gateway.agentToken('reader')}` };
  alice = { cookie: await gateway.sessionCookie('alice') };
}, 180_000);
afterAll(async () => {
  await gateway?.stop();
  for (const server of servers) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
  rmSync(folder, { recursive: true });
});

const json = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
const ask = (name: string, method: string, params: object, query = '', headers: Record<string, string> = {}) =>
  send(gateway.ports.gateway, {
    path: `/${name}/mcp${query}`,
    body: rpc(method, params),
    headers: { ...json, ...admin, ...headers },
  });
const initialize = {
  protocolVersion: '2025-11-25',
  capabilities: {},
  clientInfo: { name: 'test', version: '1' },
};
/** Calls a tool, which nginx sends directly, and initializes, which goes through the relay. */
async function arrivedFrom(name: string, query = ''): Promise<Seen[]> {
  const from = seen.length;
  await ask(name, 'tools/call', { name: 'current_time_by_timezone', arguments: { tz_name: 'Asia/Tokyo' } }, query);
  await ask(name, 'initialize', initialize, query);
  return seen.slice(from).filter(({ byHealth }) => !byHealth);
}
const api = (method: string, path: string, body?: object) =>
  send(gateway.ports.gateway, {
    method,
    path: `/api${path}`,
    headers: { ...alice, origin: gateway.url, 'content-type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
  });
const healthy = async (name: string) => {
  const answer = await api('POST', `/servers/${name}/check`);
  return JSON.parse(answer.body) as { status: string };
};

test.each(names)(
  'The address of %s arrives with the bytes that were given: directly, through the relay, and in checks',
  async (name) => {
    const arrived = await arrivedFrom(name);
    expect(arrived.map(({ url }) => url)).toEqual([targets[name], targets[name]]);
    expect(arrived.map(({ byRelay }) => byRelay)).toEqual([false, true]);
    seen.length = 0;
    expect(await healthy(name)).toMatchObject({ status: 'healthy' });
    const checked = seen.filter(({ byHealth, url }) => byHealth && url === targets[name]);
    expect(checked.length).toBeGreaterThan(0);
  },
);

test("A caller's query arrives only where the registered address has none", async () => {
  expect((await arrivedFrom('toolsets', '?toolsets=all')).map(({ url }) => url)).toEqual(
    Array(2).fill(targets.toolsets),
  );
  expect((await arrivedFrom('plain', '?a=%2e&b')).map(({ url }) => url)).toEqual(Array(2).fill('/mcp?a=%2e&b'));
});

test('A server at an IPv6 address is checked and called', async () => {
  expect((await arrivedFrom('six')).map(({ url }) => url)).toEqual(Array(2).fill('/mcp?on=six'));
  expect(await healthy('six')).toMatchObject({ status: 'healthy' });
});

test('A person registers a server with the address of an AgentCore runtime, and it answers', async () => {
  const { transports, upstream } = await registered('agentcore');
  const body = { name: 'mine', title: 'Mine', description: 'Mine', upstream, transports };
  expect((await api('POST', '/servers', body)).status).toBe(201);
  expect((await registered('mine')).transports).toEqual({ 'streamable-http': targets.agentcore });
  // A worker of nginx from before the reload may answer once more.
  const arrived = async () => (await arrivedFrom('mine')).map(({ url }) => url);
  const both = Array(2).fill(targets.agentcore);
  expect(await answerSoon(arrived, both)).toEqual(both);
  expect((await api('DELETE', '/servers/mine')).status).toBe(200);
});

test.each(['/a$b', '/a;b', "/a'b", '/a"b', '/a\\b', '/a?b=$host', '/a}b', '/%2e%2e/admin', '/a?', '/a b', '/a%zz'])(
  'The path %j is refused, with a word on how to write it',
  async (path) => {
    const upstream = 'http://127.0.0.1:9';
    const body = { name: 'bad', title: 'Bad', description: 'Bad', upstream, transports: { 'streamable-http': path } };
    const answer = await api('POST', '/servers', body);
    expect(answer.status).toBe(400);
    expect(answer.body).toContain('write $ ;');
  },
);

test('Both headers of a secret reach its server, directly, through the relay and in checks, and no value of a caller does', async () => {
  const from = seen.length;
  const own = { 'dd-api-key': 'mine', 'x-region': 'eu', 'x-upstream-credentials': 'dd-api-key:mine' };
  const call = { name: 'current_time_by_timezone', arguments: { tz_name: 'Asia/Tokyo' } };
  expect((await ask('two', 'tools/call', call, '', own)).status).toBe(200);
  expect((await ask('two', 'initialize', initialize, '', own)).status).toBe(200);
  const arrived = seen.slice(from).filter(({ byHealth }) => !byHealth);
  expect(arrived.map(({ byRelay }) => byRelay)).toEqual([false, true]);
  for (const { headers } of arrived) {
    expect(headers).toMatchObject({ 'dd-api-key': 'Key one', 'dd-application-key': 'Key2', 'x-region': 'eu' });
    expect(headers).not.toHaveProperty('x-upstream-credentials');
  }
  expect(await healthy('two')).toMatchObject({ status: 'healthy' });
});

test('No other server gets these headers, and callers never see them', async () => {
  const from = seen.length;
  const answer = await ask('plain', 'initialize', initialize, '', { 'dd-api-key': 'mine' });
  expect(seen.slice(from).every(({ headers }) => headers['dd-api-key'] === undefined)).toBe(true);
  expect(JSON.stringify(answer)).not.toContain('Key2');
});

test('Messages of the 2024-11-05 transport reach the address that the server announced, also below a query', async () => {
  const from = seen.length;
  const response = await fetch(`${gateway.url}/legacy/sse`, { headers: { ...admin, accept: 'text/event-stream' } });
  const reading = response.body?.getReader();
  const { value } = (await reading?.read()) ?? {};
  const [, endpoint = ''] = /data: (\S+)/.exec(Buffer.from(value ?? []).toString()) ?? [];
  expect(endpoint).toMatch(/^\/legacy\/messages\?sessionId=/);
  const body = rpc('initialize', initialize);
  const posted = await send(gateway.ports.gateway, { path: endpoint, body, headers: { ...json, ...admin } });
  expect(posted.status).toBe(202);
  // The session belongs to its owner.
  const foreign = await send(gateway.ports.gateway, { path: endpoint, body, headers: { ...json, ...reader } });
  expect([403, 404]).toContain(foreign.status);
  await reading?.cancel();
  const urls = seen.slice(from).flatMap(({ url, byHealth }) => (byHealth ? [] : [url]));
  expect(urls).toEqual(['/sse/@x?key=a%2Fb', '/messages/@a/b%3Ac?session=x%2Fy&z=1']);
});

async function registered(name: string): Promise<{ upstream: string; transports: object }> {
  const { body } = await api('GET', `/servers/${name}`);
  return JSON.parse(body).location;
}
