import { changeKinds } from '../../../../servers/hub/offer/feed.ts';
import { leftOutKey } from '../../../../servers/hub/offer/lists.ts';
import { useClock } from '../../../support/clock.ts';
import { assertionOf, memberOf, startHub, through } from '../../../support/hub/hub-fixture.ts';
import { until } from '../../../support/listen.ts';
import { connections, eventually } from '../../../support/servers/mcp-clients.ts';

const all = '/api/hub/lists?set=';
const one = (name: string) => `/api/hub/lists?set=${name}`;
const text = (value: object) => JSON.stringify(value);
const tool = (name: string) => text({ name, inputSchema: { type: 'object' } });

const picture = {
  members: [
    memberOf('b', { era: 'new', tools: [tool('echo')] }),
    memberOf('a', {
      tools: [tool('echo'), tool('a.b')],
      prompts: [text({ name: 'greet' })],
      resources: [text({ uri: 'a://1', name: 'one' })],
      templates: [text({ uriTemplate: 'a://{id}', name: 'each' })],
    }),
    memberOf('off', { leftOut: 'It is disabled.' }),
  ],
};

const clock = useClock();
let hub: Awaited<ReturnType<typeof startHub>>;
let alice: string;
beforeAll(async () => {
  hub = await startHub();
  alice = await assertionOf('alice');
});
afterAll(() => hub.close());
beforeEach(async () => {
  hub.registry.pictures.clear();
  hub.registry.pictures.set(all, picture);
  hub.registry.pictures.set(one('team'), { members: [memberOf('a', { tools: [tool('echo')] })] });
  hub.handed.length = 0;
  hub.registry.asked.length = 0;
});

/** A request as the gateway sends it. */
const send = (body: unknown, headers: Record<string, string> = {}, init: RequestInit = {}) =>
  through(alice, { 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream', ...headers })(
    `${hub.base}/mcp`,
    { method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body), ...init },
  );

/** An answer's JSON: what the tests look into. */
interface Answer {
  id: unknown;
  result: { tools: { name: string }[]; _meta: Record<string, Record<string, object>>; content: { text: string }[] };
  error?: { code: number; message: string };
}
const jsonOf = async (response: Response | Promise<Response>) => (await (await response).json()) as Answer;

const request = (method: string, params: object = {}, id: unknown = 1) => ({ jsonrpc: '2.0', id, method, params });

async function session(headers: Record<string, string> = {}): Promise<Record<string, string>> {
  const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'c', version: '1' } };
  const response = await send(request('initialize', params), headers);
  expect(response.status).toBe(200);
  return { ...headers, 'Mcp-Session-Id': String(response.headers.get('mcp-session-id')) };
}

describe.each(connections)('%s', (_, connect) => {
  test('lists what all servers offer, calls a tool by its name, and hears of changes', async () => {
    const client = await connect(hub.base, through(alice));
    expect(client.about()).toMatchObject({
      instructions: expect.stringContaining('server__tool'),
      server: { name: 'hub' },
    });
    expect(await client.lists()).toMatchObject({
      tools: [{ name: 'a__echo' }, { name: 'b__echo' }],
      prompts: [{ name: 'a__greet' }],
      resources: [{ uri: 'a://1' }],
      templates: [{ uriTemplate: 'a://{id}' }],
    });
    expect(await client.call('b__echo', { n: 1 })).toMatchObject({ failed: false, text: 'b echo {"n":1}' });
    const { exchange } = hub.handed.findLast(({ what }) => what === 'answer') ?? {};
    expect(exchange).toMatchObject({
      owner: 'alice',
      delegation: 'delegated',
      announced: { clientInfo: { name: 'test' } },
    });
    await expect(client.call('no__such')).rejects.toThrow('Unknown tool: no__such. Look it up in tools/list.');
    await client.close();
  });
});

test('Neither initialize nor server/discover nor ping asks anything', async () => {
  const headers = await session();
  await send(request('ping'), headers);
  expect(hub.handed.filter(({ what }) => what !== 'ended')).toEqual([]);
  expect(hub.registry.of(all)).toBe(0);
});

test('A set offers its own members only, its sessions belong to it, and what is left out is named', async () => {
  const team = await session({ 'X-Hub-Set': 'team' });
  const names = async (headers: Record<string, string>) =>
    (await jsonOf(send(request('tools/list'), headers))).result.tools.map(({ name }) => name);
  expect(await names(team)).toEqual(['a__echo']);
  const refused = await send(request('tools/call', { name: 'a__other' }), team);
  expect(await refused.json()).toMatchObject({ error: { code: -32602 } });
  expect((await send(request('tools/list'), { 'Mcp-Session-Id': String(team['Mcp-Session-Id']) })).status).toBe(404);
  const { result } = await jsonOf(send(request('tools/list'), await session()));
  const leftOut = result._meta[leftOutKey];
  expect(leftOut).toEqual({
    a: { [Object.keys(leftOut?.a ?? {})[0] ?? '']: ['a.b'] },
    off: 'It is disabled.',
  });
  expect(hub.lines.filter((line) => line.includes('a server is not offered'))).toHaveLength(1);
  const gone = await send(request('tools/list'), await session({ 'X-Hub-Set': 'gone' }));
  expect(await gone.json()).toMatchObject({ error: { message: expect.stringContaining('no such set') } });
});

test('An id comes back as the client wrote it', async () => {
  const headers = await session();
  for (const id of ['12345678901234567890', '1e2', '"a\\u0062"']) {
    const answer = await (await send(`{"jsonrpc":"2.0","id":${id},"method":"tools/list"}`, headers)).text();
    expect(answer).toContain(`"id":${id === '"a\\u0062"' ? '"ab"' : id},`);
  }
});

describe('By the rules of its era', () => {
  const envelope = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': {},
  };
  const newHeaders = (method: string) => ({ 'MCP-Protocol-Version': '2026-07-28', 'Mcp-Method': method });

  test('a new client gets its lists for itself only and for ten seconds', async () => {
    const response = await send(request('tools/list', { _meta: envelope }), newHeaders('tools/list'));
    expect(await response.json()).toMatchObject({
      result: { resultType: 'complete', cacheScope: 'private', ttlMs: 10_000 },
    });
  });

  test.each<[what: string, body: unknown, headers: Record<string, string>, status: number, code: number]>([
    ['a removed method', request('ping', { _meta: envelope }), newHeaders('ping'), 404, -32601],
    ['no envelope', request('tools/list'), newHeaders('tools/list'), 400, -32602],
    [
      'another version in the header',
      request('tools/list', { _meta: envelope }),
      { 'MCP-Protocol-Version': '2025-11-25' },
      400,
      -32020,
    ],
    [
      'a page that was never given out',
      request('tools/list', { _meta: envelope, cursor: 'x' }),
      newHeaders('tools/list'),
      200,
      -32602,
    ],
    ['an old client without a session', request('tools/list'), {}, 400, -32600],
    ['an unknown session', request('tools/list'), { 'Mcp-Session-Id': 'x' }, 404, -32001],
    ['two messages', [request('ping')], {}, 400, -32600],
    ['no JSON', '{', {}, 400, -32700],
    ['another media type', '{}', { 'Content-Type': 'text/plain' }, 415, -32600],
  ])('%s is refused', async (_what, body, headers, status, code) => {
    const response = await send(body, headers);
    expect([response.status, (await jsonOf(response)).error?.code]).toEqual([status, code]);
  });

  test('notifications and answers are taken, and an answer to nothing is not', async () => {
    const headers = await session();
    expect((await send({ jsonrpc: '2.0', method: 'notifications/initialized' }, headers)).status).toBe(202);
    expect((await send({ jsonrpc: '2.0', method: 'notifications/cancelled' }, headers)).status).toBe(202);
    expect((await send({ jsonrpc: '2.0', id: 'asked', result: {} }, headers)).status).toBe(202);
    expect((await send({ jsonrpc: '2.0', id: 'other', result: {} }, headers)).status).toBe(400);
    expect(hub.handed.map(({ what }) => what)).toEqual(['notify', 'respond', 'respond']);
  });

  test.each<[method: string, headers: Record<string, string>, status: number]>([
    ['GET', {}, 405],
    ['GET', { 'Mcp-Session-Id': 'x' }, 404],
    ['DELETE', { 'Mcp-Session-Id': 'x' }, 404],
    ['PUT', {}, 405],
    ['HEAD', {}, 405],
  ])('%s with %j gets %s', async (method, headers, status) => {
    const response = await through(alice, headers)(`${hub.base}/mcp`, { method });
    await response.body?.cancel();
    expect(response.status).toBe(status);
  });
});

test('DELETE ends the session, its streams, and what the members hold of it', async () => {
  const headers = await session();
  const stream = await through(alice, headers)(`${hub.base}/mcp`);
  expect(stream.headers.get('content-type')).toBe('text/event-stream');
  expect((await through(alice, headers)(`${hub.base}/mcp`, { method: 'DELETE' })).status).toBe(200);
  expect(await stream.text()).toBe('');
  expect(hub.handed).toMatchObject([{ what: 'ended', exchange: { delegation: 'delegated' } }]);
  expect((await send(request('ping'), headers)).status).toBe(404);
});

test('A stream of a call goes on after its last event, and any other event opens a standing stream', async () => {
  const headers = await session();
  const resumed = await through(alice, { ...headers, 'Last-Event-ID': 'member/1' })(`${hub.base}/mcp`);
  expect(await resumed.text()).toBe('id: member/2\ndata: {}\n\n');
  const standing = await through(alice, { ...headers, 'Last-Event-ID': 'x' })(`${hub.base}/mcp`);
  expect(standing.status).toBe(200);
  await standing.body?.cancel();
});

test.each<[what: string, assertion: () => Promise<string>]>([
  ['of another server', () => assertionOf('alice', {}, 'http://localhost:8080/echo')],
  ['of the registry', () => assertionOf('alice', {}, 'http://localhost:8080/#registry')],
  ['without rights', () => assertionOf('alice', { scopes: undefined })],
  ['that is none', async () => 'a.b.c'],
])('An assertion %s opens nothing', async (_what, assertion) => {
  const call = through(await assertion(), { 'Content-Type': 'application/json' });
  const statuses = [
    await call(`${hub.base}/mcp`, { method: 'POST', body: JSON.stringify(request('initialize')) }),
    await call(`${hub.base}/mcp`, { headers: { 'Mcp-Session-Id': 'x' } }),
    await call(`${hub.base}/sse`),
    await call(`${hub.base}/messages?sessionId=x`, { method: 'POST', body: '{}' }),
  ].map(({ status }) => status);
  expect(statuses).toEqual([401, 401, 401, 401]);
});

test('A session of one caller is unknown to another', async () => {
  const headers = await session();
  const other = through(await assertionOf('bob'), headers);
  expect((await other(`${hub.base}/mcp`)).status).toBe(404);
  expect((await other(`${hub.base}/mcp`, { method: 'DELETE' })).status).toBe(404);
});

describe('What is offered is kept', () => {
  const list = async (assertion: string) => {
    const headers = {
      'MCP-Protocol-Version': '2026-07-28',
      'Mcp-Method': 'tools/list',
      'Content-Type': 'application/json',
    };
    const _meta = {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientCapabilities': {},
    };
    const body = JSON.stringify(request('tools/list', { _meta }));
    return jsonOf(through(assertion, headers)(`${hub.base}/mcp`, { method: 'POST', body }));
  };

  test('for all callers with the same rights, until something changes', async () => {
    const [bob, other] = [await assertionOf('bob'), await assertionOf('bob', { scopes: ['s', 't'] })];
    await eventually(async () => {
      const before = hub.registry.of(all);
      await list(alice);
      return hub.registry.of(all) === before;
    });
    const before = hub.registry.of(all);
    await list(bob);
    expect(hub.registry.of(all)).toBe(before);
    await list(other);
    expect(hub.registry.of(all)).toBe(before + 1);
    hub.registry.pictures.set(all, { members: [memberOf('c', { tools: [tool('new')] })] });
    await hub.registry.tell({ servers: ['c'], kinds: [...changeKinds] });
    await eventually(async () => (await list(bob)).result.tools[0]?.name === 'c__new');
  });

  test('not while no changes are told, and one request is enough for all who ask at once', async () => {
    hub.registry.refusesFeed = 429;
    for (const feed of hub.registry.feeds) feed.end();
    await eventually(async () => {
      hub.registry.asked.length = 0;
      await list(alice);
      await list(alice);
      return hub.registry.of(all) === 2;
    });
    hub.registry.asked.length = 0;
    await Promise.all([list(alice), list(alice), list(alice)]);
    expect(hub.registry.of(all)).toBeLessThan(3);
    hub.registry.refusesFeed = 0;
  });

  test('for calls too, while the registry is away', async () => {
    const headers = await session();
    await send(request('tools/list'), headers);
    await hub.registry.tell({ policy: true });
    hub.registry.pictures.set(all, 503);
    await eventually(async () => (await jsonOf(send(request('tools/list'), headers))).error?.code === -32603);
    const call = await jsonOf(send(request('tools/call', { name: 'a__echo' }), headers));
    expect(call.result.content[0]?.text).toBe('a echo null');
  });
});

describe('Changes of lists', () => {
  test('reach the standing stream of an old client, once for many', async () => {
    const headers = await session();
    const stream = await through(alice, headers)(`${hub.base}/mcp`);
    for (let i = 0; i < 50; i++) await hub.registry.tell({ servers: ['a'], kinds: ['tools'] });
    const reader = stream.body?.pipeThrough(new TextDecoderStream()).getReader();
    const { value } = (await reader?.read()) ?? {};
    expect(value).toBe('event: message\ndata: {"jsonrpc":"2.0","method":"notifications/tools/list_changed"}\n\n');
    await reader?.cancel();
  });

  test('are told to a client that only listens, once the registry is back that asks for another assertion', async () => {
    const headers = await session();
    const stream = await through(alice, headers)(`${hub.base}/mcp`);
    expect(await until(() => hub.registry.feeds.size > 0, 10_000)).toBe(true);
    hub.registry.refusesFeed = 401;
    clock.advance(101);
    for (const feed of hub.registry.feeds) feed.end();
    const reader = stream.body?.pipeThrough(new TextDecoderStream()).getReader();
    expect((await reader?.read())?.value).toContain('list_changed');
    hub.registry.refusesFeed = 0;
    await send(request('tools/list'), headers);
    expect(await until(() => hub.registry.feeds.size > 0, 10_000)).toBe(true);
    await reader?.cancel();
  });

  test('reach a subscription of a new client, of the kinds and the set that it asked for', async () => {
    const _meta = {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientCapabilities': {},
    };
    const notifications = {
      toolsListChanged: true,
      promptsListChanged: false,
      resourceSubscriptions: ['a://1', 'no://'],
      taskIds: ['a/t1'],
    };
    hub.registry.pictures.set(one('team'), {
      members: [memberOf('a', { resources: [text({ uri: 'a://1' })] })],
    });
    const headers = { 'MCP-Protocol-Version': '2026-07-28', 'Mcp-Method': 'subscriptions/listen', 'X-Hub-Set': 'team' };
    const refused = await send(request('subscriptions/listen', { notifications, _meta }, 6), headers);
    expect([refused.status, (await jsonOf(refused)).error?.code]).toEqual([400, -32021]);
    _meta['io.modelcontextprotocol/clientCapabilities'] = { extensions: { 'io.modelcontextprotocol/tasks': {} } };
    const stream = await send(request('subscriptions/listen', { notifications, _meta }, 7), headers);
    const reader = stream.body?.pipeThrough(new TextDecoderStream()).getReader();
    const next = async () => JSON.parse(String((await reader?.read())?.value).split('data: ')[1] ?? '');
    expect(await next()).toEqual({
      jsonrpc: '2.0',
      method: 'notifications/subscriptions/acknowledged',
      params: {
        notifications: { toolsListChanged: true, resourceSubscriptions: ['a://1', 'no://'], taskIds: ['a/t1'] },
        _meta: { 'io.modelcontextprotocol/subscriptionId': 7 },
      },
    });
    expect(hub.handed.at(-1)).toMatchObject({ what: 'listen', routes: [{ member: { server: 'a' } }] });
    await hub.registry.tell({ servers: ['other'], kinds: ['tools'] });
    await hub.registry.tell({ servers: ['a'], kinds: ['prompts'] });
    await hub.registry.tell({ servers: ['team'], kinds: ['tools', 'resources'] });
    expect(await next()).toEqual({
      jsonrpc: '2.0',
      method: 'notifications/tools/list_changed',
      params: { _meta: { 'io.modelcontextprotocol/subscriptionId': 7 } },
    });
    await reader?.cancel();
  });
});
