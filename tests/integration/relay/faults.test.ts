import { readFileSync } from 'node:fs';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import {
  json,
  message,
  type Relay,
  sleep,
  startRawUpstream,
  startRelay,
  startUpstream,
  stream,
  taskCall,
  textOf,
  tools,
  until,
} from '../../support/relay/relay-fixture.ts';

let relay: Relay;
let bob: string;
beforeAll(async () => {
  relay = await startRelay({ quickMilliseconds: 400 });
  bob = await relay.person('bob', 'some');
});
afterAll(() => relay.close());

const list = { body: message('tools/list') };
const call = { body: taskCall() };
const initialize = { body: message('initialize') };
const head = (more: string) => `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n${more}\r\n`;
const whole = (text: string, type = 'application/json') =>
  `HTTP/1.1 200 OK\r\ncontent-type: ${type}\r\ncontent-length: ${Buffer.byteLength(text)}\r\n\r\n${text}`;
const good = whole(JSON.stringify(tools('get_a')));
const raw = async (answer: Parameters<typeof startRawUpstream>[0]) => relay.lead(await startRawUpstream(answer));
const writes = (text: string, then?: 'end' | 'destroy') => (socket: Socket) => {
  socket.write(text, () => (then === 'end' ? socket.end() : then === 'destroy' && socket.resetAndDestroy()));
};

describe('a server that', () => {
  test.each<[string, Parameters<typeof startRawUpstream>[0], object, number, string]>([
    ['never answers', () => undefined, list, 504, 'upstream_too_slow'],
    ['never answers initialize', () => undefined, initialize, 504, 'upstream_too_slow'],
    ['never answers a stream request', () => undefined, stream, 504, 'upstream_too_slow'],
    ['sends 100 Continue only', writes('HTTP/1.1 100 Continue\r\n\r\n'), list, 504, 'upstream_too_slow'],
    ['sends only the headers of a list', writes(head('content-length: 9\r\n')), list, 504, 'upstream_too_slow'],
    ['hangs up', (socket) => void socket.end(), list, 502, 'upstream_unavailable'],
    ['resets the connection', (socket) => void socket.resetAndDestroy(), list, 502, 'upstream_unavailable'],
    ['stops in its headers', writes('HTTP/1.1 200 OK\r\ncont', 'end'), list, 502, 'upstream_unavailable'],
    ['stops in a list', writes(`${head('content-length: 900\r\n')}{"re`, 'end'), list, 502, 'upstream_unavailable'],
    [
      'announces a length that is too long',
      writes(good.replace(/length: \d+/, 'length: 900'), 'end'),
      list,
      502,
      'upstream_unavailable',
    ],
    [
      'announces a length that is too short',
      writes(good.replace(/length: \d+/, 'length: 45')),
      list,
      502,
      'upstream_answer_unreadable',
    ],
    [
      'announces two lengths',
      writes(head('content-length: 2\r\ncontent-length: 3\r\n')),
      list,
      502,
      'upstream_unavailable',
    ],
    [
      'announces a length and chunks',
      writes(head('content-length: 2\r\ntransfer-encoding: chunked\r\n')),
      list,
      502,
      'upstream_unavailable',
    ],
    [
      'sends garbage for chunks',
      writes(`${head('transfer-encoding: chunked\r\n')}zz\r\n{}\r\n`),
      list,
      502,
      'upstream_unavailable',
    ],
    [
      'stops between chunks',
      writes(`${head('transfer-encoding: chunked\r\n')}2\r\n{}\r\n`, 'end'),
      list,
      502,
      'upstream_unavailable',
    ],
    ['speaks another protocol', writes('SSH-2.0-OpenSSH_9.2\r\n'), list, 502, 'upstream_unavailable'],
    ['sends a megabyte of headers', writes(head(`x: ${'y'.repeat(1_000_000)}\r\n`)), list, 502, 'upstream_unavailable'],
    [
      'upgrades the connection',
      writes('HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n'),
      list,
      502,
      'upstream_unavailable',
    ],
  ])('%s gets an error answer in time, and its connection is closed', async (_what, answer, asked, status, reason) => {
    const upstream = await raw(answer);
    const began = performance.now();
    const given = await relay.read(bob, asked);
    expect([given.status, JSON.parse(given.text).error.data.reason]).toEqual([status, reason]);
    expect(performance.now() - began).toBeLessThan(8_000);
    expect(await until(() => upstream.open() === 0, 8_000)).toBe(true);
    expect(relay.logged(reason).length).toBeGreaterThan(0);
  });

  test.each([
    ['has no content', 'HTTP/1.1 204 No Content\r\n\r\n', 204],
    ['answers 304 Not Modified', 'HTTP/1.1 304 Not Modified\r\n\r\n', 304],
    ['sends early hints', `HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n${good}`, 200],
    ['names a trailer', good.replace('\r\n\r\n', '\r\ntrailer: x\r\n\r\n'), 200],
  ])('%s is passed on unchanged and asked only once', async (_what, text, status) => {
    const upstream = await raw(writes(text));
    expect((await relay.read(bob, list)).status).toBe(status);
    expect(upstream.requests).toHaveLength(1);
  });

  test('is not running gets an error answer', async () => {
    await relay.route('one', 'http 127.0.0.1:1 127.0.0.1:1 /mcp - -');
    expect(await relay.read(bob, list)).toMatchObject({ status: 502 });
  });

  test.each([
    ['stops in a result', `${head('content-length: 200000\r\n')}{"result":"${'x'.repeat(100_000)}`],
    ['sends a shorter result than announced', `${head('content-length: 100002\r\n')}"${'x'.repeat(100_000)}`],
    [
      'sends garbage after chunks of it',
      `${head('transfer-encoding: chunked\r\n')}186A0\r\n${'x'.repeat(100_000)}\r\nzz\r\n`,
    ],
  ])('%s leaves the client with an error, not with a part of the answer', async (_what, text) => {
    await raw(writes(text, 'end'));
    const given = await relay.read(bob, call);
    expect(given.status).toBe(502);
    expect(given.text).toContain('upstream_unavailable');
  });

  test('shows a certificate for another host gets no request', async () => {
    const [key, cert] = ['key', 'cert'].map((part) => readFileSync(`tests/support/upstream-${part}.pem`));
    let asked = 0;
    const server = createTlsServer({ key, cert }, (_request, response) => {
      asked++;
      json(response, tools('get_a'));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const trusting = await startRelay({ ca: String(cert) });
    try {
      const who = await trusting.person('bob', 'some');
      await relay.route('one', `https localhost:${port} 127.0.0.1:${port} /mcp - -`);
      expect((await relay.read(bob, list)).status).toBe(502);
      await trusting.route('one', `https example.test:${port} 127.0.0.1:${port} /mcp - -`);
      expect((await trusting.read(who, list)).status).toBe(502);
      expect(asked).toBe(0);
      await trusting.route('one', `https localhost:${port} 127.0.0.1:${port} /mcp - -`);
      expect((await trusting.read(who, list)).status).toBe(200);
    } finally {
      await trusting.close();
      server.closeAllConnections();
      server.close();
    }
  });
});

describe('a connection that the server closes between two requests', () => {
  test('does not lose an answer', async () => {
    const upstream = await raw((socket) => void socket.write(good, () => setTimeout(() => socket.destroy(), 20)));
    for (let n = 0; n < 10; n++) {
      expect((await relay.read(bob, list)).status).toBe(200);
      await sleep(15 + n);
    }
    expect(upstream.requests.length).toBeGreaterThanOrEqual(10);
  });

  test('while a list is requested is replaced by another', async () => {
    const used = new Set<Socket>();
    const upstream = await raw(
      (socket) => void (used.has(socket) ? socket.destroy() : used.add(socket) && socket.write(good)),
    );
    for (let n = 0; n < 4; n++) expect((await relay.read(bob, list)).status).toBe(200);
    // The second and the fourth were sent twice.
    expect(upstream.requests).toHaveLength(6);
  });

  test('never makes the relay send a tool call twice', async () => {
    const upstream = await raw(
      (socket, _nth, request) => void (request.includes('tools/call') ? socket.destroy() : socket.write(good)),
    );
    for (let n = 1; n <= 3; n++) {
      expect((await relay.read(bob, list)).status).toBe(200);
      expect((await relay.read(bob, call)).status).toBe(502);
      expect(upstream.requests.filter((request) => request.includes('tools/call'))).toHaveLength(n);
    }
  });

  test('is never used for a message of the 2024-11-05 transport', async () => {
    const upstream = await relay.lead(
      await startUpstream((response, { url }) => {
        if (url === '/sse')
          return void response
            .writeHead(200, { 'content-type': 'text/event-stream' })
            .write('event: endpoint\ndata: /m\n\n');
        response.socket?.destroy();
      }),
    );
    const open = await relay.ask(bob, { method: 'GET', endpoint: 'sse' });
    const led = await new Promise<string>((resolve) => open.once('data', (bytes: Buffer) => resolve(String(bytes))));
    const search = /\?sessionId=[0-9a-f-]+/.exec(led)?.[0] ?? '';
    const post = { endpoint: 'messages' as const, search, body: message('tools/call', { name: 'echo' }) };
    expect((await relay.read(bob, post)).status).toBe(502);
    expect(upstream.requests.filter(({ url }) => url === '/m')).toHaveLength(1);
    open.destroy();
  });
});

describe('a client that goes away', () => {
  test.each([
    ['a slow list', list, ''],
    ['a list that has begun', list, head('content-length: 900\r\n')],
    ['a slow initialize', initialize, ''],
    ['a call that may become a task', call, ''],
    ['a result that has begun', call, `${head('content-length: 900000\r\n')}${'x'.repeat(100_000)}`],
  ])('ends its upstream request within a second: %s', async (_what, asked, begun) => {
    const upstream = await raw((socket) => void socket.write(begun));
    const { headers } = await relay.admit(bob, asked);
    const waiting = relay.send(headers, asked).catch(() => undefined);
    await until(() => upstream.requests.length === 1);
    await sleep(50);
    expect(upstream.open()).toBe(1);
    relay.hangUp();
    await waiting;
    expect(await until(() => upstream.open() === 0, 8_000)).toBe(true);
    expect(relay.streams.size).toBe(0);
  });
});

test('An answer to a client that has gone is not an error in the log', async () => {
  const before = relay.lines.length;
  await raw(() => undefined);
  const { headers } = await relay.admit(bob, call);
  const waiting = relay.send(headers, call).catch(() => undefined);
  await sleep(100);
  relay.hangUp();
  await waiting;
  await sleep(100);
  expect(relay.lines.slice(before).filter((line) => /"level":"(warn|error)"/.test(line))).toEqual([]);
  expect(await textOf(await relay.send({}))).toContain('ticket_invalid');
});
