import { Client, InMemoryResponseCacheStore, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { type Everything, startEverything } from '../support/gateway/everything.ts';
import { type Gateway, startGateway } from '../support/gateway/gateway.ts';
import { startModernServer } from '../support/gateway/modern-server.ts';
import { type PolicyFile, visible, writePolicy } from '../support/gateway/reader-policy.ts';
import { rpc, send } from '../support/gateway/send.ts';
import { connections, eventually, type Fetch, type Lists, type TestClient } from '../support/servers/mcp-clients.ts';

let gateway: Gateway;
let policy: PolicyFile;
const servers: Record<string, string> = {};
const stops: (() => unknown)[] = [];

beforeAll(async () => {
  const [http, sse, modern] = await Promise.all([
    startEverything('streamableHttp'),
    startEverything('sse'),
    startModernServer('modern'),
  ]);
  stops.push(...[http, sse].map((server: Everything) => server.stop), modern.close);
  Object.assign(servers, { everything: http.url, everythingsse: sse.url, modern: modern.base });
  policy = writePolicy();
  const at = (name: string, transports: object) => ({
    name,
    title: name,
    description: name,
    upstream: servers[name],
    transports,
    tags: [],
  });
  gateway = await startGateway({ SCOPES_FILE: policy.SCOPES_FILE }, [
    at('everything', { 'streamable-http': '/mcp' }),
    at('everythingsse', { sse: '/sse' }),
    at('modern', { 'streamable-http': '/mcp', sse: '/sse' }),
  ]);
}, 180_000);
afterAll(async () => {
  await gateway?.stop();
  for (const stop of stops) await stop();
  policy?.remove();
});
beforeEach(() => gateway.echo.reset());
/** A client over SSE that is not closed reopens its stream forever. */
const clients: TestClient[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) await client.close().catch(() => {});
});

async function opened(client: Promise<TestClient>): Promise<TestClient> {
  clients.push(await client);
  return await client;
}

function as(token: string): Fetch {
  return (url, init) => {
    const headers = new Headers(init?.headers);
    headers.set('authorization', `Bearer ${token}`);
    return fetch(url, { ...init, headers });
  };
}

const overHttp = connections.filter(([client]) => !client.includes('SSE'));
const pairs = [
  // The reference server does not support 2026-07-28.
  ...overHttp.filter(([client]) => !client.includes('pinned')).map((row) => ['everything', ...row] as const),
  ...connections.filter(([client]) => client.includes('SSE')).map((row) => ['everythingsse', ...row] as const),
  ...connections.map((row) => ['modern', ...row] as const),
];

function leftOf({ tools, prompts, resources, templates }: Lists): Lists {
  return {
    tools: tools.filter(({ name }) => visible.tools.includes(name)),
    prompts: prompts.filter(({ name }) => visible.prompts.includes(name)),
    resources: resources.filter(({ uri }) => uri.startsWith(visible.resources)),
    templates: templates.filter(({ uriTemplate }) => uriTemplate.startsWith(visible.templates)),
  };
}

test.each(pairs)(
  'The admin sees everything on %s with %s, and can call its tools',
  async (server, _client, connect) => {
    const direct = await opened(connect(String(servers[server])));
    const client = await opened(connect(`${gateway.url}/${server}`, as(await gateway.agentToken())));
    const all = await direct.lists();
    expect(await client.lists()).toEqual(all);
    expect(Object.values(all).every((list) => list.length > 1)).toBe(true);
    expect((await client.call('get-env')).text).toBe((await direct.call('get-env')).text);
  },
);

test.each(pairs)(
  'The reader sees on %s with %s exactly what the policy grants, can use it, and is refused the rest',
  async (server, _client, connect) => {
    const direct = await opened(connect(String(servers[server])));
    const all = await direct.lists();
    const left = leftOf(all);
    expect(Object.values(left).every((list) => list.length > 0)).toBe(true);
    const client = await opened(connect(`${gateway.url}/${server}`, as(await gateway.agentToken('reader'))));
    const seen = await client.lists();
    expect(seen).toEqual(left);

    expect((await client.call('echo', { message: 'hello' })).text).toBe('Echo: hello');
    expect((await client.call('get-sum', { a: 2, b: 3 })).text).toContain('5');
    await client.prompt('simple-prompt');
    for (const { uri } of seen.resources) await client.read(uri);

    const refused = /403|Not allowed|Insufficient scope/;
    await expect(client.call('get-env')).rejects.toThrow(refused);
    for (const { name } of all.prompts.filter((prompt) => !seen.prompts.some(({ name: own }) => own === prompt.name)))
      await expect(client.prompt(name)).rejects.toThrow(refused);
    for (const { uri } of all.resources.filter(
      (resource) => !seen.resources.some(({ uri: own }) => own === resource.uri),
    ))
      await expect(client.read(uri)).rejects.toThrow(refused);
    await expect(client.read('demo://resource/dynamic/blob/1')).rejects.toThrow(refused);
  },
);

describe('A list is exactly what the server sent, without the items that the caller may not use,', () => {
  const odd =
    '{ "inputSchema" :{"required":[],"type":"object" ,"properties":{}}, "name":"get-sum","x":1.50e1,"é":"\\u00e9" }';
  const hidden = '{"name":"get-env", "description":"]},{\\"name\\":\\"echo\\"}"}';
  const around = (tools: string) =>
    `{"result": {"nextCursor":"pag\\u0065 2","tools":${tools}, "_meta":{}} ,"id":1,"jsonrpc":"2.0"}`;
  const sent = around(`[ ${hidden} , ${odd} , {"name":"echo"}]`);
  const whole = around(`[${odd},{"name":"echo"}]`);

  const ask = async (who: 'agent' | 'reader') =>
    send(gateway.ports.gateway, {
      path: '/echo/mcp',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        authorization: `Bearer ${await gateway.agentToken(who)}`,
      },
      body: rpc('tools/list'),
    });

  test.each([
    ['reader', whole],
    ['agent', sent],
  ] as const)('in a JSON answer to the %s', async (who, expected) => {
    gateway.echo.answer = (res) => void res.writeHead(200, { 'content-type': 'application/json' }).end(sent);
    const answer = await ask(who);
    expect([answer.status, answer.body]).toEqual([200, expected]);
  });

  test.each([
    ['reader', whole],
    ['agent', sent],
  ] as const)('in an event for the %s, with its id and the events before it', async (who, expected) => {
    const before = 'id: 1\nevent: message\ndata: {"jsonrpc":"2.0","method":"notifications/message"}\n\n';
    gateway.echo.answer = (res) =>
      void res
        .writeHead(200, { 'content-type': 'text/event-stream' })
        .end(`: hello\n\n${before}id: 2\nretry: 5\ndata: ${sent}\n\n`);
    const answer = await ask(who);
    const fields = (text: string) => text.split('\n\n').map((event) => event.split('\n').sort());
    const passed = `${before}id: 2\nretry: 5\ndata: ${expected}\n\n`;
    // nginx passes the agent's answer with its comment.
    expect([answer.status, fields(answer.body.replace(': hello\n\n', ''))]).toEqual([200, fields(passed)]);
  });

  test('and it is empty for a caller who may use no item, and the log names the missing rule', async () => {
    gateway.echo.answer = (res) =>
      void res.writeHead(200, { 'content-type': 'application/json' }).end(around(`[${hidden}]`));
    expect((await ask('reader')).body).toBe(around('[]'));
    const needed = 'a rule for echo with methods: [tools/call] that names one of its tools';
    await eventually(() => gateway.log.some((line) => line.includes(needed)));
  });
});

test.each(overHttp.filter(([client]) => !client.includes('pinned')))(
  '%s follows the cursors of a list in three pages, one of which is empty for the reader',
  async (_client, connect) => {
    const pages: Record<string, [string[], string?]> = {
      '': [['get-env', 'echo'], 'two'],
      two: [['get-env'], 'three'],
      three: [['get-sum', 'get-env']],
    };
    const cursors: string[] = [];
    gateway.echo.answer = (res, { method, body }) => {
      if (method !== 'POST') return void res.writeHead(405).end();
      const message = JSON.parse(body) as { id?: unknown; method: string; params?: { cursor?: string } };
      const json = (value: object, status = 200) =>
        void res
          .writeHead(status, { 'content-type': 'application/json' })
          .end(JSON.stringify({ jsonrpc: '2.0', id: message.id, ...value }));
      if (message.id === undefined) return void res.writeHead(202).end();
      if (message.method === 'initialize') {
        const serverInfo = { name: 'pages', version: '1' };
        return json({ result: { protocolVersion: '2025-06-18', capabilities: { tools: {} }, serverInfo } });
      }
      if (message.method !== 'tools/list') return json({ error: { code: -32601, message: 'no such method' } }, 400);
      const cursor = message.params?.cursor ?? '';
      cursors.push(cursor);
      const [names, nextCursor] = pages[cursor] ?? [[]];
      json({ result: { tools: names.map((name) => ({ name, inputSchema: { type: 'object' } })), nextCursor } });
    };
    const client = await opened(connect(`${gateway.url}/echo`, as(await gateway.agentToken('reader'))));
    expect([await client.toolsOfAllPages(), [...new Set(cursors)]]).toEqual([
      ['echo', 'get-sum'],
      ['', 'two', 'three'],
    ]);
  },
);

test('Two principals of one client program that share a cache never see what the other may', async () => {
  const responseCacheStore = new InMemoryResponseCacheStore();
  const sent: string[] = [];
  const open = async (cachePartition: 'agent' | 'reader') => {
    const options = {
      versionNegotiation: { mode: { pin: '2026-07-28' } },
      responseCacheStore,
      cachePartition,
    } as const;
    const client = new Client({ name: 'shared', version: '1' }, options);
    const token = as(await gateway.agentToken(cachePartition));
    const noted: Fetch = async (url, init) => {
      sent.push(`${cachePartition} ${JSON.parse(String(init?.body)).method}`);
      return await token(url, init);
    };
    await client.connect(new StreamableHTTPClientTransport(new URL(`${gateway.url}/modern/mcp`), { fetch: noted }));
    clients.push(client as unknown as TestClient);
    return client;
  };
  const secret = 'demo://resource/static/document/features.md';
  const admin = await open('agent');
  expect((await admin.listTools()).tools.map(({ name }) => name)).toContain('get-env');
  expect((await admin.listPrompts()).prompts).toHaveLength(2);
  const all = (await admin.listResources()).resources.length;
  await admin.readResource({ uri: secret });

  const reader = await open('reader');
  expect((await reader.listTools()).tools.map(({ name }) => name)).toEqual(visible.tools);
  expect((await reader.listPrompts()).prompts.map(({ name }) => name)).toEqual(visible.prompts);
  expect((await reader.listResources()).resources.length).toBeLessThan(all);
  await expect(reader.readResource({ uri: secret })).rejects.toThrow(/Not allowed|403|scope/);

  const again = await open('agent');
  expect((await again.listTools()).tools.map(({ name }) => name)).toContain('get-env');
  // The caller's own answers may be served for some seconds.
  expect(sent.filter((each) => each === 'agent tools/list')).toHaveLength(1);
});
