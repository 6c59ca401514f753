import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { ByteGatherer } from '../common/answers/byte-gatherer.ts';
import { essenceOf, streamType } from '../common/answers/media-type.ts';
import { readMessage } from '../common/answers/message.ts';
import type { Ticket } from '../common/identity/ticket.ts';
import type { Logger } from '../common/service/log.ts';
import { serverNameForm } from '../policy/names.ts';
import type { Endpoint } from '../policy/request/mcp-request.ts';
import { isExtensionMethod } from '../policy/request/methods.ts';
import { kindsListenedTo } from './callers/list-changes.ts';
import { accountRefusalOf, answerAccountRefusal } from './passing/account-refusal.ts';
import { passAnswer, updateSessionOwner } from './passing/answer.ts';
import type { Exchange, RelayDeps } from './passing/exchange.ts';
import { readAll } from './passing/read-all.ts';
import { passStream } from './passing/stream.ts';
import { asRelayError, errorBody, meanings, RelayError, unreadable, unreadableBecause } from './upstream/errors.ts';
import { answerLimits } from './upstream/limits.ts';
import type { Route } from './upstream/routes.ts';
import { askUpstream } from './upstream/upstream.ts';

const requestTarget = new RegExp(`^/(${serverNameForm})/(mcp|sse|messages)(\\?.*)?$`);
const slowMilliseconds = 3_600_000;
/** The gate has bounded the request. */
const requestLimits = answerLimits(Number.POSITIVE_INFINITY);
/** Methods that make a server work, besides those of extensions: as long as nginx waits for an answer that does not pass here. */
const slow = /^(tools\/call|tasks\/result|prompts\/get|resources\/read|completion\/complete)$/;
/** Methods that only read, or that create a session which no client would learn of. */
const repeatable = /^(initialize|server\/discover|subscriptions\/listen|.*\/list)$/;

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
    const asked: Asked = { requestId: undefined };
    try {
      const exchange = await begin(deps, request, response, gone.signal, log, asked);
      const refusal = accountRefusalOf(exchange);
      if (refusal) return await answerAccountRefusal(deps, exchange, refusal);
      await updateSessionOwner(deps, exchange);
      gone.signal.throwIfAborted();
      const { server } = exchange.caller.ticket;
      if (!isStream(request, exchange)) await passAnswer(deps, exchange);
      else await passStream(deps, { ...exchange, pace: deps.shares.paceOf(server, 'stream') });
    } catch (error) {
      const hasGone = gone.signal.aborted;
      // The rest of the upstream's answer has no reader. It would hold its connection open forever.
      gone.abort();
      if (!hasGone) fail(deps, response, asRelayError(unreadable(error)), log, asked);
    }
  };
}

/** What is known of a request that may fail. */
type Asked = Pick<Exchange, 'requestId'>;

/**
 * A GET is answered by a stream, whatever its answer claims to be: the stream must end with its owner's access.
 * @throws {RelayError} upstream_answer_unreadable
 */
function isStream({ method }: IncomingMessage, { answer }: Exchange): boolean {
  const { statusCode = 502, headers } = answer;
  if (statusCode >= 300) return false;
  const claims = essenceOf(headers['content-type']) === streamType;
  if (method === 'GET' && !claims) throw unreadableBecause('an answer to a GET that is no event stream');
  return claims;
}

/** Checks who asks, and sends the request to the upstream. */
async function begin(
  deps: RelayDeps,
  request: IncomingMessage,
  response: ServerResponse,
  signal: AbortSignal,
  log: Logger,
  known: Asked,
): Promise<Exchange> {
  const caller = await deps.identify(request.headers['x-relay'], request.headers['x-mcp-assertion']);
  const { ticket } = caller;
  deps.tracing?.note({ server: ticket.server, method: ticket.method });
  const { route, endpoint, path } = targetOf(deps, request.url ?? '', ticket);
  const { server } = ticket;
  const timeoutMilliseconds =
    slow.test(ticket.method) || isExtensionMethod(ticket.method) ? slowMilliseconds : deps.quickMilliseconds;
  const account = deps.held.accountOf(server);
  const gathered = new ByteGatherer(account);
  try {
    await readAll(request, (chunk) => gathered.add(chunk));
    // Begins here: the wait for the body is no work of the server.
    const pace = deps.shares.paceOf(server, 'answer');
    const body = gathered.bytes();
    const id = body.length > 0 ? (await readMessage(body, requestLimits, pace)).id : undefined;
    pace.end();
    const requestId = ticket.method === '(response)' ? undefined : id;
    known.requestId = requestId;
    // A new session begins. The gate has not looked whose session a client still names, such as one of before a restart.
    if (ticket.method === 'initialize') delete request.headers['mcp-session-id'];
    const answer = await askUpstream({
      ...{ route, path, body, timeoutMilliseconds, signal },
      method: request.method ?? '',
      headers: request.headers,
      hasCredential: ticket.credentialFor !== undefined,
      isForBroker: ticket.broker !== undefined,
      mayRepeat: request.method !== 'POST' || repeatable.test(ticket.method),
    });
    const sessionId = request.headers['mcp-session-id'] as string | undefined;
    const listensTo = ticket.method === 'subscriptions/listen' ? kindsListenedTo(body) : [];
    const expectsAnswer = requestId !== undefined && endpoint === 'mcp';
    const asked = { caller, endpoint, route, sessionId, requestId, listensTo, expectsAnswer, timeoutMilliseconds };
    return { ...asked, answer, response, log, account, pace };
  } finally {
    gathered.release();
  }
}

function targetOf({ routes }: RelayDeps, url: string, ticket: Ticket) {
  const { server: allowed, target, broker } = ticket;
  const [, server, endpoint, search = ''] = requestTarget.exec(url) ?? [];
  // The ticket allows one server: the request must be for the same one.
  if (server !== allowed) throw new RelayError('ticket_invalid');
  const route = routes.of(server, broker);
  const routed = route?.paths[endpoint as Endpoint];
  // A registered query is the whole query, as in nginx/gate/maps.conf.
  const path = target ?? (routed && (routed.includes('?') ? routed : routed + search));
  if (!route || path === undefined) throw new RelayError('upstream_unavailable', new Error('there is no such route'));
  if (!isAsAllowed(ticket, route))
    throw new RelayError('upstream_unavailable', new Error('the route is no longer where the credential may go'));
  return { route, endpoint: endpoint as Endpoint, path };
}

/** Whether the route is still the one that the gate has allowed: the same kind of credential, and the place it may go to. */
function isAsAllowed({ credentialFor, account }: Ticket, { account: wanted, address, origin }: Route): boolean {
  if (account?.name !== wanted || (account && account.address !== address)) return false;
  return credentialFor === undefined || credentialFor === (wanted === undefined ? origin : address);
}

function fail(
  { metrics }: RelayDeps,
  response: ServerResponse,
  error: RelayError,
  log: Logger,
  { requestId }: Asked,
): void {
  metrics?.failed(error.code);
  const { status, logLevel } = meanings[error.code];
  log[logLevel]({ err: error.cause, reason: error.code }, error.message);
  // Once an answer has begun, only closing the connection tells the client that it is incomplete.
  if (response.headersSent) return void response.destroy();
  const body = errorBody(error, requestId);
  // nginx replaces the body of every 502 and 504, unless it finds ours in this header.
  response.writeHead(status, { 'content-type': 'application/json', 'x-relay-error': body }).end(body);
}
