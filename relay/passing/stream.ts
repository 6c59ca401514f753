import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { decodedBody } from '../../common/answers/decoded-body.ts';
import {
  type OversizedEvent,
  parseEvent,
  type StreamEvent,
  splitEvents,
  writeEvent,
} from '../../common/answers/event-stream.ts';
import { OversizedAnswer, UnreadableAnswer } from '../../common/answers/limits.ts';
import { streamType } from '../../common/answers/media-type.ts';
import { isSameId, readMessage } from '../../common/answers/message.ts';
import { allKinds, type ListChannel } from '../callers/list-changes.ts';
import type { EndReason, LiveStream } from '../callers/live-streams.ts';
import { errorBody, RelayError, unreadableBecause } from '../upstream/errors.ts';
import { answerHeaders } from '../upstream/upstream.ts';
import { sessionOf } from './answer.ts';
import type { Exchange, RelayDeps } from './exchange.ts';
import { filterMessage } from './message-filter.ts';
import { oversizedId } from './oversized-id.ts';

const longestEndMilliseconds = 500;

/** What a stream has passed on so far. */
interface Progress {
  /** Whether anything was passed on, after which no `endpoint` event may follow. */
  hasBegun: boolean;
  /** Whether the request of this stream has its answer. */
  isAnswered: boolean;
}

/**
 * Passes on an event stream for as long as its owner may have it. Each event is read, filtered and written again from what
 * was understood. While the client does not read, the relay reads nothing from the upstream.
 */
export async function passStream(deps: RelayDeps, exchange: Exchange): Promise<void> {
  const { answer, response, pace, account } = exchange;
  const body: AsyncIterable<Buffer> = decodedBody(answer);
  if (deps.streams.isFull(exchange.caller)) throw new RelayError('relay_overloaded');
  const progress: Progress = { hasBegun: false, isAnswered: false };
  const { stream, hasEnded } = openStream(deps, exchange, progress);
  try {
    for await (const event of splitEvents(arrivals(body, pace), deps.limits.bytes, account)) {
      const passed = await passEvent(deps, exchange, event, progress);
      if (hasEnded()) return;
      if (passed) deps.streams.wrote(stream);
      if (passed && !response.write(passed)) await pace.wait(drained(exchange, passed.length));
      else if (pace.isDue()) await pace.rest();
    }
    response.end();
  } catch (error) {
    if (!hasEnded() && !response.destroyed) giveUp(deps, exchange, error);
  }
}

/** Ends a stream whose server sent an event without end: with an error, if it is known for which request. */
function giveUp(deps: RelayDeps, exchange: Exchange, error: unknown): void {
  if (!(error instanceof OversizedAnswer) || exchange.requestId === undefined) throw error;
  exchange.response.end(tooLarge(deps, exchange));
  exchange.answer.destroy();
}

/** Begins the answer, and watches the stream until it closes. */
function openStream(
  deps: RelayDeps,
  exchange: Exchange,
  progress: Progress,
): { stream: LiveStream; hasEnded: () => boolean } {
  const { caller, answer, response, route, log } = exchange;
  // A stream may be silent for hours: only TCP keep-alive shows whether the other side is still there.
  answer.socket.setKeepAlive(true, 30_000);
  response.writeHead(answer.statusCode ?? 502, {
    ...answerHeaders(answer, sessionOf(exchange)),
    'content-type': streamType,
    'cache-control': 'no-store',
  });
  response.flushHeaders();
  let ended = false;
  const end = (reason: EndReason) => {
    if (ended) return;
    ended = true;
    const { server, owner, method } = caller.ticket;
    log.info({ server, owner, method, reason }, 'stream ended');
    deps.metrics?.streamEnded(reason);
    answer.destroy();
    response.end(`: ended: ${reason}\n\n`);
    // A client that does not read must not keep its stream open.
    const cut = setTimeout(() => response.destroy(), longestEndMilliseconds).unref();
    response.once('close', () => clearTimeout(cut));
  };
  const stream: LiveStream = { caller, route, response, lists: listChannelOf(exchange, progress), end };
  deps.streams.add(stream);
  return { stream, hasEnded: () => ended };
}

/**
 * The stream of a session announces changes of all lists, a subscription those it asked for. The first message of a
 * subscription is its confirmation, and that of the 2024-11-05 transport is its `endpoint`.
 */
function listChannelOf(
  { caller, endpoint, requestId, listensTo }: Exchange,
  progress: Progress,
): ListChannel | undefined {
  const isSession = caller.ticket.method === '(stream)';
  if (!isSession && listensTo.length === 0) return undefined;
  const isOpen = () => progress.hasBegun || (isSession && endpoint === 'mcp');
  return { kinds: isSession ? allKinds : listensTo, subscription: isSession ? undefined : requestId, isOpen };
}

/** The upstream's bytes. The pace counts the time from the arrival of each piece until the next one is wanted. */
async function* arrivals(body: AsyncIterable<Buffer>, pace: Exchange['pace']): AsyncGenerator<Buffer> {
  for await (const chunk of body) {
    pace.begin();
    yield chunk;
    pace.end();
    if (pace.isDue()) await pace.rest();
  }
}

/** @returns the event as the caller may see it; undefined if it is not passed on */
async function passEvent(
  deps: RelayDeps,
  exchange: Exchange,
  bytes: Buffer | OversizedEvent,
  progress: Progress,
): Promise<Buffer | undefined> {
  try {
    if (!Buffer.isBuffer(bytes)) return tooLarge(deps, exchange, bytes);
    const event = parseEvent(bytes);
    const isEndpoint = event.name === 'endpoint';
    if (isEndpoint && (exchange.endpoint !== 'sse' || progress.hasBegun))
      throw new UnreadableAnswer('an endpoint event that does not belong there');
    const data = isEndpoint
      ? Buffer.from(await exchange.pace.wait(gatewayEndpoint(deps, exchange, event.data?.toString('utf8') ?? '')))
      : await messageFor(deps, exchange, event, progress);
    progress.hasBegun ||= data !== undefined;
    const passed = writeEvent({ ...event, data });
    return passed.length > 0 ? passed : undefined;
  } catch (error) {
    if (!(error instanceof UnreadableAnswer)) throw error;
    const { server } = exchange.caller.ticket;
    const about = { err: error, reason: 'upstream_answer_unreadable', server };
    deps.shares.log(server, (more) => exchange.log.warn({ ...about, ...more }, 'an event was dropped'));
    return undefined;
  }
}

/** The data of an event: a message, or empty to give the event's id only (MCP 2025-11-25, "Resumability"). */
async function messageFor(
  deps: RelayDeps,
  { caller, requestId, pace }: Exchange,
  { data }: StreamEvent,
  progress: Progress,
): Promise<Buffer | undefined> {
  if (!data || data.length === 0) return data;
  const message = await readMessage(data, deps.limits, pace);
  const isOfRequest = requestId !== undefined;
  if (isOfRequest && message.isResponse) {
    const isForeign = message.id !== undefined && !isSameId(message.id, requestId);
    if (isForeign || (message.id === undefined && message.result.size > 0))
      throw new UnreadableAnswer('the answer to another request');
    if (progress.isAnswered) throw new UnreadableAnswer('a second answer');
    progress.isAnswered = true;
  }
  return await filterMessage(
    deps,
    caller,
    message,
    pace,
    () => isOfRequest || deps.shares.mayAsk(caller.ticket.server),
  );
}

/** Tells the client that the answer it waits for was too large. Without it, the client would wait until its own time limit. */
function tooLarge(deps: RelayDeps, { log, caller, requestId }: Exchange, event?: OversizedEvent): Buffer | undefined {
  const reason = 'upstream_answer_too_large';
  const error = new RelayError(reason);
  const { server } = caller.ticket;
  deps.shares.log(server, (more) => log.warn({ reason, server, ...more }, error.message));
  deps.metrics?.failed(reason);
  const id = requestId ?? (event && oversizedId(event));
  if (id === undefined) return undefined;
  const data = Buffer.from(errorBody(error, id));
  return writeEvent({ name: undefined, id: undefined, retry: undefined, data });
}

/**
 * Where the client of a 2024-11-05 stream posts its messages: to the gateway, under an id of the relay's own. The relay
 * binds the id to the caller, together with the path that the server announced. The server's own session id never leaves
 * the gateway: it is all that another caller would need.
 * @param announced the data of the server's `endpoint` event: a path, or a URL of the server itself
 * @returns path and query at the gateway
 * @throws {UnreadableAnswer} if it is empty
 * @throws {RelayError} upstream_answer_unreadable if it points to another host, which ends the stream
 */
async function gatewayEndpoint({ owners }: RelayDeps, { caller, route }: Exchange, announced: string): Promise<string> {
  const base = new URL(route.paths.sse ?? '/', route.origin);
  const url = URL.parse(announced, base);
  if (announced === '') throw new UnreadableAnswer('an endpoint event without an address');
  if (!url || url.origin !== base.origin || url.username !== '')
    throw unreadableBecause('an endpoint event that leads to another host');
  const id = randomUUID();
  await owners.bind(caller.token, { kind: 'session', id, target: url.pathname + url.search });
  const { server } = caller.ticket;
  // The hub has its endpoints at the root (nginx/gateway.conf.template).
  return `${server === 'hub' ? '' : `/${server}`}/messages?sessionId=${id}`;
}

/** Waits until the client has read so much that more may follow. What it has not read takes memory. */
async function drained({ response, account }: Exchange, bytes: number): Promise<void> {
  // A closed response emits neither 'drain' nor 'close' any more.
  if (response.destroyed) throw new Error('the client has gone');
  account(bytes);
  const gone = new AbortController();
  const stop = () => gone.abort();
  response.once('close', stop);
  try {
    await once(response, 'drain', { signal: gone.signal });
  } finally {
    response.off('close', stop);
    account(-bytes);
  }
}
