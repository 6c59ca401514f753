import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { unrefServer } from '../listen.ts';

/** One request as it reached the upstream. */
interface Seen {
  method: string;
  url: string;
  headers: IncomingMessage['headers'];
  /** Names and values as sent, including repeated lines. */
  rawHeaders: string[];
  body: string;
}

/** An upstream for tests: records its requests, and answers as the test sets it. */
export interface Echo {
  url: string;
  seen: Seen[];
  /** Replaces the answer until the next `reset`. */
  answer: (res: ServerResponse, seen: Seen) => void;
  reset(): void;
  /** Lets this process end although the echo runs. */
  unref(): void;
  stop(): Promise<void>;
}

function ordinary(res: ServerResponse, { method, body }: Seen): void {
  if (method === 'GET') return void res.writeHead(200, { 'content-type': 'text/event-stream' }).end('data: {}\n\n');
  const id = body.startsWith('{') ? (JSON.parse(body) as { id?: unknown }).id : null;
  res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ jsonrpc: '2.0', id, result: {} }));
}

/** Starts an echo upstream on a free port of 127.0.0.1. */
export async function startEcho(): Promise<Echo> {
  const server: Server = createServer(async (req, res) => {
    let body = '';
    for await (const chunk of req.setEncoding('utf8')) body += chunk;
    const { method = '', url = '', headers, rawHeaders } = req;
    // Ignores the health checks of the registry.
    if (headers['x-mcp-assertion'] === undefined && body.includes('"mcp-gateway-registry'))
      return ordinary(res, { method, url, headers, rawHeaders, body });
    const seen = { method, url, headers, rawHeaders, body };
    if (headers['x-user'] !== undefined) echo.seen.push(seen);
    echo.answer(res, seen);
  });
  // A load in its process must not close a connection that nginx keeps.
  server.keepAliveTimeout = 75_000;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const echo: Echo = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen: [],
    answer: ordinary,
    reset() {
      echo.seen.length = 0;
      echo.answer = ordinary;
    },
    unref: () => unrefServer(server),
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return echo;
}
