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
  /** Whether it does no harm to do it twice. */
  mayRepeat: boolean;
  /** The origin that the gateway's credential in the headers is for; undefined when there is none. */
  credentialFor?: string | undefined;
  /** Aborts it, when the client has gone. */
  signal: AbortSignal;
}

const credentials = ['authorization', 'x-api-key'];

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
 * A kept connection may be closed by the upstream in the same moment, and nobody can tell then whether the request was
 * taken: what may be repeated is sent once more, over a new connection; everything else goes over a new one at once.
 * @throws {RelayError} upstream_unavailable or upstream_too_slow
 */
export async function askUpstream(request: UpstreamRequest): Promise<IncomingMessage> {
  try {
    return await send(request, request.mayRepeat ? request.route.agent : request.route.freshAgent);
  } catch (error) {
    if (!(error instanceof LostConnection)) throw error;
    return await send(request, request.route.freshAgent);
  }
}

class LostConnection extends RelayError {}

function send(
  { route, path, method, headers, body, timeoutMilliseconds, credentialFor, signal }: UpstreamRequest,
  agent: Route['agent'],
): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const url = new URL(route.origin);
  const out = (url.protocol === 'https:' ? httpsRequest : httpRequest)(url, {
    path,
    method,
    headers: forwarded(headers, method === 'POST' ? body.length : undefined, credentialFor === url.origin),
    agent,
    signal,
  });
  const timer = setTimeout(() => out.destroy(new RelayError('upstream_too_slow')), timeoutMilliseconds);
  out.once('error', (error) => reject(explain(error, out)));
  // An upgrade that nobody asked for ends a connection without an error.
  out.once('close', () => {
    clearTimeout(timer);
    reject(new RelayError('upstream_unavailable', new Error('the connection was closed without an answer')));
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

function forwarded(
  headers: IncomingHttpHeaders,
  length: number | undefined,
  withCredential: boolean,
): IncomingHttpHeaders {
  const kept = { ...headers };
  for (const name of notForwarded) delete kept[name];
  if (!withCredential) for (const name of credentials) delete kept[name];
  // What the relay cannot read it cannot check, and a compressed answer is unreadable to it.
  kept['accept-encoding'] = 'identity';
  if (length !== undefined) kept['content-length'] = String(length);
  return kept;
}

const notPassedOn = new Set([
  'connection',
  'keep-alive',
  'transfer-encoding',
  'trailer',
  'content-length',
  'upgrade',
  'x-relay-error',
]);

/** What an answer's headers look like on the way to nginx: without the hop-by-hop ones, and without a length that may change. */
export function answerHeaders(answer: IncomingMessage): Record<string, string | string[]> {
  // nginx reads X_Relay_Error as X-Relay-Error: the server's words would be taken for the relay's.
  const isDropped = (name: string) => notPassedOn.has(name.replaceAll('_', '-'));
  const kept = Object.entries(answer.headers).filter(([name, value]) => value !== undefined && !isDropped(name));
  return Object.fromEntries(kept) as Record<string, string | string[]>;
}
