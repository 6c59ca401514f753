import { readFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { join } from 'node:path';
import { json, text } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { NodeStreamableHTTPServerTransport, toNodeHandler } from '@modelcontextprotocol/node';
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server';
import { SSEServerTransport } from '@modelcontextprotocol/server-legacy/sse';
import * as z from 'zod';
import { createHealthMonitor } from '../../../../registry/health/monitor.ts';
import type { Upstream } from '../../../../registry/routing/upstreams.ts';
import type { ServerEntry } from '../../../../registry/servers/server.ts';
import type { Health } from '../../../../registry/servers/server-health.ts';
import { listen as startListening, until } from '../../../support/listen.ts';
import { recordingLog, toolOf } from '../../../support/registry/registry-fixture.ts';
import { strictSse } from '../../../support/servers/strict-sse.ts';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

/** Listens on a free port. @returns the port */
async function listen(listener: RequestListener): Promise<number> {
  const { port, close } = await startListening(listener);
  closers.push(close);
  return port;
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
  expect.objectContaining({ name: 'tell_time', title: 'Time', description: 'Tells the time.' }),
  expect.objectContaining({ name: 'plain', title: null, description: null }),
];

function mcpListener(): RequestListener {
  const handle = toNodeHandler(createMcpHandler(buildMcp));
  return (req, res) => void handle(req as Parameters<typeof handle>[0], res);
}

function monitor(
  port: number,
  options: Partial<Pick<ServerEntry, 'transports' | 'forward_headers' | 'host_header'>> & {
    upstream?: Upstream;
    scheme?: string;
    host?: string;
    timeoutMs?: number;
  } = {},
) {
  const { log, lines } = recordingLog();
  const entry: ServerEntry = {
    name: 'little',
    title: 'Little',
    description: 'Little',
    upstream: `${options.scheme ?? 'http'}://${options.host ?? '127.0.0.1'}:${port}`,
    transports: options.transports ?? { 'streamable-http': '/mcp' },
    tags: [],
    forward_headers: options.forward_headers ?? [],
    host_header: options.host_header,
  };
  const upstream = options.upstream ?? { addresses: [`127.0.0.1:${port}`] };
  const checkedAt = new Date('2026-11-23T00:00:00Z');
  const monitor = createHealthMonitor({
    servers: () => [entry],
    upstreamOf: () => upstream,
    log,
    intervalMs: 20,
    // Long, so that no check times out on a busy machine; short only to test the time-out itself.
    limits: { answer: options.timeoutMs ?? 10_000, whole: 20_000 },
    now: () => checkedAt,
  });
  closers.push(async () => monitor.stop());
  return { monitor, lines, checkedAt, ask: () => monitor.check(entry) };
}

async function checked(port: number, options?: Parameters<typeof monitor>[1]): Promise<Health> {
  return await monitor(port, options).ask();
}

test('A server that was never checked is unknown', async () => {
  expect(monitor(1).monitor.of('little')).toEqual({ status: 'unknown', checkedAt: null, error: null, tools: [] });
});

test('A real MCP server is healthy, and its tools are known', async () => {
  const { ask, checkedAt } = monitor(await listen(mcpListener()));
  const health = await ask();
  expect(health).toMatchObject({ status: 'healthy', checkedAt, error: null, tools });
  expect(health.details).toMatchObject({ unstable: false, seenAt: checkedAt, since: checkedAt });
  expect(health.details?.announced).toMatchObject({ name: 'little', version: '1', era: 'modern', prompts: [] });
  const steps = health.details?.checks[0]?.steps.map(({ step, state }) => `${step} ${state}`);
  expect(steps).toEqual(['reach ok', 'handshake ok', 'tools ok']);
});

/** A server of the older era with sessions. @param late resolves when `initialize` may be answered */
async function sessionServer(late: () => Promise<unknown> = async () => undefined) {
  const sessions = new Map<string, NodeStreamableHTTPServerTransport>();
  const asked: string[] = [];
  const port = await listen(async (req, res) => {
    const body = req.method === 'POST' ? await json(req) : undefined;
    const { method = req.method } = (body ?? {}) as { method?: string };
    asked.push(String(method));
    const known = sessions.get(String(req.headers['mcp-session-id']));
    if (known) return void known.handleRequest(req, res, body);
    if (req.headers['mcp-session-id']) return void res.writeHead(404).end();
    if (method === 'initialize') await late();
    const transport = new NodeStreamableHTTPServerTransport({
      sessionIdGenerator: () => crypto.randomUUID(),
      onsessioninitialized: (id) => void sessions.set(id, transport),
      onsessionclosed: (id) => void sessions.delete(id),
    });
    await buildMcp().connect(transport);
    await transport.handleRequest(req, res, body);
  });
  return { port, sessions, asked };
}

test('Checks keep one session: later ones ask for the tools only, and the end of the monitor ends it', async () => {
  const { port, sessions, asked } = await sessionServer();
  const { monitor: health, ask } = monitor(port);
  expect(await ask()).toMatchObject({ status: 'healthy', tools });
  expect(sessions.size).toBe(1);
  asked.length = 0;
  health.start();
  await until(() => asked.length >= 5);
  expect(new Set(asked)).toEqual(new Set(['tools/list']));
  expect(health.of('little')).toMatchObject({ status: 'healthy', tools, details: { announced: { name: 'little' } } });
  await health.stop();
  await until(() => sessions.size === 0);
});

test('A session that the server has forgotten is replaced within the same check', async () => {
  const { port, sessions, asked } = await sessionServer();
  const { monitor: health, ask } = monitor(port);
  await ask();
  sessions.clear();
  asked.length = 0;
  health.start();
  await until(() => sessions.size === 1 && asked.filter((method) => method === 'tools/list').length >= 2);
  expect(health.of('little')).toMatchObject({ status: 'healthy', error: null, tools, details: { unstable: false } });
});

test('A session that a server opened after its check had given up is ended', async () => {
  const released = Promise.withResolvers<void>();
  const { port, sessions, asked } = await sessionServer(() => released.promise);
  const health = await checked(port, { timeoutMs: 300 });
  expect(health).toMatchObject({ status: 'unhealthy', error: 'It did not answer within 0.3 s.' });
  expect(sessions.size).toBe(0);
  released.resolve();
  await until(() => asked.includes('DELETE'));
  await until(() => sessions.size === 0);
});

test('A server over SSE that refuses version headers without the others is asked as its transport says', async () => {
  const { answer, refused } = strictSse();
  const port = await listen(async (req, res) => answer(res, Object.assign(req, { body: await text(req) })));
  const health = await checked(port, { transports: { sse: '/sse' } });
  expect(health).toMatchObject({ status: 'healthy', tools: [expect.objectContaining({ name: 'tell_time' })] });
  expect(refused()).toBe(0);
});

test('The certificate authorities of a setting verify a server', async () => {
  const [cert, key] = ['cert', 'key'].map((part) =>
    readFileSync(join(import.meta.dirname, `../../../support/upstream-${part}.pem`), 'utf8'),
  );
  const handle = mcpListener();
  const server = createSecureServer({ cert, key }, handle);
  const { port, close } = await startListening(server);
  closers.push(close);
  const entry = {
    name: 'x',
    title: 'x',
    description: 'x',
    upstream: `https://localhost:${port}`,
    transports: { 'streamable-http': '/mcp' },
    tags: [],
  };
  const upstreamOf = () => ({ addresses: [`127.0.0.1:${port}`] });
  const { log } = recordingLog();
  const [trusting, other] = [cert, undefined].map((ca) =>
    createHealthMonitor({ servers: () => [entry], upstreamOf, log, ca }),
  );
  expect(await trusting?.check(entry)).toMatchObject({ status: 'healthy', tools });
  expect(await other?.check(entry)).toMatchObject({ error: 'Its TLS certificate cannot be verified.' });
  await trusting?.stop();
});

test('A server is not judged before it was located', async () => {
  const { log } = recordingLog();
  const port = await listen(mcpListener());
  const upstream = `http://127.0.0.1:${port}`;
  const entry = {
    name: 'x',
    title: 'x',
    description: 'x',
    upstream,
    transports: { 'streamable-http': '/mcp' },
    tags: [],
  };
  let found: Upstream | undefined;
  const health = createHealthMonitor({ servers: () => [entry], upstreamOf: () => found, log });
  closers.push(async () => health.stop());
  expect(await health.check(entry)).toMatchObject({ status: 'unknown', checkedAt: null });
  // It has moved, and only its old address is known.
  found = { addresses: [], problem: 'Its host name cannot be resolved.', origin: 'http://old.example' };
  expect(await health.check(entry)).toMatchObject({ status: 'unknown', checkedAt: null });
  found = { addresses: [`127.0.0.1:${port}`], origin: upstream };
  expect(await health.check(entry)).toMatchObject({ status: 'healthy' });
});

test('A server that is slow is healthy, and shown as slow', async () => {
  const handle = mcpListener();
  const port = await listen((req, res) => void setTimeout(() => handle(req, res), 2_100));
  expect(await checked(port)).toMatchObject({ status: 'healthy', tools, details: { slow: true } });
});

test('A server with SSE only is healthy', async () => {
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
  expect(health).toMatchObject({ status: 'healthy', error: null, tools });
});

test('A check connects to the vetted address, even if the name resolves to another one later', async () => {
  const port = await listen(mcpListener());
  const health = await checked(port, { host: 'not-in-any-dns.invalid' });
  expect(health).toMatchObject({ status: 'healthy', tools });
});

const answering =
  (status: number, body = '', headers = {}): RequestListener =>
  (_req, res) =>
    void res.writeHead(status, headers).end(body);

test.each([
  ['wants credentials', answering(401), 'needs-authentication', 'It wants credentials of its own (HTTP 401).'],
  ['forbids us', answering(403), 'needs-authentication', 'It wants credentials of its own (HTTP 403).'],
  ['fails', answering(500), 'unhealthy', 'It answered HTTP 500 instead of MCP.'],
  ['knows no such path', answering(404), 'unhealthy', 'It answered HTTP 404 instead of MCP.'],
  [
    'redirects to the path with a slash',
    answering(307, '', { location: '/mcp/?token=x' }),
    'unhealthy',
    'It answered HTTP 307 instead of MCP: it redirects to /mcp/. Register that path.',
  ],
  [
    'redirects to another host',
    answering(308, '', { location: 'http://169.254.169.254/mcp' }),
    'unhealthy',
    'It answered HTTP 308 instead of MCP: it redirects to another host.',
  ],
  [
    'redirects to https',
    answering(301, '', { location: 'https://127.0.0.1/mcp' }),
    'unhealthy',
    'It answered HTTP 301 instead of MCP: it redirects to https at the same host. Register that address.',
  ],
  [
    'checks the Host header with 421',
    answering(421, 'Invalid Host header'),
    'unhealthy',
    'It refuses the Host header (HTTP 421): its settings must accept the host name of its address, or its registration name the Host that it accepts.',
  ],
  [
    'checks the Host header with 403',
    answering(403, '{"jsonrpc":"2.0","error":{"code":-32000,"message":"Invalid Host: x"},"id":null}', {
      'content-type': 'application/json',
    }),
    'unhealthy',
    'It refuses the Host header (HTTP 403): its settings must accept the host name of its address, or its registration name the Host that it accepts.',
  ],
  [
    'is a web page',
    answering(200, '<h1>Hi</h1>', { 'content-type': 'text/html' }),
    'unhealthy',
    'It did not answer as an MCP server does.',
  ],
  [
    'speaks JSON but not MCP',
    answering(200, '{"jsonrpc":"2.0","id":99,"result":{}}', { 'content-type': 'application/json' }),
    'unhealthy',
    'It did not answer within 0.4 s.',
  ],
  ['hangs', () => undefined, 'unhealthy', 'It did not answer within 0.4 s.'],
  ['hangs up', (req) => void req.socket.destroy(), 'unhealthy', 'It closed the connection.'],
] as [string, RequestListener, string, string][])(
  'A server that %s gets the right state and reason',
  async (_what, listener, status, error) => {
    const timeoutMs = error.includes('within') ? 400 : 10_000;
    expect(await checked(await listen(listener), { timeoutMs })).toMatchObject({ status, error, tools: [] });
  },
);

test('A server whose callers bring their own credential says so, unless the registry has one for it', async () => {
  const port = await listen(answering(401));
  const own = await checked(port, { forward_headers: ['X-Atlassian-Jira-Url'] });
  expect([own.status, own.error]).toEqual([
    'needs-authentication',
    'Its callers bring their own credential (HTTP 401 without one). The registry has none, and cannot read its tools.',
  ]);
});

test('A server that speaks plain HTTP and was registered with https is told as that', async () => {
  const port = await listen(answering(200));
  const { status, error } = await checked(port, { scheme: 'https' });
  expect([status, error]).toEqual(['unhealthy', expect.stringMatching(/^It does not speak TLS at its address/)]);
});

test('An address for messages that a server announces, and does not serve, is named', async () => {
  const port = await listen((req, res) => {
    if (req.method === 'POST') return void res.writeHead(404).end();
    res.writeHead(200, { 'content-type': 'text/event-stream' }).write('event: endpoint\ndata: /pre/messages/?s=1\n\n');
  });
  expect((await checked(port, { transports: { sse: '/sse' } })).error).toBe(
    'It answered HTTP 404 instead of MCP at /pre/messages/, the address for messages that it announced.',
  );
});

test('A server that compresses unasked is healthy', async () => {
  const mcp = mcpListener();
  const inner = await listen(mcp);
  const port = await listen(async (req, res) => {
    const body = req.method === 'POST' ? await new Response(ReadableStream.from(req)).text() : undefined;
    const { 'content-length': _, ...headers } = req.headers as Record<string, string>;
    const answer = await fetch(`http://127.0.0.1:${inner}${req.url}`, {
      method: req.method ?? '',
      headers,
      body: body ?? null,
    });
    const { status } = answer;
    const type = answer.headers.get('content-type') ?? 'text/plain';
    res.writeHead(status, { 'content-type': type, 'content-encoding': 'gzip' }).end(gzipSync(await answer.text()));
  });
  expect(await checked(port)).toMatchObject({ status: 'healthy', tools });
});

test('A server that does not run is unhealthy, and the reason contains no address', async () => {
  const port = await listen(answering(200));
  await closers.pop()?.();
  const { ask, lines } = monitor(port);
  expect(await ask()).toMatchObject({ status: 'unhealthy', error: 'Nothing listens at its address.' });
  expect(lines.join('')).toContain('ECONNREFUSED');
});

test('A server whose address is refused is unhealthy for that reason and gets no request', async () => {
  let asked = 0;
  const port = await listen((_req, res) => {
    asked++;
    res.end();
  });
  const problem = 'Its address is not one that the gateway may reach.';
  expect(await checked(port, { upstream: { addresses: [], problem } })).toMatchObject({
    status: 'unhealthy',
    error: problem,
  });
  expect(asked).toBe(0);
});

test('A server that checks the Host header is healthy once its registration names the Host that it accepts', async () => {
  const answer = mcpListener();
  const strict: RequestListener = (req, res) =>
    req.headers.host === 'mcp.internal' ? answer(req, res) : answering(421, 'Invalid Host header')(req, res);
  const port = await listen(strict);
  expect((await checked(port)).error).toContain('It refuses the Host header (HTTP 421)');
  expect(await checked(port, { host_header: 'mcp.internal' })).toMatchObject({ status: 'healthy', tools });
});

test('A redirect is not followed', async () => {
  let visited = 0;
  const elsewhere = await listen((_req, res) => {
    visited++;
    res.end();
  });
  const health = await checked(await listen(answering(307, '', { location: `http://127.0.0.1:${elsewhere}/mcp` })));
  expect(health.status).toBe('unhealthy');
  expect(visited).toBe(0);
});

test('An endless answer is aborted', async () => {
  const flood: RequestListener = (_req, res) => {
    res.writeHead(200, { 'content-type': 'application/json' });
    const more = (): void => {
      while (!res.destroyed && res.write('x'.repeat(65_536)));
    };
    res.on('drain', more);
    more();
  };
  expect(await checked(await listen(flood))).toMatchObject({ status: 'unhealthy', error: 'It sent more than 4 MB.' });
});

test('Thousands of tools and very long texts are cut to the stored size; each tool keeps its name', async () => {
  const port = await listen((req, res) => {
    const handle = toNodeHandler(
      createMcpHandler(() => {
        const server = new McpServer({ name: 'big', version: '1' });
        const add = (name: string, length: number) =>
          server.registerTool(name, { description: 'x'.repeat(length), inputSchema: z.object({}) }, () => ({
            content: [],
          }));
        add('huge', 70_000);
        for (let i = 0; i < 1_200; i++) add(`t${i}`, 2_500);
        return server;
      }),
    );
    void handle(req as Parameters<typeof handle>[0], res);
  });
  const { status, tools: seen } = await checked(port);
  expect([status, seen.length]).toEqual(['healthy', 1_000]);
  expect(seen[0]).toEqual(toolOf('huge', { note: 'Its definition is larger than 64 kB and is not shown.' }));
  expect(seen[1]).toMatchObject({ name: 't0', description: 'x'.repeat(2_500) });
  expect(seen[999]).toMatchObject({ name: 't998', description: null, note: expect.stringContaining('2 MB') });
}, 180_000);

test('The monitor checks at once and at intervals, keeps the tools of a server that went down, and can be stopped', async () => {
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
  expect(await until(() => m.of('little').status === 'healthy')).toBe(true);
  alive = false;
  expect(await until(() => m.of('little').status === 'unhealthy')).toBe(true);
  expect(m.of('little').tools).toEqual(tools);
  m.stop();
  await new Promise((resolve) => setTimeout(resolve, 100));
  const before = asked;
  await new Promise((resolve) => setTimeout(resolve, 150));
  expect(asked).toBe(before);
  expect(lines.filter((line) => line.includes('server is unhealthy'))).toHaveLength(1);
});

type Asked = { id?: number; method: string; params?: { cursor?: string } };

/** A small MCP server of the older era. It answers a method with the given value: undefined for an error, a number for an HTTP status. */
function scripted(answers: Record<string, unknown>, capabilities: object, asked: string[] = []): RequestListener {
  const serverInfo = { name: 'scripted', title: 'Scripted', version: '2' };
  const hello = { protocolVersion: '2025-06-18', capabilities, serverInfo, instructions: 'Be kind.' };
  return async (req, res) => {
    if (req.method !== 'POST') return void res.writeHead(405).end();
    const { id, method, params } = (await json(req)) as Asked;
    const what = params?.cursor ? `${method} ${params.cursor}` : method;
    asked.push(what);
    if (id === undefined) return void res.writeHead(202).end();
    const all: Record<string, unknown> = { initialize: hello, ...answers };
    const answer = all[what];
    if (answer === 'hang') return;
    if (typeof answer === 'number') return void res.writeHead(answer).end();
    const said = answer === undefined ? { error: { code: -32601, message: 'no such method' } } : { result: answer };
    res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ jsonrpc: '2.0', id, ...said }));
  };
}
const aTool = (name: string) => ({ name, inputSchema: { type: 'object' } });

test('All pages of the supported lists are read, and an unreadable optional list does not affect the status', async () => {
  const asked: string[] = [];
  const answers = {
    'tools/list': { tools: [aTool('a')], nextCursor: 'two' },
    'tools/list two': { tools: [aTool('b')], nextCursor: 'two' },
    'prompts/list': { prompts: [{ name: 'p', description: 'P' }] },
  };
  const health = await checked(await listen(scripted(answers, { tools: {}, prompts: {}, resources: {} }, asked)));
  expect([health.status, health.error, health.tools.map(({ name }) => name)]).toEqual(['healthy', null, ['a', 'b']]);
  expect(health.details?.announced).toMatchObject({
    name: 'scripted',
    title: 'Scripted',
    version: '2',
    protocolVersion: '2025-06-18',
    era: 'legacy',
    instructions: 'Be kind.',
    prompts: [{ name: 'p', description: 'P' }],
    resources: [],
  });
  asked.length = 0;
  const bare = await checked(await listen(scripted({}, {}, asked)));
  expect([bare.status, bare.tools]).toEqual(['healthy', []]);
  expect(bare.details?.checks[0]?.steps[2]).toMatchObject({ state: 'skipped', reason: 'It announces no tools.' });
  expect(asked.filter((method) => method.endsWith('/list'))).toEqual([]);
});

test.each([
  ['cannot list its tools', {}, 'degraded', 'It did not answer as an MCP server does.'],
  ['hangs when asked for its tools', { 'tools/list': 'hang' }, 'degraded', 'It did not answer within 0.4 s.'],
  [
    'requires credentials for its tools',
    { 'tools/list': 401 },
    'needs-authentication',
    expect.stringContaining('HTTP 401'),
  ],
])('A server that speaks MCP but %s is degraded, not unhealthy', async (_what, answers, status, error) => {
  const health = await checked(await listen(scripted(answers, { tools: {} })), { timeoutMs: 400 });
  expect(health).toMatchObject({ status, error });
  const steps = health.details?.checks[0]?.steps.map(({ state }) => state);
  expect(steps).toEqual(['ok', 'ok', 'failed']);
});

test('Both transports of a server are checked, and the error names the one that fails', async () => {
  const mcp = mcpListener();
  const port = await listen((req, res) => (req.url === '/sse' ? void res.writeHead(500).end() : mcp(req, res)));
  const health = await checked(port, { transports: { 'streamable-http': '/mcp', sse: '/sse' } });
  expect([health.status, health.error]).toEqual(['unhealthy', 'SSE: It answered HTTP 500 instead of MCP.']);
  expect(health.details?.checks.map(({ transport, status }) => `${transport} ${status}`)).toEqual([
    'streamable-http healthy',
    'sse unhealthy',
  ]);
  expect(health.tools.map(({ name }) => name)).toEqual(['tell_time', 'plain']);
});

test('A healthy server is unstable after one failure, unhealthy after two, and healthy after one success', async () => {
  let alive = true;
  const mcp = mcpListener();
  const { ask } = monitor(await listen((req, res) => (alive ? mcp(req, res) : void res.writeHead(500).end())));
  const states = [];
  for (alive of [true, false, false, true, false, true, false]) {
    const { status, error, details } = await ask();
    states.push(`${status}${details?.unstable ? ', unstable' : ''}${error ? '!' : ''}`);
  }
  const [well, doubted] = ['healthy', 'healthy, unstable!'];
  expect(states).toEqual([well, doubted, 'unhealthy!', well, doubted, well, doubted]);
});

test('Servers that hang do not delay the others', async () => {
  const hanging = await listen(() => undefined);
  const good = await listen(mcpListener());
  const entry = (name: string, port: number) => ({
    name,
    title: name,
    description: name,
    upstream: `http://127.0.0.1:${port}`,
    transports: { 'streamable-http': '/mcp' },
    tags: [],
  });
  const hangers = Array.from({ length: 30 }, (_, i) => entry(`hang${i}`, hanging));
  const ports = new Map([...hangers.map(({ name }) => [name, hanging] as const), ['good', good]]);
  const m = createHealthMonitor({
    servers: () => [...hangers, entry('good', good)],
    upstreamOf: (name) => ({ addresses: [`127.0.0.1:${ports.get(name)}`] }),
    log: recordingLog().log,
    intervalMs: 50,
    limits: { answer: 2_500, whole: 5_000 },
  });
  closers.push(() => m.stop());
  m.start();
  // In the first round it is unknown which servers hang.
  const known = () => [...ports.keys()].every((name) => m.of(name).status !== 'unknown');
  expect(await until(known, 100_000)).toBe(true);
  const checked = new Map<string, Date | null>();
  const checkedAgain = (name: string) => {
    const at = m.of(name).checkedAt;
    const isAgain = checked.has(name) && checked.get(name) !== at;
    checked.set(name, at);
    return isAgain;
  };
  let [checks, ofHanging] = [0, 0];
  const sixTimes = () => {
    if (checkedAgain('good')) checks++;
    ofHanging += hangers.filter(({ name }) => checkedAgain(name)).length;
    return checks >= 6;
  };
  expect(await until(sixTimes, 100_000)).toBe(true);
  // If each waited for its turn, all of them would have been checked six times.
  expect(ofHanging).toBeLessThan(hangers.length);
}, 180_000);
