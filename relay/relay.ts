import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Logger } from '../common/service/log.ts';
import type { Tracing } from '../common/service/tracing.ts';
import { serverNameForm } from '../policy/names.ts';
import type { Endpoint } from '../policy/request/mcp-request.ts';
import { noteSession, passAnswer } from './answer.ts';
import type { Caller, IdentifyCaller } from './caller.ts';
import { asRelayError, meanings, RelayError } from './errors.ts';
import type { LiveStreams } from './live-streams.ts';
import type { MessageFilterDeps } from './message-filter.ts';
import type { RelayMetrics } from './metrics.ts';
import type { Route, Routes } from './routes.ts';
import { passStream } from './stream.ts';
import { askUpstream, type UpstreamRequest } from './upstream.ts';

const requestTarget = new RegExp(`^/(${serverNameForm})/(mcp|sse|messages)(\\?.*)?$`);

export interface RelayDeps extends MessageFilterDeps {
  identify: IdentifyCaller;
  routes: Routes;
  streams: LiveStreams;
  /** The longest answer or event, in bytes, that is held to be looked at. */
  maxAnswer: number;
  /** How long an upstream may take until its answer begins, and until a list ends. Calls of tools may take an hour. */
  quickMilliseconds: number;
  metrics?: Pick<RelayMetrics, 'streamEnded' | 'failed'>;
  tracing?: Pick<Tracing, 'note'>;
  log: Logger;
}

const slowMilliseconds = 3_600_000;
/** What does nothing but tell, or makes a session that nobody will know of. */
const repeatable = /^(initialize|subscriptions\/listen|.*\/list)$/;

/** What is answered to a request, once its upstream has begun to. */
export interface Exchange {
  caller: Caller;
  endpoint: Endpoint;
  route: Route;
  answer: IncomingMessage;
  /** The `Mcp-Session-Id` that the request came with. */
  sessionId: string | undefined;
  response: ServerResponse;
  log: Logger;
}

/**
 * The relay: takes a request that the gate has allowed to the upstream, and looks at the answer on its way back. It knows
 * who asks, and that they may, from the auth-server's ticket in `X-Relay`, and believes nothing else.
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
      // nginx would take the server's own word for the relay's.
      if (statusCode === 502 || statusCode === 504) throw new RelayError('upstream_unavailable');
      await noteSession(deps, exchange);
      gone.signal.throwIfAborted();
      // Wherever it stands: there are clients that look for these words only.
      const isStream = /text\/event-stream/i.test(exchange.answer.headers['content-type'] ?? '');
      await (isStream ? passStream(deps, exchange) : passAnswer(deps, exchange));
    } catch (error) {
      const hasGone = gone.signal.aborted;
      // What is left of the upstream's answer is nobody's any more; unread, it would hold its connection for good.
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
  // The ticket was given for one server: what was authorized must be what is asked.
  if (server !== ticket.server) throw new RelayError('ticket_invalid');
  const route = deps.routes.of(server);
  const path = ticket.target ?? withSearch(route?.paths[endpoint as Endpoint], search);
  if (!route || path === undefined) throw new RelayError('upstream_unavailable', new Error('there is no such route'));
  // The route has changed since the request was judged: the credential was given for another place.
  if (ticket.credentialFor !== undefined && ticket.credentialFor !== route.origin)
    throw new RelayError('upstream_unavailable', new Error('the route is no longer where the credential may go'));
  const asked: UpstreamRequest = {
    route,
    path,
    method: request.method ?? '',
    headers: request.headers,
    body: await readBody(request),
    timeoutMilliseconds:
      ticket.method === 'tools/call' || ticket.method === 'tasks/result' ? slowMilliseconds : deps.quickMilliseconds,
    credentialFor: ticket.credentialFor,
    mayRepeat: request.method !== 'POST' || repeatable.test(ticket.method),
    signal,
  };
  const sessionId = request.headers['mcp-session-id'] as string | undefined;
  return { caller, endpoint: endpoint as Endpoint, route, answer: await askUpstream(asked), sessionId, response, log };
}

function withSearch(path: string | undefined, search: string): string | undefined {
  return path === undefined ? undefined : path + search;
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function fail({ metrics }: RelayDeps, response: ServerResponse, error: RelayError, log: Logger): void {
  metrics?.failed(error.code);
  const { status, rpcCode, logLevel, message } = meanings[error.code];
  log[logLevel]({ err: error.cause, reason: error.code }, message);
  // An answer that has begun cannot become an error any more: only a cut tells the client that it is not whole.
  if (response.headersSent) return void response.destroy();
  const body = JSON.stringify({
    jsonrpc: '2.0',
    id: null,
    error: { code: rpcCode, message, data: { reason: error.code } },
  });
  // nginx puts a text of its own in the place of every 502 and 504, except when it finds ours here.
  response.writeHead(status, { 'content-type': 'application/json', 'x-relay-error': body }).end(body);
}
