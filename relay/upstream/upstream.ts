import { type ClientRequest, request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { delegationHeader, hubSetHeader } from '../../common/identity/broker.ts';
import { RelayError } from './errors.ts';
import type { Route } from './routes.ts';

/** A request for an upstream. */
export interface UpstreamRequest {
  route: Route;
  /** Path and query. */
  path: string;
  method: string;
  headers: IncomingHttpHeaders;
  body: Buffer;
  /** Time limit for the start of the answer. */
  timeoutMilliseconds: number;
  /** Whether the request is safe to send twice. */
  mayRepeat: boolean;
  /** Whether the route may get the credential in the headers. */
  hasCredential: boolean;
  /** Whether it goes to the fixed address of a broker, the only one that may call other servers for the caller. */
  isForBroker: boolean;
  /** Aborts the request when the client has gone. */
  signal: AbortSignal;
}

const credentials = ['authorization', 'x-api-key'];
const ofBrokers = [delegationHeader, hubSetHeader];

/** Hop-by-hop or internal headers. nginx has set all others. */
const notForwarded = [
  ...['connection', 'keep-alive', 'transfer-encoding', 'upgrade'],
  ...['host', 'x-relay', 'accept-encoding', 'content-length'],
];

/**
 * Sends a request to an upstream and returns when its answer begins. Does not follow redirects.
 * The upstream may close a kept-alive connection just then, and it is unknown whether it received the request. Requests
 * that may be repeated are sent again over a new connection; all others use connections that are unlikely to be closed.
 * @throws {RelayError} upstream_unavailable or upstream_too_slow
 */
export async function askUpstream(request: UpstreamRequest): Promise<IncomingMessage> {
  try {
    return await send(request, request.mayRepeat ? request.route.agent : request.route.callAgent);
  } catch (error) {
    if (!(error instanceof LostConnection && request.mayRepeat)) throw error;
    return await send(request, request.route.freshAgent);
  }
}

class LostConnection extends RelayError {}

function send(
  { route, path, method, headers, body, timeoutMilliseconds, hasCredential, isForBroker, signal }: UpstreamRequest,
  agent: Route['agent'],
): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const out = (route.at.protocol === 'https:' ? httpsRequest : httpRequest)({
    ...route.at,
    path,
    method,
    headers: {
      ...forwarded(headers, method === 'POST' ? body.length : undefined, [
        ...(hasCredential ? [] : [...credentials, ...route.credentialHeaders]),
        ...(isForBroker ? [] : ofBrokers),
      ]),
      host: route.host,
    },
    agent,
  });
  // The option `signal` of `request` costs more.
  const abort = () => out.destroy();
  if (signal.aborted) abort();
  signal.addEventListener('abort', abort, { once: true });
  const timer = setTimeout(() => out.destroy(new RelayError('upstream_too_slow')), timeoutMilliseconds);
  out.once('error', (error) => reject(explain(error, out)));
  // An unexpected upgrade ends a connection without an error.
  const closed = () => {
    clearTimeout(timer);
    reject(new RelayError('upstream_unavailable', new Error('the connection was closed without an answer')));
  };
  out.once('close', closed);
  out.once('response', (answer) => {
    clearTimeout(timer);
    out.off('close', closed);
    resolve(answer);
  });
  out.end(body);
  return promise;
}

function explain(error: Error, out: ClientRequest): RelayError {
  if (error instanceof RelayError) return error;
  const { code = '' } = error as NodeJS.ErrnoException;
  if (out.reusedSocket && (code === 'ECONNRESET' || code === 'EPIPE'))
    return new LostConnection('upstream_unavailable', error);
  if (/CERT|TLS|SSL|UNABLE_TO|^EPROTO$/.test(code)) return new RelayError('upstream_tls_failed', error);
  return new RelayError('upstream_unavailable', error);
}

function forwarded(
  headers: IncomingHttpHeaders,
  length: number | undefined,
  removed: readonly string[],
): IncomingHttpHeaders {
  const kept = { ...headers };
  for (const name of [...notForwarded, ...removed]) delete kept[name];
  // The relay cannot check a compressed answer.
  kept['accept-encoding'] = 'identity';
  if (length !== undefined) kept['content-length'] = String(length);
  return kept;
}

/** Headers of an answer that a client can use. The relay sets those about the body itself. */
const passedOn = /^(?:mcp-protocol-version|retry-after|allow)$/;
/** Longer values would not fit nginx's buffer for headers. The auth-server stores no longer session ids. */
export const longestHeader = 4_096;

/**
 * The headers of an answer for nginx: those on the list.
 * @param session the only `Mcp-Session-Id` that the client may be given
 */
export function answerHeaders(answer: IncomingMessage, session: string | undefined): Record<string, string> {
  const passes = (name: string, value: string) =>
    passedOn.test(name) || (name === 'mcp-session-id' && value === session);
  return Object.fromEntries(
    Object.entries(answer.headers).filter(
      (entry): entry is [string, string] =>
        typeof entry[1] === 'string' && entry[1].length <= longestHeader && passes(entry[0], entry[1]),
    ),
  );
}
