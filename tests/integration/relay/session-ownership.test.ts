import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  follow,
  json,
  legacyStream,
  message,
  modernTaskCall,
  type Received,
  type Relay,
  result,
  sleep,
  sse,
  startRelay,
  startUpstream,
  stream,
  taskCall,
  textOf,
  until,
} from '../../support/relay/relay-fixture.ts';

let relay: Relay;
let bob: string;
let carol: string;
let upstream: Awaited<ReturnType<typeof startUpstream>>;
let answer: (response: Parameters<typeof json>[0], received: Received) => void;
beforeAll(async () => {
  relay = await startRelay();
  upstream = await relay.lead(await startUpstream((response, received) => answer(response, received)));
  await relay.route('two', `http 127.0.0.1:${upstream.port} 127.0.0.1:${upstream.port} /mcp /base/sse -`);
  bob = await relay.person('bob', 'some');
  carol = await relay.person('carol', 'some');
});
afterAll(() => relay.close());

const initialize = { body: message('initialize', {}) };
const initialized = (sessionId: string) => (response: Parameters<typeof json>[0]) =>
  json(response, result({ capabilities: { tools: {} } }), { 'mcp-session-id': sessionId });
const mayUse = async (who: string, sessionId: string, server = 'one') =>
  (await relay.admit(who, { ...stream, sessionId, server })).status === 200;

describe('a session', () => {
  test.each([
    ['JSON', initialized('json-1'), 'json-1'],
    [
      'a stream',
      (response: Parameters<typeof json>[0]) => {
        response.setHeader('mcp-session-id', 'sse-1');
        sse(response, `data: ${JSON.stringify(result({}))}\n\n`).end();
      },
      'sse-1',
    ],
  ])('belongs to the caller that initialized it, on that server only (%s)', async (_how, given, id) => {
    answer = given;
    const { headers } = await relay.read(bob, initialize);
    expect(headers['mcp-session-id']).toBe(id);
    expect([await mayUse(bob, id), await mayUse(carol, id), await mayUse(bob, id, 'two')]).toEqual([
      true,
      false,
      false,
    ]);
    expect((await relay.admit(carol, { sessionId: id })).status).toBe(404);
    expect((await relay.admit(carol, { method: 'DELETE', sessionId: id })).status).toBe(404);
  });

  test('of another caller is not handed out: 502 and a log entry', async () => {
    answer = initialized('shared');
    await relay.read(bob, initialize);
    const { status, headers, text } = await relay.read(carol, initialize);
    expect([status, headers['mcp-session-id']]).toEqual([502, undefined]);
    expect(text).toContain('upstream_session_conflict');
    expect(relay.logged('upstream_session_conflict')).toHaveLength(1);
    expect([await mayUse(bob, 'shared'), await mayUse(carol, 'shared')]).toEqual([true, false]);
  });

  test('may be handed to the same caller again', async () => {
    answer = initialized('again');
    await relay.read(bob, initialize);
    expect((await relay.read(bob, initialize)).status).toBe(200);
  });

  test('is not bound when the server refuses to create it', async () => {
    answer = (response) => void response.writeHead(400, { 'mcp-session-id': 'refused' }).end();
    await relay.read(bob, initialize);
    expect(await mayUse(bob, 'refused')).toBe(false);
  });

  test.each([
    [200, false],
    [204, false],
    [404, false],
    [405, true],
    [500, true],
  ])('whose server answers DELETE with %i stays bound: %s', async (status, kept) => {
    answer = initialized(`end-${status}`);
    await relay.read(bob, initialize);
    answer = (response) => void response.writeHead(status).end();
    expect(await relay.read(bob, { method: 'DELETE', sessionId: `end-${status}` })).toMatchObject({ status });
    expect(await mayUse(bob, `end-${status}`)).toBe(kept);
  });

  test('reaches its caller only after the auth-server has bound it, and never if it cannot', async () => {
    let letGo: () => void = () => undefined;
    const slow = createServer((request, response) => {
      if (request.url?.startsWith('/relay/ended')) return void response.end('{"last":0,"marks":[]}');
      letGo = () => void response.writeHead(204).end();
    });
    await new Promise<void>((resolve) => slow.listen(0, '127.0.0.1', resolve));
    const behind = await startRelay({ authServer: `http://127.0.0.1:${(slow.address() as AddressInfo).port}` });
    try {
      await behind.lead(await startUpstream(initialized('early')));
      const who = await behind.person('bob', 'some');
      let begun = false;
      const waiting = behind.ask(who, initialize).then((given) => {
        begun = true;
        return given;
      });
      await sleep(300);
      expect(begun).toBe(false);
      letGo();
      expect((await waiting).headers['mcp-session-id']).toBe('early');
      slow.closeAllConnections();
      await new Promise((resolve) => slow.close(resolve));
      const { status, headers, text } = await behind.read(who, initialize);
      expect([status, headers['mcp-session-id']]).toEqual([503, undefined]);
      expect(text).toContain('authorization_unavailable');
    } finally {
      slow.closeAllConnections();
      slow.close();
      await behind.close();
    }
  });

  test('that is rejected leaves no connection open at the server', async () => {
    answer = initialized('conflict');
    await relay.read(bob, initialize);
    answer = (response) => void response.writeHead(200, { 'mcp-session-id': 'conflict' }).write('{');
    const before = upstream.gone();
    expect((await relay.read(carol, initialize)).status).toBe(502);
    expect(await until(() => upstream.gone() > before)).toBe(true);
  });
});

const task = (taskId: string) => result({ task: { taskId, status: 'working' } });
const modernTask = (taskId: string) => result({ resultType: 'task', taskId, status: 'working' });
const asEvent = (value: object) => (response: Parameters<typeof json>[0]) =>
  void sse(response, ': x\n\n', `data: ${JSON.stringify(value)}\n\n`).end();
const mayAsk = async (who: string, taskId: string) =>
  (await relay.auth.validate({ cookie: who, 'X-Mcp-Server': 'one' }, message('tasks/get', { taskId }))).status === 200;

describe('a task', () => {
  test.each([
    ['2025-11-25, JSON', taskCall(), (id: string) => (r: Parameters<typeof json>[0]) => json(r, task(id)), 't1'],
    ['2025-11-25, a stream', taskCall(), (id: string) => asEvent(task(id)), 't2'],
    [
      '2026-07-28, JSON',
      modernTaskCall(),
      (id: string) => (r: Parameters<typeof json>[0]) => json(r, modernTask(id)),
      't3',
    ],
    ['2026-07-28, a stream', modernTaskCall(), (id: string) => asEvent(modernTask(id)), 't4'],
  ])('belongs to the caller that created it (%s)', async (_era, body, given, id) => {
    answer = given(id);
    const { status, text } = await relay.read(bob, { body });
    expect(status).toBe(200);
    expect(text).toContain(id);
    expect([await mayAsk(bob, id), await mayAsk(carol, id), await mayAsk(bob, 'unknown')]).toEqual([
      true,
      false,
      false,
    ]);
  });

  test('of another caller is not handed out', async () => {
    answer = (response) => json(response, task('theirs'));
    await relay.read(bob, { body: taskCall() });
    expect((await relay.read(carol, { body: taskCall() })).status).toBe(502);
    answer = asEvent(task('theirs'));
    expect((await relay.read(carol, { body: taskCall() })).text).not.toContain('theirs');
    expect(await mayAsk(carol, 'theirs')).toBe(false);
  });

  test.each([
    ['an answer', (value: object) => (r: Parameters<typeof json>[0]) => json(r, value)],
    ['a stream', asEvent],
  ])('is listed for its owner only, in %s', async (_how, wrap) => {
    for (const [who, id] of [
      [bob, 'mine'],
      [carol, 'hers'],
    ] as const) {
      answer = (response) => json(response, task(id));
      await relay.read(who, { body: taskCall() });
    }
    const all = [
      { taskId: 'mine' },
      { taskId: 'hers' },
      { taskId: 'unowned' },
      { id: 'odd' },
      { taskId: 'x'.repeat(2_000) },
    ];
    answer = wrap(result({ tasks: all, nextCursor: 'c' }));
    const { text } = await relay.read(bob, { body: message('tasks/list') });
    expect(JSON.parse(text.replace(/^data: /, ''))).toEqual(result({ tasks: [{ taskId: 'mine' }], nextCursor: 'c' }));
  });

  test('without an id is not listed', async () => {
    answer = (response) => json(response, result({ tasks: [{ id: 'odd' }] }));
    expect((await relay.read(bob, { body: message('tasks/list') })).text).toBe(JSON.stringify(result({ tasks: [] })));
  });

  test('is not searched for in a long result, which passes unchanged', async () => {
    const long = JSON.stringify(result({ content: [{ type: 'text', text: 'é😀'.repeat(50_000) }] }));
    answer = (response) => json(response, long, { 'content-length': Buffer.byteLength(long) });
    const { text, headers } = await relay.read(bob, { body: taskCall() });
    expect(text).toBe(long);
    expect(headers['content-length']).toBe(String(Buffer.byteLength(long)));
  });
});

describe('the endpoint that a server of the 2024-11-05 transport announces', () => {
  const announced = (data: string, more = '') => `event: endpoint\ndata: ${data}\n\n${more}`;
  const postTo = async (led: string) => {
    answer = (response) => void response.writeHead(202).end('Accepted');
    const asked = { endpoint: 'messages' as const, search: led.slice(led.indexOf('?')), body: message('ping') };
    const { status } = await relay.read(bob, asked);
    return { status, url: upstream.requests.at(-1)?.url };
  };

  test.each([
    ['a path', '/message?sessionId=abc', '/message?sessionId=abc'],
    ['a relative path', 'post?x=1#y', '/post?x=1'],
    ['a query', '?s=1', '/sse?s=1'],
    ['a URL of the server', () => `http://127.0.0.1:${upstream.port}/m/é?a=b`, '/m/%C3%A9?a=b'],
    ['a path with dot segments', '/a/../../b', '/b'],
  ])('is replaced by one at the gateway, which forwards to it: %s', async (_what, data, path) => {
    answer = (response) => void sse(response, announced(typeof data === 'string' ? data : data())).end();
    const { text } = await relay.read(bob, legacyStream);
    expect(text).toMatch(/^event: endpoint\ndata: \/one\/messages\?sessionId=[0-9a-f-]{36}\n\n$/);
    const led = text.split('data: ')[1]?.trim() ?? '';
    expect(await postTo(led)).toEqual({ status: 202, url: path });
    const asked = { endpoint: 'messages' as const, search: led.slice(led.indexOf('?')), body: message('ping') };
    expect((await relay.admit(carol, asked)).status).toBe(404);
    expect((await relay.admit(bob, { ...asked, search: `${asked.search}&x=1` })).status).toBe(404);
    expect((await relay.admit(bob, { ...asked, search: '?sessionId=abc' })).status).toBe(404);
    expect((await relay.admit(bob, { ...asked, server: 'two' })).status).toBe(404);
  });

  test.each([
    ['another host', 'http://127.0.0.2/message'],
    ['another port', 'http://127.0.0.1:1/message'],
    ['another host, without a scheme', '//evil.example/message'],
    ['another host, behind a backslash', '/\\evil.example/message'],
    ['a name and a password', () => `http://user:pw@127.0.0.1:${upstream.port}/m`],
    ['a script', 'javascript:alert(1)'],
    ['data', 'data:text/plain,x'],
    ['no URL', 'http://['],
  ])('ends the stream when it points to %s', async (_what, data) => {
    const path = typeof data === 'string' ? data : data();
    answer = (response) => void sse(response, announced(path, 'data: {"later":1}\n\n'));
    const { text } = await relay.read(bob, legacyStream);
    expect(text).toBe('<cut>');
    expect(relay.logged('upstream_answer_unreadable').length).toBeGreaterThan(0);
  });

  test.each([
    ['a second time', [announced('/first'), announced('/second')], ['/first']],
    ['after a message', ['data: {"a":1}\n\n', announced('/late')], []],
    ['on a stream that is not of that transport', [announced('/other')], []],
  ])('is dropped when it comes %s', async (how, events, paths) => {
    answer = (response) => void sse(response, ': c\n\n', ...events).end();
    const { text } = await relay.read(bob, how.startsWith('on') ? stream : legacyStream);
    const led = [...text.matchAll(/data: (\/one\/messages\S+)/g)].map(([, path = '']) => path);
    expect(text).not.toMatch(/first|second|late|other/);
    const posted = await Promise.all(led.map(postTo));
    expect(posted.map(({ url }) => url)).toEqual(paths);
  });

  test('may be missing: the stream still passes', async () => {
    answer = (response) =>
      void sse(response, 'data: {"a":1}\n\n', 'event: endpoint\n\n', 'event: endpoint\ndata:\n\n').end();
    expect((await relay.read(bob, legacyStream)).text).toBe('data: {"a":1}\n\n');
  });

  test('is recognized after a byte order mark', async () => {
    answer = (response) => void sse(response, `\ufeff${announced('/secret')}`).end();
    expect((await relay.read(bob, legacyStream)).text).not.toContain('secret');
  });

  test('is recognized at /sse only, and lists are filtered on that stream', async () => {
    answer = (response) => void sse(response, announced('/x'), 'data: {"result":{"tools":[{"name":"set_a"}]}}\n\n');
    const open = await relay.ask(bob, legacyStream);
    const state = follow(open);
    expect(await until(() => state.text.includes('"tools":[]'))).toBe(true);
    open.destroy();
  });

  test('is not passed on when the auth-server cannot bind it', async () => {
    const behind = await startRelay({ authServer: 'http://127.0.0.1:1' });
    try {
      await behind.lead(await startUpstream((response) => void sse(response, announced('/secret'))));
      const { text } = await behind.read(await behind.person('bob', 'some'), legacyStream);
      expect(text).toBe('<cut>');
      expect(behind.logged('authorization_unavailable')).toHaveLength(1);
    } finally {
      await behind.close();
    }
  });
});

test('A request without a route is answered 502', async () => {
  const { status } = await relay.read(bob, { server: 'four', body: message('tools/list') });
  expect(status).toBe(502);
  expect(await textOf(await relay.ask(bob, { server: 'four' }))).toContain('upstream_unavailable');
});
