import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { type Answer, send } from './send.ts';

/** A request as it reached the broker. */
interface Heard {
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
}

/**
 * A broker that was taken over: it answers nothing of use, and keeps what the gate has given it.
 * @param ports of the gateway: it listens in the place of the hub
 */
export async function startTakenBroker(ports: { hub: number; brokerGate: number }) {
  const heard: Heard[] = [];
  const server = createServer(async (req, res) => {
    let body = '';
    for await (const chunk of req.setEncoding('utf8')) body += chunk;
    if (req.url !== '/health') heard.push({ path: req.url ?? '', headers: req.headers, body });
    const session = body.includes('"initialize"') ? { 'mcp-session-id': `s-${Math.random()}` } : {};
    const id = body.startsWith('{') ? (JSON.parse(body) as { id?: unknown }).id : null;
    res.writeHead(200, { 'content-type': 'application/json', ...session });
    res.end(JSON.stringify({ jsonrpc: '2.0', id, result: {} }));
  });
  await once(server.listen(ports.hub, '127.0.0.1'), 'listening');
  return {
    heard,
    /** Asks a server for a caller, as every broker does. */
    ask: (delegation: string, server: string, body: string, headers: Record<string, string> = {}): Promise<Answer> =>
      send(ports.brokerGate, {
        path: `/${server}/mcp`,
        headers: {
          'content-type': 'application/json',
          accept: 'application/json, text/event-stream',
          authorization: `Bearer ${delegation}`,
          ...headers,
        },
        body,
      }),
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
