import { type ClientRequest, request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { RelayError } from './errors.ts';
import type { Route } from './routes.ts';

/** A request as the upstream is to get it. */
export interface UpstreamRequest {
  route: Route;
  /** Path and query. */
  path: string;
  method: string;
  headers: IncomingHttpHeaders;
  body: Buffer;
  /** How long the upstream may take until its answer begins. */
  timeoutMilliseconds: number;
  /** Aborts it, when the client has gone. */
  signal: AbortSignal;
}

/** Hop-by-hop, or ours; what is left was set by nginx. */
const notForwarded = [
  'host',
  'connection',
  'keep-alive',
  'transfer-encoding',
  'x-relay',
  'accept-encoding',
  'content-length',
];

/**
 * Sends a request to an upstream and returns when its answer begins. Redirects are not followed.
 * A kept connection that the upstream closed in the same moment is tried anew once, since nothing has been done then.
 * @throws {RelayError} upstream_unavailable or upstream_too_slow
 */
export async function askUpstream(request: UpstreamRequest): Promise<IncomingMessage> {
  try {
    return await send(request);
  } catch (error) {
    if (!(error instanceof LostConnection)) throw error;
    return await send(request);
  }
}

class LostConnection extends RelayError {}

function send({ route, path, method, headers, body, timeoutMilliseconds, signal }: UpstreamRequest) {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const url = new URL(route.origin);
  const out = (url.protocol === 'https:' ? httpsRequest : httpRequest)(url, {
    path,
    method,
    headers: forwarded(headers, method === 'POST' ? body.length : undefined),
    agent: route.agent,
    signal,
  });
  const timer = setTimeout(() => out.destroy(new RelayError('upstream_too_slow')), timeoutMilliseconds);
  out.once('error', (error) => {
    clearTimeout(timer);
    reject(explain(error, out));
  });
  out.once('response', (answer) => {
    clearTimeout(timer);
    // A stream may be silent for hours: only the kernel can tell then whether the other side is still there.
    answer.socket.setKeepAlive(true, 30_000);
    resolve(answer);
  });
  out.end(body);
  return promise;
}

function explain(error: Error, out: ClientRequest): RelayError {
  if (error instanceof RelayError) return error;
  const code = (error as NodeJS.ErrnoException).code;
  if (out.reusedSocket && (code === 'ECONNRESET' || code === 'EPIPE'))
    return new LostConnection('upstream_unavailable', error);
  return new RelayError('upstream_unavailable', error);
}

function forwarded(headers: IncomingHttpHeaders, length: number | undefined): IncomingHttpHeaders {
  const kept = { ...headers };
  for (const name of notForwarded) delete kept[name];
  // What the relay cannot read it cannot check, and a compressed answer is unreadable to it.
  kept['accept-encoding'] = 'identity';
  if (length !== undefined) kept['content-length'] = String(length);
  return kept;
}

/** What an answer's headers look like on the way to nginx: without the hop-by-hop ones, and without a length that may change. */
export function answerHeaders(answer: IncomingMessage): Record<string, string | string[]> {
  const dropped = new Set([
    'connection',
    'keep-alive',
    'transfer-encoding',
    'content-length',
    'upgrade',
    'x-relay-error',
  ]);
  const kept = Object.entries(answer.headers).filter(([name, value]) => value !== undefined && !dropped.has(name));
  return Object.fromEntries(kept) as Record<string, string | string[]>;
}
