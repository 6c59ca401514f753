import type { IncomingHttpHeaders, ServerResponse } from 'node:http';

/** A request whose body was read. */
interface Received {
  method?: string | undefined;
  url?: string | undefined;
  headers: IncomingHttpHeaders;
  body: string;
}

const tools = [{ name: 'tell_time', description: 'Tells the time.', inputSchema: { type: 'object' } }];
const about = { capabilities: { tools: {} }, serverInfo: { name: 'strict', version: '1' } };
const results: Record<string, object> = {
  initialize: { protocolVersion: '2024-11-05', ...about },
  'server/discover': {
    ...{ resultType: 'complete', ttlMs: 0, cacheScope: 'private' },
    ...{ supportedVersions: ['2026-07-28', '2024-11-05'], ...about },
  },
  'tools/list': { tools },
  'tools/call': { content: [{ type: 'text', text: 'noon' }] },
};

/**
 * A server of the 2024-11-05 transport, in the way of mcp-go 1.x: it refuses the version header of 2026-07-28 without
 * `Mcp-Method` (-32020), which the older transport does not have.
 * @returns what answers its requests, and how many it has refused
 */
export function strictSse() {
  const streams = new Map<string, ServerResponse>();
  const state = { refused: 0 };
  const answer = (response: ServerResponse, { method, url = '', headers, body }: Received): void => {
    if (method === 'GET') {
      const id = String(streams.size);
      streams.set(id, response);
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(`event: endpoint\ndata: /messages?sessionId=${id}\n\n`);
      return;
    }
    const asked = JSON.parse(body) as { id?: number; method: string };
    const version = headers['mcp-protocol-version'] ?? '';
    if (version >= '2026-07-28' && headers['mcp-method'] === undefined) {
      state.refused++;
      const error = { code: -32020, message: 'header mismatch: Mcp-Method: missing required header' };
      response.writeHead(400, { 'content-type': 'application/json' });
      return void response.end(JSON.stringify({ jsonrpc: '2.0', id: asked.id ?? null, error }));
    }
    response.writeHead(202).end();
    if (asked.id === undefined) return;
    const result = results[asked.method];
    const said = result ? { result } : { error: { code: -32601, message: 'Method not found' } };
    const stream = streams.get(new URL(url, 'http://x').searchParams.get('sessionId') ?? '');
    stream?.write(`event: message\ndata: ${JSON.stringify({ jsonrpc: '2.0', id: asked.id, ...said })}\n\n`);
  };
  return { answer, refused: () => state.refused };
}
