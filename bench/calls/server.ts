import type { IncomingMessage, ServerResponse } from 'node:http';
import { startUpstream } from '../stack.ts';

/** How many tools a server offers. */
export const toolsEach = 10;
const tools = Array.from({ length: toolsEach }, (_, i) => ({
  name: `tool-${i}`,
  description: 'Looks up what is known about a thing, and says it in a few words.',
  inputSchema: { type: 'object', properties: { id: { type: 'string', description: 'which one' } } },
}));

/** The tool whose answer has 16 kB. The answers of others say `done`. */
export const longTool = 'tool-2';
export const shortTool = 'tool-1';

/** A call as a client sends it. @param letters of an argument */
export function callOf(tool: string, letters: number): string {
  const params = { name: tool, arguments: { id: 'Asia/Tokyo', note: 'x'.repeat(letters) } };
  return JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params });
}

let sessions = 0;

/**
 * Starts an MCP server of 2025 that gives sessions, which cost the hub the most, and forgets them.
 * @param authorization without which it does nothing
 */
export function startServer(authorization?: string) {
  return startUpstream((req, res) => {
    if (authorization !== undefined && req.headers.authorization !== authorization) res.writeHead(401).end();
    else answer(req, res);
  });
}

function answer(req: IncomingMessage, res: ServerResponse): void {
  if (req.method === 'GET')
    return void res.writeHead(200, { 'content-type': 'text/event-stream' }).write(': hello\n\n');
  if (req.method === 'DELETE') return void res.writeHead(200).end();
  const chunks: Buffer[] = [];
  req.on('data', (chunk) => chunks.push(chunk));
  req.on('end', () => {
    const { id, method, params } = JSON.parse(Buffer.concat(chunks).toString());
    if (id === undefined) return void res.writeHead(202).end();
    const result = resultOf(method, params?.name);
    const outcome = result ? { result } : { error: { code: -32601, message: 'Method not found' } };
    const text = JSON.stringify({ jsonrpc: '2.0', id, ...outcome });
    const session = method === 'initialize' && { 'mcp-session-id': `session-${++sessions}` };
    const head = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
    res.writeHead(200, { ...head, ...session }).end(text);
  });
}

function resultOf(method: string, tool: string): object | undefined {
  if (method === 'tools/list') return { tools };
  if (method === 'tools/call')
    return { content: [{ type: 'text', text: tool === longTool ? `${'x'.repeat(16_000)}done` : 'done' }] };
  if (method !== 'initialize') return undefined;
  return { protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo: { name: 'bench', version: '1' } };
}
