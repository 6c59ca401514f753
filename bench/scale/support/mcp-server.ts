// An MCP server of 2025 with ten tools that keeps every stream open. Prints its port, and exits when its input ends.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

const version = '2025-11-25';
const tools = Array.from({ length: 10 }, (_, i) => ({
  name: `tool-${i}`,
  description: 'Looks up what is known about a thing, and says it in a few words.',
  inputSchema: { type: 'object', properties: { id: { type: 'string', description: 'which one' } } },
}));
let sessions = 0;

function answer(req: IncomingMessage, res: ServerResponse): void {
  if (req.method === 'GET')
    return void res.writeHead(200, { 'content-type': 'text/event-stream' }).write(': hello\n\n');
  if (req.method !== 'POST') return void res.writeHead(200).end();
  let text = '';
  req.setEncoding('utf8').on('data', (chunk) => {
    text += chunk;
  });
  req.on('end', () => {
    const { id, method } = JSON.parse(text) as { id?: unknown; method: string };
    if (id === undefined) return void res.writeHead(202).end();
    const result = resultOf(method);
    const outcome = result ? { result } : { error: { code: -32601, message: 'Method not found' } };
    const body = Buffer.from(JSON.stringify({ jsonrpc: '2.0', id, ...outcome }));
    const session = method === 'initialize' && { 'mcp-session-id': `session-${++sessions}` };
    res.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length, ...session });
    res.end(body);
  });
}

function resultOf(method: string): object | undefined {
  if (method === 'tools/list') return { tools };
  if (method === 'tools/call') return { content: [{ type: 'text', text: 'done' }] };
  if (method !== 'initialize') return undefined;
  return { protocolVersion: version, capabilities: { tools: {} }, serverInfo: { name: 'bench', version: '1' } };
}

const server = createServer(answer);
server.keepAliveTimeout = 75_000;
server.listen(0, '127.0.0.1', 4_096, () => console.log((server.address() as AddressInfo).port));
process.stdin.resume().once('end', () => process.exit(0));
