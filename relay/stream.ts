import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { RelayError } from './errors.ts';
import { parseEvent, splitEvents, TooLarge, withData } from './event-stream.ts';
import type { Exchange, RelayDeps } from './exchange.ts';
import type { EndReason, LiveStream } from './live-streams.ts';
import { filterMessage, needsFilter } from './message-filter.ts';
import { answerHeaders } from './upstream.ts';

const longestEndMilliseconds = 500;

/**
 * Passes on an event stream, one whole event after another, for as long as its owner may have it. While the client does
 * not read, the relay reads nothing from the upstream.
 */
export async function passStream(deps: RelayDeps, exchange: Exchange): Promise<void> {
  const { caller, answer, response, route, log } = exchange;
  const encoding = answer.headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity') throw new RelayError('upstream_answer_unreadable');
  response.writeHead(answer.statusCode ?? 502, { ...answerHeaders(answer), 'cache-control': 'no-store' });
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
  const stream: LiveStream = { caller, route, response, end };
  deps.streams.add(stream);
  try {
    for await (const event of splitEvents(answer, deps.maxAnswer)) {
      const passed = await filterEvent(deps, exchange, event);
      if (ended) return;
      deps.streams.wrote(stream);
      if (passed && !response.write(passed)) await drained(response);
    }
    response.end();
  } catch (error) {
    if (ended || response.destroyed) return;
    if (error instanceof TooLarge) throw new RelayError('upstream_answer_too_large', error);
    throw error;
  }
}

/** @returns the event as the caller may see it; undefined if it cannot be read */
async function filterEvent(deps: RelayDeps, exchange: Exchange, bytes: Buffer): Promise<Buffer | undefined> {
  const isLegacy = exchange.endpoint === 'sse';
  const text = bytes.toString('utf8');
  if (!isLegacy && !needsFilter(text)) return bytes;
  const event = parseEvent(text);
  if (isLegacy && event.name === 'endpoint' && event.data !== '')
    return withData(event, await gatewayEndpoint(deps, exchange, event.data));
  // Events of any name are filtered: not all clients look at the name.
  if (event.data === '') return bytes;
  try {
    const data = await filterMessage(deps, exchange.caller, event.data);
    return data === event.data ? bytes : withData(event, data);
  } catch (error) {
    if (!(error instanceof RelayError) || error.code !== 'upstream_answer_unreadable') throw error;
    exchange.log.warn({ err: error.cause, reason: error.code, server: exchange.caller.ticket.server }, error.message);
    return undefined;
  }
}

/**
 * Where the client of a 2024-11-05 stream posts its messages: to the gateway, under an id of the relay's own. The relay
 * binds the id to the caller, together with the path that the server announced. The server's own session id never leaves
 * the gateway: it is all that another caller would need.
 * @param announced the data of the server's `endpoint` event: a path, or a URL of the server itself
 * @returns path and query at the gateway
 * @throws {RelayError} upstream_answer_unreadable if it points to another host
 */
async function gatewayEndpoint({ owners }: RelayDeps, { caller, route }: Exchange, announced: string): Promise<string> {
  const base = new URL(route.paths.sse ?? '/', route.origin);
  const url = URL.parse(announced, base);
  if (!url || url.origin !== base.origin || url.username !== '') {
    throw new RelayError('upstream_answer_unreadable', new Error('its endpoint event leads elsewhere'));
  }
  const id = randomUUID();
  await owners.bind(caller.token, { kind: 'session', id, target: url.pathname + url.search });
  return `/${caller.ticket.server}/messages?sessionId=${id}`;
}

async function drained(response: ServerResponse): Promise<void> {
  // A closed response emits neither 'drain' nor 'close' any more.
  if (response.destroyed) throw new Error('the client has gone');
  const gone = new AbortController();
  const stop = () => gone.abort();
  response.once('close', stop);
  try {
    await once(response, 'drain', { signal: gone.signal });
  } finally {
    response.off('close', stop);
  }
}
