import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Gateway, startGateway } from '../support/gateway/gateway.ts';
import { startModernServer } from '../support/gateway/modern-server.ts';
import { rpc, send, verdictOf } from '../support/gateway/send.ts';
import { connections, type Fetch, type TestClient } from '../support/servers/mcp-clients.ts';

const most = 6;
const policy = `
group_mappings:
  mcp-registry-user: [user]
limits:
  - { who: [mcp-registry-user], server: modern, tools: [get-sum], calls: 1, per: day }
  - { who: [mcp-registry-user], server: other, calls: ${most}, per: day }
user:
  - { server: "*", methods: [tools/list, tools/call], tools: [echo, get-sum] }
`;
const folder = mkdtempSync(join(tmpdir(), 'limits-'));
const workers = 2;
let gateway: Gateway;
let close: () => void;
let cookie: string;

beforeAll(async () => {
  const SCOPES_FILE = join(folder, 'scopes.yml');
  writeFileSync(SCOPES_FILE, policy);
  const modern = await startModernServer('modern');
  close = modern.close;
  const at = (name: string) => ({
    ...{ name, title: name, description: name, upstream: modern.base, tags: [] },
    transports: { 'streamable-http': '/mcp', sse: '/sse' },
  });
  gateway = await startGateway({ SCOPES_FILE, AUTH_SERVER_WORKERS: String(workers) }, [at('modern'), at('other')]);
  cookie = await gateway.sessionCookie('bob');
}, 180_000);
afterAll(async () => {
  await gateway?.stop();
  close?.();
  rmSync(folder, { recursive: true });
});
/** A client over SSE that is not closed reopens its stream forever. */
const clients: TestClient[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) await client.close().catch(() => {});
});

const withCookie: Fetch = (url, init) => {
  const headers = new Headers(init?.headers);
  headers.set('cookie', cookie);
  return fetch(url, { ...init, headers });
};
const call = (server: string, tool: string, args: object) =>
  send(gateway.ports.gateway, {
    path: `/${server}/mcp`,
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', cookie },
    body: rpc('tools/call', { name: tool, arguments: args }),
  });
const sum = { a: 1, b: 2 };
/** So many refusals in a row come from all processes. */
const mostRefused = 40;

/** Calls until all processes refuse. @returns how many calls passed, and the last answer */
async function callUntilRefused(server: string, tool: string, args: object) {
  let allowed = 0;
  let refused = 0;
  let answer = await call(server, tool, args);
  while (refused < mostRefused) {
    const isRefused = verdictOf(answer) === 'limit_reached';
    expect([200, 'limit_reached']).toContain(verdictOf(answer));
    if (!isRefused) allowed++;
    refused = isRefused ? refused + 1 : 0;
    answer = await call(server, tool, args);
  }
  return { allowed, answer };
}

test('Several processes of one gateway count together, and admit no more than one second’s calls beyond the limit', async () => {
  const { allowed } = await callUntilRefused('other', 'echo', { message: 'hello' });
  expect(allowed).toBeGreaterThanOrEqual(most);
  expect(allowed).toBeLessThanOrEqual(workers * most);
});

test('nginx sends the denial with status 200, and says in a header when to go on', async () => {
  const { answer } = await callUntilRefused('modern', 'get-sum', sum);
  expect(answer.status).toBe(200);
  const { error } = JSON.parse(answer.body);
  expect(error.data).toMatchObject({
    reason: 'limit_reached',
    retryAfterSeconds: Number(answer.headers['retry-after']),
  });
  expect(error.data.retryAfterSeconds).toBeGreaterThan(0);
});

const overHttp = connections.filter(([name]) => !name.includes('SSE'));
test.each(overHttp)('%s shows what the gateway says, and goes on with other calls', async (_name, connect) => {
  await callUntilRefused('modern', 'get-sum', sum);
  const client = await connect(`${gateway.url}/modern`, withCookie);
  clients.push(client);
  for (let round = 0; round < 2; round++) {
    const message = 'Limit reached: you may make 1 call of this kind per day';
    await expect(client.call('get-sum', sum)).rejects.toThrow(message);
    expect((await client.call('echo', { message: 'hello' })).text).toBe('Echo: hello');
  }
});

test.each(connections.filter((row) => !overHttp.includes(row)))(
  '%s shows it too, with the status',
  async (_name, connect) => {
    await callUntilRefused('modern', 'get-sum', sum);
    const client = await connect(`${gateway.url}/modern`, withCookie);
    clients.push(client);
    await expect(client.call('get-sum', sum)).rejects.toThrow(/Limit reached|429/);
  },
);

test('Through the hub, the caller reads the same, and goes on with other calls', async () => {
  await callUntilRefused('modern', 'get-sum', sum);
  const [, connect] = overHttp.at(-1) ?? [];
  const client = await connect?.(gateway.url, withCookie);
  if (!client) throw new Error('no client');
  clients.push(client);
  await expect(client.call('modern__get-sum', sum)).rejects.toThrow(
    'Limit reached: you may make 1 call of this kind per day',
  );
  expect((await client.call('modern__echo', { message: 'hello' })).text).toBe('Echo: hello');
});
