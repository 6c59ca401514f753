import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { type BenchStack, startBenchStack, startUpstream } from '../stack.ts';

const policy = `
group_mappings: {users: [mcp-servers-unrestricted/execute]}
mcp-servers-unrestricted/execute: [{server: "*", methods: [tools/list, tools/call], tools: ["*"]}]
`;
/** With the server `bench`: what a client with one entry for all sees. */
export const others = Array.from({ length: 29 }, (_, i) => `other-${String(i).padStart(2, '0')}`);
const toolsEach = 10;
const version = '2025-11-25';
const types = { 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream' };

export type Headers = Record<string, string>;

/**
 * Runs `work` at a gateway with 30 servers of ten tools each, which the hub offers, and the set `alone` of one of them. The
 * servers are of 2025 with sessions, which cost the hub the most.
 * @param change settings to override
 */
export async function withHub<T>(work: (stack: BenchStack) => Promise<T>, change: NodeJS.ProcessEnv = {}): Promise<T> {
  const upstream = await startUpstream(answer);
  const set = { name: 'alone', title: 'Alone', description: 'One server', members: [{ server: 'bench' }] };
  const stack = await startBenchStack(upstream.origin, policy, [...others, set], change);
  try {
    await untilOffered(stack);
    return await work(stack);
  } finally {
    await stack.stop();
    upstream.close();
  }
}

/** The headers of a caller. @param token its access token */
export function headersOf({ url }: BenchStack, token: string): Headers {
  return { ...types, Authorization: `Bearer ${token}`, Host: new URL(url).host };
}

/** Initializes a session at `path`. @returns the headers that belong to it */
export async function openSession({ url }: BenchStack, path: string, headers: Headers): Promise<Headers> {
  const ask = (body: object, more = {}) =>
    fetch(`${url}${path}`, { method: 'POST', headers: { ...headers, ...more }, body: JSON.stringify(body) });
  const params = { protocolVersion: version, capabilities: {}, clientInfo: { name: 'bench', version: '1' } };
  const opened = await ask({ jsonrpc: '2.0', id: 0, method: 'initialize', params });
  const id = opened.headers.get('mcp-session-id');
  const said = await opened.text();
  if (!opened.ok || id === null) throw new Error(`${path} opened no session: ${opened.status} ${said}`);
  const session = { 'Mcp-Session-Id': id, 'MCP-Protocol-Version': version };
  await (await ask({ jsonrpc: '2.0', method: 'notifications/initialized' }, session)).text();
  return session;
}

/** The registry reads each server before the hub offers it. */
async function untilOffered(stack: BenchStack): Promise<void> {
  const headers = headersOf(stack, await stack.token('full'));
  const session = await openSession(stack, '/mcp', headers);
  const body = '{"jsonrpc":"2.0","id":1,"method":"tools/list"}';
  const due = (others.length + 1) * toolsEach;
  for (const end = performance.now() + 120_000; performance.now() < end; await sleep(500)) {
    const all = await fetch(`${stack.url}/mcp`, { method: 'POST', headers: { ...headers, ...session }, body });
    if (((await all.text()).match(/__tool-/g)?.length ?? 0) >= due) return;
  }
  throw new Error('The hub does not offer all tools of the bench.');
}

const tools = Array.from({ length: toolsEach }, (_, i) => ({
  name: `tool-${i}`,
  description: 'Looks up what is known about a thing, and says it in a few words.',
  inputSchema: { type: 'object', properties: { id: { type: 'string', description: 'which one' } } },
}));
let sessions = 0;

/** An MCP server of 2025 that gives sessions and forgets them. */
function answer(req: IncomingMessage, res: ServerResponse): void {
  if (req.method !== 'POST') return void res.writeHead(req.method === 'DELETE' ? 200 : 405).end();
  let text = '';
  req.setEncoding('utf8').on('data', (chunk) => {
    text += chunk;
  });
  req.on('end', () => {
    const { id, method } = JSON.parse(text) as { id?: unknown; method: string };
    if (id === undefined) return void res.writeHead(202).end();
    const result = resultOf(method);
    const outcome = result ? { result } : { error: { code: -32601, message: 'Method not found' } };
    const session = method === 'initialize' && { 'mcp-session-id': `session-${++sessions}` };
    res.writeHead(200, { 'content-type': 'application/json', ...session });
    res.end(JSON.stringify({ jsonrpc: '2.0', id, ...outcome }));
  });
}

function resultOf(method: string): object | undefined {
  if (method === 'tools/list') return { tools };
  if (method === 'tools/call') return { content: [{ type: 'text', text: 'done' }] };
  if (method !== 'initialize') return undefined;
  return { protocolVersion: version, capabilities: { tools: {} }, serverInfo: { name: 'bench', version: '1' } };
}
