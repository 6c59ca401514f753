import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { get, type IncomingMessage } from 'node:http';
import { McpServer } from '@modelcontextprotocol/server';
import * as z from 'zod';
import { version } from '../../../common/settings/version.ts';
import { createMcpApp, type McpAppOptions } from '../../../servers/mcp-app.ts';
import { ToolError, toolCall } from '../../../servers/tool-call.ts';
import { connect, eventually, listen, recordedLog } from '../../support/servers/mcp-clients.ts';

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

async function start(options: Partial<McpAppOptions> = {}) {
  const { log, lines } = recordedLog();
  const build = () => {
    const server = new McpServer({ name: 'probe', version: '1' });
    const fail = (_: { text: string }): never => {
      throw new Error('a secret detail');
    };
    server.registerTool(
      'echo',
      { inputSchema: z.object({ text: z.string() }) },
      toolCall(log, 'echo', ({ text }: { text: string }) => ({ text, values: {} })),
    );
    server.registerTool('break', { inputSchema: z.object({ text: z.string() }) }, toolCall(log, 'break', fail));
    server.registerTool(
      'flood',
      { inputSchema: z.object({ text: z.string() }) },
      toolCall(log, 'flood', () => ({ text: 'x'.repeat(32_000_000), values: {} })),
    );
    server.registerTool(
      'refuse',
      { inputSchema: z.object({ text: z.string() }) },
      toolCall(log, 'refuse', () => {
        throw new ToolError('write it in another way');
      }),
    );
    return server;
  };
  const { base, close } = await listen(createMcpApp({ name: 'probe', build, log, ...options }));
  closers.push(close);
  return { base, lines };
}

/** Opens a stream and collects what it receives. `end` closes it. */
async function openStream(base: string) {
  const abort = new AbortController();
  closers.push(() => abort.abort());
  const response = await fetch(`${base}/sse`, { signal: abort.signal });
  const stream = { response, received: '', end: () => abort.abort() };
  const read = async () => {
    for await (const chunk of response.body ?? []) stream.received += Buffer.from(chunk).toString();
  };
  read().catch(() => undefined);
  return stream;
}

async function endpointOf(stream: { received: string }): Promise<string> {
  await eventually(() => stream.received.includes('\n\n'));
  return /event: endpoint\ndata: (\S+)\n/.exec(stream.received)?.[1] ?? '';
}

const json = { 'Content-Type': 'application/json' };
const ping = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' });

describe('The HTTP endpoints of an MCP server', () => {
  test('report health, and do not reveal Express', async () => {
    const { base } = await start();
    const response = await fetch(`${base}/health`);
    expect([response.status, await response.json()]).toEqual([200, { status: 'ok' }]);
    expect(response.headers.get('x-powered-by')).toBeNull();
  });

  test.each(['/', '/admin', '/MCP', '/mcp/', '/health/'])('answer 404 as JSON at %s', async (path) => {
    const { base } = await start();
    const response = await fetch(base + path);
    expect([response.status, await response.json()]).toEqual([
      404,
      { error: { code: 'not_found', message: 'probe answers at /mcp and /sse' } },
    ]);
  });

  test.each(['http://evil.example', 'null', 'http://localhost.evil.example'])(
    'rejects a call from a web page of %s',
    async (origin) => {
      const { base } = await start();
      const response = await fetch(`${base}/mcp`, { method: 'POST', headers: { ...json, Origin: origin }, body: ping });
      expect(response.status).toBe(403);
    },
  );

  test.each(['/mcp', '/messages?sessionId='])('reject a body over the limit at %s with 413', async (path) => {
    const { base } = await start({ bodyLimit: 1000 });
    const stream = await openStream(base);
    const session = new URL(await endpointOf(stream), base).searchParams.get('sessionId');
    const url = base + path + (path.endsWith('=') ? session : '');
    const fill = (n: number) =>
      JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping', params: { _meta: 'x'.repeat(n) } });
    const headers = { ...json, Accept: 'application/json, text/event-stream' };
    expect((await fetch(url, { method: 'POST', headers, body: fill(2000) })).status).toBe(413);
    expect((await fetch(url, { method: 'POST', headers, body: fill(10) })).status).not.toBe(413);
  });

  test('report the version of package.json', async () => {
    const text = await readFile(new URL('../../../package.json', import.meta.url), 'utf8');
    expect(version).toBe(JSON.parse(text).version);
  });
});

describe('A tool call', () => {
  test('writes one log line with the tool, its duration and outcome, without the arguments', async () => {
    const { base, lines } = await start();
    const client = await connect(base);
    await client.call('echo', { text: 'something private' });
    await client.call('refuse', { text: 'something private' });
    await client.close();
    const entries = lines.map((line) => JSON.parse(line)).filter((line) => line.msg === 'tool call');
    expect(entries).toMatchObject([
      { tool: 'echo', ms: expect.any(Number), failed: false },
      { tool: 'refuse', ms: expect.any(Number), failed: true },
    ]);
    expect(lines.join('')).not.toContain('private');
  });

  test('that the caller can correct returns the reason', async () => {
    const { base } = await start();
    const client = await connect(base);
    expect(await client.call('refuse', { text: '' })).toMatchObject({ failed: true, text: 'write it in another way' });
    await client.close();
  });

  test('that fails unexpectedly logs the reason and gives the caller no details', async () => {
    const { base, lines } = await start();
    const client = await connect(base);
    const result = await client.call('break', { text: '' });
    expect(result).toMatchObject({ failed: true, text: expect.stringContaining('failed unexpectedly') });
    expect(result.text).not.toContain('secret detail');
    expect(lines.join('')).toContain('a secret detail');
    await client.close();
  });
});

describe('A legacy SSE stream', () => {
  test('announces its message address and disables buffering of proxies', async () => {
    const { base } = await start();
    const stream = await openStream(base);
    expect(stream.response.headers.get('content-type')).toBe('text/event-stream');
    expect(stream.response.headers.get('x-accel-buffering')).toBe('no');
    expect(await endpointOf(stream)).toMatch(/^\/messages\?sessionId=[\w-]{36}$/);
  });

  test('answers posted messages on the stream', async () => {
    const { base } = await start();
    const stream = await openStream(base);
    const endpoint = new URL(await endpointOf(stream), base);
    const response = await fetch(endpoint, { method: 'POST', headers: json, body: ping });
    expect(response.status).toBe(202);
    await eventually(() => /^data: (?=.*"result":\{\})(?=.*"id":1)/m.test(stream.received));
  });

  test('sends keep-alive comments on an idle stream', async () => {
    const { base } = await start({ keepAliveMs: 10 });
    const stream = await openStream(base);
    await eventually(() => (stream.received.match(/^: keep-alive$/gm) ?? []).length >= 3);
  });

  test('beyond the limit is rejected with 503 until another stream ends', async () => {
    const { base } = await start({ maxStreams: 1 });
    const first = await openStream(base);
    const refused = await fetch(`${base}/sse`);
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '10']);
    expect(await refused.json()).toMatchObject({ error: { message: expect.stringContaining('no room') } });
    first.end();
    await eventually(async () => (await openStream(base)).response.status === 200);
  });

  test('that ended is an unknown session', async () => {
    const { base } = await start();
    const stream = await openStream(base);
    const endpoint = new URL(await endpointOf(stream), base);
    stream.end();
    const post = () => fetch(endpoint, { method: 'POST', headers: json, body: ping });
    await eventually(async () => (await post()).status === 404);
    expect(await (await post()).json()).toMatchObject({ jsonrpc: '2.0', id: null, error: { code: -32001 } });
  });

  test('is closed if its client does not read the answers', async () => {
    const { base } = await start({ maxStreams: 1 });
    const response = await new Promise<IncomingMessage>((resolve) => get(`${base}/sse`, resolve));
    const [hello] = await once(response, 'data');
    response.pause();
    const endpoint = base + /data: (\S+)/.exec(String(hello))?.[1];
    const post = (message: object) =>
      fetch(endpoint, { method: 'POST', headers: json, body: JSON.stringify({ jsonrpc: '2.0', id: 1, ...message }) });
    const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'test', version: '1' } };
    expect((await post({ method: 'initialize', params })).status).toBe(202);
    expect((await post({ method: 'ping' })).status).toBe(202);
    await post({ method: 'tools/call', params: { name: 'flood', arguments: { text: '' } } });
    await eventually(async () => (await post({ method: 'ping' })).status === 404);
    await eventually(async () => (await openStream(base)).response.status === 200);
    response.destroy();
  });

  test('is not opened by HEAD', async () => {
    const { base } = await start({ maxStreams: 1 });
    expect((await fetch(`${base}/sse`, { method: 'HEAD' })).status).toBe(405);
    expect((await openStream(base)).response.status).toBe(200);
  });

  test.each([
    ['no session', '/messages', json, ping, 404, -32001],
    ['an unknown session', '/messages?sessionId=x', json, ping, 404, -32001],
    ['two sessions', 'twice', json, ping, 404, -32001],
    ['another content type', '', { 'Content-Type': 'text/plain' }, ping, 415, -32000],
    ['no JSON', '', json, '{"jsonrpc":', 400, -32700],
    ['JSON that is not UTF-8', '', json, Buffer.from([0x22, 0xff, 0x22]), 400, -32700],
    ['JSON that is not JSON-RPC', '', json, '{"hello":1}', 400, -32600],
    ['a batch', '', json, `[${ping}]`, 400, -32600],
  ])('rejects a message with %s', async (_, path, headers, body, status, code) => {
    const { base } = await start();
    const endpoint = await endpointOf(await openStream(base));
    const session = endpoint.split('?')[1];
    const target = path === 'twice' ? `/messages?${session}&${session}` : path || endpoint;
    const response = await fetch(base + target, { method: 'POST', headers, body });
    expect([response.status, await response.json()]).toEqual([
      status,
      { jsonrpc: '2.0', id: null, error: { code, message: expect.any(String) } },
    ]);
  });
});
