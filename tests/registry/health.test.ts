import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { NodeStreamableHTTPServerTransport, toNodeHandler } from '@modelcontextprotocol/node';
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server';
import { SSEServerTransport } from '@modelcontextprotocol/server-legacy/sse';
import * as z from 'zod';
import { createHealthMonitor, type Health } from '../../registry/health.ts';
import type { ServerEntry } from '../../registry/store/server-store.ts';
import type { Upstream } from '../../registry/upstreams.ts';
import { recordingLog } from './registry-fixture.ts';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

/** Something that listens on a free port; gives its port. */
async function listen(listener: RequestListener): Promise<number> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  closers.push(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as AddressInfo).port;
}

function buildMcp(): McpServer {
  const server = new McpServer({ name: 'little', version: '1' });
  const answer = () => ({ content: [] });
  server.registerTool(
    'tell_time',
    { title: 'Time', description: ' Tells the time.\n', inputSchema: z.object({}) },
    answer,
  );
  server.registerTool('plain', { inputSchema: z.object({}) }, answer);
  return server;
}
const tools = [
  { name: 'tell_time', title: 'Time', description: 'Tells the time.' },
  { name: 'plain', title: null, description: null },
];

function mcpListener(): RequestListener {
  const handle = toNodeHandler(createMcpHandler(buildMcp));
  return (req, res) => void handle(req as Parameters<typeof handle>[0], res);
}

function monitor(
  port: number,
  options: { transports?: ServerEntry['transports']; upstream?: Upstream; host?: string; timeoutMs?: number } = {},
) {
  const { log, lines } = recordingLog();
  const entry: ServerEntry = {
    name: 'little',
    title: 'Little',
    description: 'Little',
    upstream: `http://${options.host ?? '127.0.0.1'}:${port}`,
    transports: options.transports ?? { 'streamable-http': '/mcp' },
    tags: [],
  };
  const upstream = options.upstream ?? { addresses: [`127.0.0.1:${port}`] };
  const checkedAt = new Date('2026-11-23T00:00:00Z');
  const monitor = createHealthMonitor({
    servers: () => [entry],
    upstreamOf: () => upstream,
    log,
    intervalMs: 20,
    // Long, so that a busy machine does not look like a dead server; short only where the time-out is what is tested.
    timeoutMs: options.timeoutMs ?? 10_000,
    now: () => checkedAt,
  });
  closers.push(async () => monitor.stop());
  return { monitor, lines, checkedAt };
}

async function checked(port: number, options?: Parameters<typeof monitor>[1]): Promise<Health> {
  const { monitor: m } = monitor(port, options);
  await m.checkAll();
  return m.of('little');
}

test('A server that was never asked is unknown', async () => {
  expect(monitor(1).monitor.of('little')).toEqual({ status: 'unknown', checkedAt: null, error: null, tools: [] });
});

test('A real MCP server is up, with the tools it announces', async () => {
  const { monitor: m, checkedAt } = monitor(await listen(mcpListener()));
  await m.checkAll();
  expect(m.of('little')).toEqual({ status: 'up', checkedAt, error: null, tools });
});

test('A server of the older era with sessions is up, and is not left with a session for each time it was asked', async () => {
  const sessions = new Map<string, NodeStreamableHTTPServerTransport>();
  let opened = 0;
  const port = await listen(async (req, res) => {
    const known = sessions.get(String(req.headers['mcp-session-id']));
    if (known) return void known.handleRequest(req, res);
    const transport = new NodeStreamableHTTPServerTransport({
      sessionIdGenerator: () => crypto.randomUUID(),
      onsessioninitialized: (id) => {
        opened++;
        sessions.set(id, transport);
      },
      onsessionclosed: (id) => void sessions.delete(id),
    });
    await buildMcp().connect(transport);
    await transport.handleRequest(req, res);
  });
  expect(await checked(port)).toMatchObject({ status: 'up', tools });
  expect([opened, sessions.size]).toEqual([1, 0]);
});

test('A server that has only SSE is up', async () => {
  const streams = new Map<string, SSEServerTransport>();
  const port = await listen(async (req, res) => {
    if (req.method === 'GET') {
      const transport = new SSEServerTransport('/messages', res);
      streams.set(transport.sessionId, transport);
      await buildMcp().connect(transport);
      return;
    }
    const id = new URL(req.url ?? '', 'http://x').searchParams.get('sessionId') ?? '';
    await streams.get(id)?.handlePostMessage(req, res);
  });
  const health = await checked(port, { transports: { sse: '/sse' } });
  expect(health).toMatchObject({ status: 'up', error: null, tools });
});

test('It is the vetted address that is asked, whatever the name resolves to by then', async () => {
  const port = await listen(mcpListener());
  const health = await checked(port, { host: 'not-in-any-dns.invalid' });
  expect(health).toMatchObject({ status: 'up', tools });
});

const answering =
  (status: number, body = '', headers = {}): RequestListener =>
  (_req, res) =>
    void res.writeHead(status, headers).end(body);

test.each([
  ['wants credentials', answering(401), 'needs-authentication', 'It wants credentials of its own (HTTP 401).'],
  ['forbids us', answering(403), 'needs-authentication', 'It wants credentials of its own (HTTP 403).'],
  ['fails', answering(500), 'down', 'It answered HTTP 500 instead of MCP.'],
  ['knows no such path', answering(404), 'down', 'It answered HTTP 404 instead of MCP.'],
  [
    'is a web page',
    answering(200, '<h1>Hi</h1>', { 'content-type': 'text/html' }),
    'down',
    'It did not answer as an MCP server does.',
  ],
  [
    'speaks JSON but not MCP',
    answering(200, '{"jsonrpc":"2.0","id":99,"result":{}}', { 'content-type': 'application/json' }),
    'down',
    'It did not answer within 0.4 s.',
  ],
  ['hangs', () => undefined, 'down', 'It did not answer within 0.4 s.'],
  ['hangs up', (req) => void req.socket.destroy(), 'down', 'It closed the connection.'],
] as [string, RequestListener, string, string][])(
  'A server that %s gets the right state and reason',
  async (_what, listener, status, error) => {
    const timeoutMs = error.includes('within') ? 400 : 10_000;
    expect(await checked(await listen(listener), { timeoutMs })).toMatchObject({ status, error, tools: [] });
  },
);

test('A server that nobody runs is down, and the reason holds no address', async () => {
  const port = await listen(answering(200));
  await closers.pop()?.();
  const { monitor: m, lines } = monitor(port);
  await m.checkAll();
  expect(m.of('little')).toMatchObject({ status: 'down', error: 'Nothing listens at its address.' });
  expect(lines.join('')).toContain('ECONNREFUSED');
});

test('A server that may not be reached is down for that reason and is not asked', async () => {
  let asked = 0;
  const port = await listen((_req, res) => {
    asked++;
    res.end();
  });
  const problem = 'Its address is not one that the gateway may reach.';
  expect(await checked(port, { upstream: { addresses: [], problem } })).toMatchObject({
    status: 'down',
    error: problem,
  });
  expect(asked).toBe(0);
});

test('A redirect to elsewhere is not followed', async () => {
  let visited = 0;
  const elsewhere = await listen((_req, res) => {
    visited++;
    res.end();
  });
  const health = await checked(await listen(answering(307, '', { location: `http://127.0.0.1:${elsewhere}/mcp` })));
  expect(health.status).toBe('down');
  expect(visited).toBe(0);
});

test('A server that sends without end is cut off', async () => {
  const flood: RequestListener = (_req, res) => {
    res.writeHead(200, { 'content-type': 'application/json' });
    const more = (): void => {
      while (!res.destroyed && res.write('x'.repeat(65_536)));
    };
    res.on('drain', more);
    more();
  };
  expect(await checked(await listen(flood))).toMatchObject({ status: 'down', error: 'It sent more than 4 MB.' });
});

test('Thousands of tools and endless texts are cut to a size that a page can show', async () => {
  const port = await listen((req, res) => {
    const handle = toNodeHandler(
      createMcpHandler(() => {
        const server = new McpServer({ name: 'big', version: '1' });
        for (let i = 0; i < 1_200; i++)
          server.registerTool(`t${i}`, { description: 'x'.repeat(2_500), inputSchema: z.object({}) }, () => ({
            content: [],
          }));
        return server;
      }),
    );
    void handle(req as Parameters<typeof handle>[0], res);
  });
  const { log } = recordingLog();
  const upstream = `http://127.0.0.1:${port}`;
  const entry = {
    name: 'big',
    title: 'b',
    description: 'b',
    upstream,
    transports: { 'streamable-http': '/mcp' },
    tags: [],
  };
  const addresses = [`127.0.0.1:${port}`];
  const m = createHealthMonitor({ servers: () => [entry], upstreamOf: () => ({ addresses }), log, timeoutMs: 10_000 });
  await m.checkAll();
  const { status, tools: seen } = m.of('big');
  expect([status, seen.length, seen[0]?.description?.length]).toEqual(['up', 1_000, 2_000]);
}, 20_000);

test('The monitor asks at once and again by itself, keeps the tools of a server that went away, and can be stopped', async () => {
  let alive = true;
  let asked = 0;
  const mcp = mcpListener();
  const port = await listen((req, res) => {
    asked++;
    if (alive) mcp(req, res);
    else res.writeHead(500).end();
  });
  const { monitor: m, lines } = monitor(port);
  m.start();
  expect(await until(() => m.of('little').status === 'up')).toBe(true);
  alive = false;
  expect(await until(() => m.of('little').status === 'down')).toBe(true);
  expect(m.of('little').tools).toEqual(tools);
  m.stop();
  await new Promise((resolve) => setTimeout(resolve, 100));
  const before = asked;
  await new Promise((resolve) => setTimeout(resolve, 150));
  expect(asked).toBe(before);
  expect(lines.filter((line) => line.includes('server is down'))).toHaveLength(1);
});

async function until(condition: () => boolean): Promise<boolean> {
  for (let tries = 0; tries < 300 && !condition(); tries++) await new Promise((resolve) => setTimeout(resolve, 10));
  return condition();
}
