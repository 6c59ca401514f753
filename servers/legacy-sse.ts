import { toWebRequest } from '@modelcontextprotocol/node';
import type { McpServer } from '@modelcontextprotocol/server';
import { SSEServerTransport } from '@modelcontextprotocol/server-legacy/sse';
import express, { type Request, type Response, type Router } from 'express';

/** JSON-RPC codes: -32600 and -32700 by JSON-RPC 2.0; -32000 and -32001 as in the MCP SDKs. */
const code = { parse: -32700, invalid: -32600, refused: -32000, noSession: -32001 };

export interface LegacySseOptions {
  /** The server's name, for its messages. */
  name: string;
  /** Creates a server with its tools; called once per request on /mcp and once per stream on /sse. */
  build: () => McpServer;
  /** Largest accepted body, in bytes. */
  bodyLimit: number;
  /** The most concurrent streams; each holds a server and a connection. */
  maxStreams: number;
  /** Pause between keep-alive comments, in milliseconds. */
  keepAliveMs: number;
}

type Stream = { transport: SSEServerTransport; res: Response };

/**
 * The HTTP+SSE transport of MCP 2024-11-05 (Transports, HTTP with SSE): `GET /sse`, then `POST /messages?sessionId=…`.
 * Each message reaches the tools with the headers of its own POST, never with those of the stream.
 * @returns a router that answers 202; 400, 413, 415 for an invalid message, 404 for an unknown session, 503 if full
 */
export function legacySse(options: LegacySseOptions): Router {
  const streams = new Map<string, Stream>();
  const body = express.raw({ type: 'application/json', limit: options.bodyLimit, inflate: false });
  const router = express.Router({ caseSensitive: true, strict: true });
  // Express would answer HEAD with the GET route and open a stream without a reader.
  router.head('/sse', (_req, res) => void res.set('Allow', 'GET').status(405).end());
  router.get('/sse', (_req, res) => open(streams, options, res));
  router.post('/messages', body, (req, res) => receive(streams.get(String(req.query.sessionId)), options, req, res));
  return router;
}

async function open(streams: Map<string, Stream>, options: LegacySseOptions, res: Response): Promise<void> {
  if (streams.size >= options.maxStreams) {
    res.set('Retry-After', '10');
    return refuse(
      res,
      503,
      code.refused,
      `${options.name} has no room for another stream: try again later, or use /mcp`,
    );
  }
  const transport = new SSEServerTransport('/messages', res);
  streams.set(transport.sessionId, { transport, res });
  const keepAlive = setInterval(() => res.headersSent && res.write(': keep-alive\n\n'), options.keepAliveMs);
  res.once('close', () => {
    clearInterval(keepAlive);
    streams.delete(transport.sessionId);
  });
  res.setHeader('X-Accel-Buffering', 'no');
  await options.build().connect(transport);
}

async function receive(
  stream: Stream | undefined,
  options: LegacySseOptions,
  req: Request,
  res: Response,
): Promise<void> {
  if (!stream) return refuse(res, 404, code.noSession, 'no such session: open a new stream with GET /sse');
  if (!Buffer.isBuffer(req.body)) return refuse(res, 415, code.refused, 'the message must be application/json');
  // Unread answers stay in memory; this keeps one client from filling it.
  if (stream.res.writableLength > options.bodyLimit) {
    stream.res.destroy();
    return refuse(res, 404, code.noSession, 'the stream was closed because its answers were not read');
  }
  let message: unknown;
  try {
    // JSON is always UTF-8 (RFC 8259, 8.1), whatever charset the header names, so all readers see the same message.
    message = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(req.body));
  } catch {
    return refuse(res, 400, code.parse, 'the message is not JSON');
  }
  try {
    const request = await toWebRequest(req, message);
    await stream.transport.handleMessage(message, { request });
  } catch {
    return refuse(res, 400, code.invalid, 'the message is not a JSON-RPC 2.0 message');
  }
  res.status(202).type('text/plain').send('Accepted');
}

function refuse(res: Response, status: number, errorCode: number, message: string): void {
  res.status(status).json({ jsonrpc: '2.0', id: null, error: { code: errorCode, message } });
}
