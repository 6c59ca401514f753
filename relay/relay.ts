import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import type { Logger } from '../common/service/log.ts';
import { serverNameForm } from '../policy/names.ts';
import type { Endpoint } from '../policy/request/mcp-request.ts';
import { passAnswer, updateSessionOwner } from './answer.ts';
import { asRelayError, meanings, RelayError } from './errors.ts';
import type { Exchange, RelayDeps } from './exchange.ts';
import { passStream } from './stream.ts';
import { askUpstream } from './upstream.ts';

const requestTarget = new RegExp(`^/(${serverNameForm})/(mcp|sse|messages)(\\?.*)?$`);
const slowMilliseconds = 3_600_000;
/** Methods that make a server work: as long as nginx waits for an answer that does not pass here. */
const slow = /^(tools\/call|tasks\/result|prompts\/get|resources\/read|completion\/complete)$/;
/** Methods that only read, or that create a session which no client would learn of. */
const repeatable = /^(initialize|subscriptions\/listen|.*\/list)$/;

/**
 * Makes the relay. It sends a request that the gate has allowed to the upstream, and filters the answer. It learns who the
 * caller is, and what is allowed, only from the auth-server's ticket in `X-Relay`.
 */
export function createRelay(deps: RelayDeps): RequestListener {
  return async (request, response) => {
    if (request.url === '/health') return void response.writeHead(200).end('{"status":"up"}');
    const gone = new AbortController();
    response.once('close', () => response.writableFinished || gone.abort());
    const log = deps.log.child({ request_id: request.headers['x-request-id'] });
    try {
      const exchange = await begin(deps, request, response, gone.signal, log);
      const { statusCode } = exchange.answer;
      // nginx would take the server's own 502 or 504 for one of the relay's.
      if (statusCode === 502 || statusCode === 504) throw new RelayError('upstream_unavailable');
      await updateSessionOwner(deps, exchange);
      gone.signal.throwIfAborted();
      // Anywhere in the header: some clients only search for these words.
      const isStream = /text\/event-stream/i.test(exchange.answer.headers['content-type'] ?? '');
      await (isStream ? passStream(deps, exchange) : passAnswer(deps, exchange));
    } catch (error) {
      const hasGone = gone.signal.aborted;
      // The rest of the upstream's answer has no reader. It would hold its connection open forever.
      gone.abort();
      if (!hasGone) fail(deps, response, asRelayError(error), log);
    }
  };
}

async function begin(
  deps: RelayDeps,
  request: IncomingMessage,
  response: ServerResponse,
  signal: AbortSignal,
  log: Logger,
): Promise<Exchange> {
  const caller = await deps.identify(request.headers['x-relay'], request.headers['x-mcp-assertion']);
  const { ticket } = caller;
  deps.tracing?.note({ server: ticket.server, method: ticket.method });
  const [, server, endpoint, search = ''] = requestTarget.exec(request.url ?? '') ?? [];
  // The ticket allows one server: the request must be for the same one.
  if (server !== ticket.server) throw new RelayError('ticket_invalid');
  const route = deps.routes.of(server);
  const routed = route?.paths[endpoint as Endpoint];
  const path = ticket.target ?? (routed && routed + search);
  if (!route || path === undefined) throw new RelayError('upstream_unavailable', new Error('there is no such route'));
  // The route has changed since the gate allowed the request: the credential is for another origin.
  if (ticket.credentialFor !== undefined && ticket.credentialFor !== route.origin)
    throw new RelayError('upstream_unavailable', new Error('the route is no longer where the credential may go'));
  const answer = await askUpstream({
    route,
    path,
    method: request.method ?? '',
    headers: request.headers,
    body: await buffer(request),
    timeoutMilliseconds: slow.test(ticket.method) ? slowMilliseconds : deps.quickMilliseconds,
    credentialFor: ticket.credentialFor,
    mayRepeat: request.method !== 'POST' || repeatable.test(ticket.method),
    signal,
  });
  const sessionId = request.headers['mcp-session-id'] as string | undefined;
  return { caller, endpoint: endpoint as Endpoint, route, answer, sessionId, response, log };
}

function fail({ metrics }: RelayDeps, response: ServerResponse, error: RelayError, log: Logger): void {
  metrics?.failed(error.code);
  const { status, rpcCode, logLevel, message } = meanings[error.code];
  log[logLevel]({ err: error.cause, reason: error.code }, message);
  // Once an answer has begun, only closing the connection tells the client that it is incomplete.
  if (response.headersSent) return void response.destroy();
  const body = JSON.stringify({
    jsonrpc: '2.0',
    id: null,
    error: { code: rpcCode, message, data: { reason: error.code } },
  });
  // nginx replaces the body of every 502 and 504, unless it finds ours in this header.
  response.writeHead(status, { 'content-type': 'application/json', 'x-relay-error': body }).end(body);
}
