import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Gateway, startGateway } from '../support/gateway/gateway.ts';
import { rpc, send } from '../support/gateway/send.ts';

const after = 'BYTES-AFTER-THE-ANSWER';
/** Everything that arrived at the server, and its connections. */
let arrived = '';
const held = new Set<Socket>();
/** How the server goes on after its 101: keep the connection, close it, or declare an empty body. */
let ending: 'open' | 'close' | 'empty' = 'open';

/** A server that answers 101 to everything. */
const switching: Server = createServer((socket) => {
  held.add(socket);
  socket.on('error', () => {}).on('close', () => held.delete(socket));
  let answered = false;
  socket.on('data', (data) => {
    arrived += data.toString('latin1');
    if (answered) return;
    answered = true;
    const length = ending === 'empty' ? 'Content-Length: 0\r\n' : '';
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n${length}\r\n`);
    if (ending === 'close') setTimeout(() => socket.end(), 100);
  });
});

let gateway: Gateway;
let authorization: string;
beforeAll(async () => {
  await new Promise<void>((done) => switching.listen(0, '127.0.0.1', done));
  const upstream = `http://127.0.0.1:${(switching.address() as AddressInfo).port}`;
  const transports = { 'streamable-http': '/mcp', sse: '/sse' };
  gateway = await startGateway({}, [
    { name: 'switching', title: 'Switching', description: 'x', upstream, transports, tags: [] },
  ]);
  authorization = `Bearer ${await gateway.agentToken()}`;
}, 180_000);
afterAll(async () => {
  await gateway?.stop();
  for (const socket of held) socket.destroy();
  switching.close();
});

const upgrades = [
  ['no Upgrade', ''],
  ['an empty Upgrade', 'Upgrade:\r\n'],
  ['an Upgrade of spaces', 'Upgrade:   \r\nConnection: Upgrade\r\n'],
  ['h2c', 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n'],
  ['websocket', 'Connection: Upgrade\r\nUpgrade: websocket\r\n'],
  ['an empty and a full Upgrade', 'Upgrade:\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n'],
  ['a full and an empty Upgrade', 'upgrade: h2c\r\nUPGRADE:\r\n'],
] as const;
const call = rpc('tools/call', { name: 'x' });
const places = [
  ['POST', '/switching/mcp', call],
  ['POST', '/switching/mcp', rpc('initialize', {})],
  ['GET', '/switching/mcp', ''],
  ['GET', '/switching/sse', ''],
  ['POST', '/switching/messages?session_id=x', call],
  ['GET', '/', ''],
  ['GET', '/health', ''],
  ['GET', '/api/servers', ''],
  ['GET', '/v0.1/servers', ''],
] as const;

/** Sends a request, and more bytes once the answer has begun or the server has the request. */
async function sendTwice(method: string, path: string, body: string, lines: string): Promise<void> {
  const socket = connect(gateway.ports.gateway, '127.0.0.1');
  let answer = '';
  socket
    .on('error', () => {})
    .on('data', (data) => {
      answer += data.toString('latin1');
    });
  const length = body ? `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n` : '';
  socket.write(
    `${method} ${path} HTTP/1.1\r\nHost: localhost:${gateway.ports.gateway}\r\nAuthorization: ${authorization}\r\n` +
      `Accept: application/json, text/event-stream\r\n${length}${lines}\r\n${body}`,
  );
  for (let tries = 0; tries < 60 && !answer.includes('\r\n\r\n'); tries++) await sleep(10);
  socket.write(after);
  socket.write(`\r\n\r\nPOST /switching/mcp HTTP/1.1\r\nHost: x\r\n${after}: 1\r\nContent-Length: 0\r\n\r\n`);
  await sleep(200);
  socket.destroy();
}

test.each(places)('No 101 of a server opens a tunnel: %s at %s', async (method, path, body) => {
  for (const each of ['open', 'close', 'empty'] as const) {
    ending = each;
    arrived = '';
    await Promise.all(upgrades.map(([, lines]) => sendTwice(method, path, body, lines)));
    expect(arrived).not.toContain(after);
    // Without a stream of the caller, the gate refuses its messages.
    if (/^\/switching\/(mcp|sse)/.test(path)) expect(arrived).toMatch(/ HTTP\/1.1\r\n/);
  }
});

test.each(upgrades)('A call with %s reaches an ordinary server without it, and is answered', async (_what, lines) => {
  const headers = Object.fromEntries(
    lines
      .split('\r\n')
      .filter(Boolean)
      .map((line) => line.split(/: */, 2) as [string, string]),
  );
  gateway.echo.reset();
  const json = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
  const answer = await send(gateway.ports.gateway, {
    path: '/echo/mcp',
    headers: { authorization, ...json, ...headers },
    body: call,
  });
  expect(answer.status).toBe(200);
  const seen = gateway.echo.seen[0]?.headers ?? {};
  expect([seen.upgrade, seen['http2-settings']]).toEqual([undefined, undefined]);
});
