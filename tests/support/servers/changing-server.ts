import { createServer, type Server } from 'node:http';
import { json } from 'node:stream/consumers';

/**
 * A little MCP server whose tools a test changes.
 * @param toolsNow its tools at the moment
 * @param onCall called at each `tools/call`
 */
export function startChangingServer(toolsNow: () => readonly object[], onCall = () => {}): Promise<Server> {
  const serverInfo = { name: 'weather', version: '1' };
  const hello = { protocolVersion: '2025-06-18', capabilities: { tools: {} }, serverInfo };
  const server = createServer(async (req, res) => {
    if (req.method !== 'POST') return void res.writeHead(405).end();
    const { id, method } = (await json(req)) as { id?: number; method: string };
    if (id === undefined) return void res.writeHead(202).end();
    if (method === 'tools/call') onCall();
    const answers: Record<string, object> = {
      initialize: hello,
      'tools/list': { tools: toolsNow() },
      'tools/call': { content: [] },
    };
    const result = answers[method];
    const said = result ? { result } : { error: { code: -32601, message: 'no such method' } };
    res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ jsonrpc: '2.0', id, ...said }));
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}
