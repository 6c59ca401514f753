import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEverything } from '../support/gateway/everything.ts';
import { type Gateway, startGateway } from '../support/gateway/gateway.ts';
import { startModernServer } from '../support/gateway/modern-server.ts';
import { rpc, send, verdictOf } from '../support/gateway/send.ts';
import { connections, type Fetch, type TestClient } from '../support/servers/mcp-clients.ts';

/** One tool and no other list, as docs/scopes.md gives an agent one tool. The second scope is for the challenge of an agent. */
const policy = `
group_mappings:
  mcp-registry-user: [mcp-servers-restricted/read]
mcp-servers-restricted/read:
  - {server: "*", methods: [tools/list, tools/call], tools: [echo]}
mcp-servers-unrestricted/execute:
  - {server: "*", methods: [tools/call], tools: [get-env]}
`;

let gateway: Gateway;
const folder = mkdtempSync(join(tmpdir(), 'refused-calls-'));
const stops: (() => unknown)[] = [() => rmSync(folder, { recursive: true })];

beforeAll(async () => {
  const [everything, modern] = await Promise.all([startEverything('streamableHttp'), startModernServer('modern')]);
  stops.push(everything.stop, modern.close);
  const SCOPES_FILE = join(folder, 'scopes.yml');
  writeFileSync(SCOPES_FILE, policy);
  const at = (name: string, upstream: string, transports: object) => ({
    ...{ name, title: name, description: name, upstream, transports, tags: [] },
  });
  gateway = await startGateway({ SCOPES_FILE }, [
    at('everything', everything.url, { 'streamable-http': '/mcp' }),
    at('modern', modern.base, { 'streamable-http': '/mcp', sse: '/sse' }),
  ]);
}, 180_000);
afterAll(async () => {
  await gateway?.stop();
  for (const stop of stops) await stop();
});
/** A client over SSE that is not closed reopens its stream forever. */
const clients: TestClient[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) await client.close().catch(() => {});
});

const credentials = {
  bob: async () => ({ cookie: await gateway.sessionCookie('bob') }),
  'the reader agent': async () => ({ authorization: `Bearer ${await gateway.agentToken('reader')}` }),
};
const rows = (['bob', 'the reader agent'] as const).flatMap((who) => [
  // The reference server keeps sessions, and speaks neither SSE at the same time nor 2026-07-28.
  ...connections.filter(([name]) => !/SSE|pinned/.test(name)).map((row) => [who, 'everything', ...row] as const),
  ...connections.map((row) => [who, 'modern', ...row] as const),
]);

async function open(who: keyof typeof credentials, server: string, connect: (typeof connections)[number][1]) {
  const headers = await credentials[who]();
  const withCredential: Fetch = (url, init) => {
    const all = new Headers(init?.headers);
    for (const [name, value] of Object.entries(headers)) all.set(name, value);
    return fetch(url, { ...init, headers: all });
  };
  const client = await connect(`${gateway.url}/${server}`, withCredential);
  clients.push(client);
  return client;
}

const hello = { message: 'hello' };

test.each(rows)('%s is refused a call on %s with %s, reads why, and goes on', async (who, server, _client, connect) => {
  const client = await open(who, server, connect);
  expect((await client.call('echo', hello)).text).toBe('Echo: hello');
  for (let round = 0; round < 2; round++) {
    await expect(client.call('get-sum', { a: 1, b: 2 })).rejects.toThrow(
      `Not allowed: tools/call get-sum on ${server}`,
    );
    expect((await client.call('echo', hello)).text).toBe('Echo: hello');
  }
});

test.each(rows)(
  '%s, for whom another token might help, is refused a call on %s with %s and goes on',
  async (who, server, _client, connect) => {
    const client = await open(who, server, connect);
    await expect(client.call('get-env')).rejects.toThrow(/Not allowed|Insufficient scope/);
    expect((await client.call('echo', hello)).text).toBe('Echo: hello');
  },
);

// Over SSE, the status is all that can answer a refused POST.
const overHttp = rows.filter(([, , name]) => !name.includes('SSE'));
test.each(overHttp)(
  '%s asks %s for lists that no rule grants with %s, gets empty ones, and goes on',
  async (...row) => {
    const [who, server, , connect] = row;
    const client = await open(who, server, connect);
    const { tools, ...others } = await client.lists();
    expect(tools.map(({ name }) => name)).toEqual(['echo']);
    expect(others).toEqual({ prompts: [], resources: [], templates: [] });
    expect((await client.call('echo', hello)).text).toBe('Echo: hello');
  },
);

// Clients on the Python SDK 1.x end their session at any 403, and most of them have one fixed token.
test.each([
  ['python-httpx/0.28.1', undefined, 200],
  ['python-httpx/0.28.1', '2025-11-25', 200],
  ['python-httpx/0.28.1', '2026-07-28', 403],
  ['python-httpx2/1', '2025-11-25', 403],
  ['my-agent/1.0 python-httpx/0.28.1', '2025-11-25', 403],
  ['node', '2025-11-25', 403],
])('A refusal with a challenge for User-Agent %s and MCP %s has the status %d', async (agent, version, status) => {
  const answer = await send(gateway.ports.gateway, {
    path: '/modern/mcp',
    headers: {
      ...{ 'content-type': 'application/json', accept: 'application/json, text/event-stream', 'user-agent': agent },
      ...(version && { 'mcp-protocol-version': version }),
      ...(await credentials['the reader agent']()),
    },
    body: rpc('tools/call', { name: 'get-env' }),
  });
  expect([answer.status, verdictOf(answer)]).toEqual([status, 'not_permitted']);
  expect(answer.headers['www-authenticate']).toContain('insufficient_scope');
  expect(answer.body).toContain('The scope mcp-servers-unrestricted/execute would allow it.');
});
