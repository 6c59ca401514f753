import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { ByteGatherer } from '../../common/answers/byte-gatherer.ts';
import { decodedBody } from '../../common/answers/decoded-body.ts';
import { UnreadableAnswer } from '../../common/answers/limits.ts';
import { essenceOf, jsonType } from '../../common/answers/media-type.ts';
import { isSameId, readMessage } from '../../common/answers/message.ts';
import { cleanText } from '../../common/text/clean.ts';
import { asciiJson } from '../../common/text/json.ts';
import { asRelayError, RelayError, unreadable, unreadableBecause } from '../upstream/errors.ts';
import { longestErrorText } from '../upstream/limits.ts';
import { answerHeaders, longestHeader } from '../upstream/upstream.ts';
import type { Exchange, RelayDeps } from './exchange.ts';
import { filterMessage } from './message-filter.ts';
import { readAll } from './read-all.ts';
import { refusalOf, refuseRedirect } from './refusals.ts';

/** What is read of an answer that says little, in bytes and milliseconds. */
const longestError = 65_536;
const errorMilliseconds = 2_000;

/**
 * Passes on an answer that is not a stream: a JSON-RPC message that was read, filtered and written again, a short text of an
 * error, or a bare status.
 */
export async function passAnswer(deps: RelayDeps, exchange: Exchange): Promise<void> {
  const { answer, account } = exchange;
  const status = answer.statusCode ?? 502;
  refuseRedirect(exchange);
  // A server that confirms a notification has nothing to say, though some send the word "Accepted".
  if (status < 400 && (status >= 300 || !exchange.expectsAnswer)) {
    discard(answer);
    return await send(exchange);
  }
  const gathered = new ByteGatherer(account);
  try {
    const bytes = await (status < 400
      ? gather(gathered, answer, deps.limits.bytes, exchange.timeoutMilliseconds)
      : gatherError(gathered, answer));
    const refusal = refusalOf(exchange, bytes);
    if (refusal) throw refusal;
    if (bytes.length === 0 && isReplaced(status)) throw new RelayError('upstream_unavailable');
    if (bytes.length === 0) return await send(exchange);
    if (status < 400 && essenceOf(answer.headers['content-type']) !== jsonType)
      throw unreadableBecause('an answer that is neither JSON nor a stream');
    const json = await filtered(deps, exchange, bytes);
    if (isReplaced(status) && !isErrorOf(exchange, json)) throw new RelayError('upstream_unavailable');
    if (json) return await send(exchange, { type: jsonType, body: json });
    await send(exchange, textOfError(bytes));
  } finally {
    gathered.release();
  }
}

/**
 * @returns undefined for an error's body that is no JSON-RPC message
 * @throws {RelayError} if it may be one, and cannot be read
 */
async function filtered(deps: RelayDeps, exchange: Exchange, bytes: Buffer): Promise<Buffer | undefined> {
  const { caller, answer, requestId, pace } = exchange;
  const isError = (answer.statusCode ?? 502) >= 400;
  pace.begin();
  try {
    const message = await readMessage(bytes, deps.limits, pace);
    if (message.isResponse && message.result.size > 0 && !isSameId(message.id, requestId))
      throw new UnreadableAnswer('the answer to another request');
    return await filterMessage(deps, caller, message, pace, () => true);
  } catch (error) {
    if (isError && error instanceof UnreadableAnswer) return undefined;
    throw unreadable(error);
  } finally {
    pace.end();
  }
}

/** The text of an error as one line, such as "Session not found". With a brace it could be taken for a message: dropped. */
function textOfError(bytes: Buffer): { type: string; body: Buffer } | undefined {
  const text = bytes.toString('utf8', 0, longestErrorText);
  if (/[{[\0]/.test(text)) return undefined;
  return { type: 'text/plain; charset=utf-8', body: Buffer.from(cleanText(text, { replace: ' ' })) };
}

async function send(exchange: Exchange, content?: { type: string; body: Buffer }) {
  const { answer, response, account } = exchange;
  const size = content?.body.length ?? 0;
  account(size);
  try {
    // A cache must not give one caller's list to another.
    const status = answer.statusCode ?? 502;
    response.writeHead(status, {
      ...answerHeaders(answer, sessionOf(exchange)),
      'cache-control': 'private, no-store',
      ...(content && isReplaced(status) && { 'x-relay-error': asciiJson(String(content.body)) }),
      ...(content && { 'content-type': content.type }),
      'content-length': size,
    });
    response.end(content?.body);
    // Until the client has taken it, the answer takes memory.
    if (!response.closed) await once(response, 'close');
  } finally {
    account(-size);
  }
}

/** Lets a connection be used again after a short answer that does not matter. */
function discard(answer: IncomingMessage): void {
  if (Number(answer.headers['content-length'] ?? 0) > longestError) return void answer.destroy();
  const timer = setTimeout(() => answer.destroy(), errorMilliseconds).unref();
  answer.resume().once('close', () => clearTimeout(timer));
}

const cookieText =
  'a server sets a cookie, which the gateway does not keep: a load balancer in front of it must choose by Mcp-Session-Id, not by its cookie';

/**
 * Binds a new session to its owner before the client learns its id, and unbinds it when it has ended.
 * @throws {RelayError} upstream_session_conflict if the upstream hands out another owner's session
 */
export async function updateSessionOwner({ owners, shares }: RelayDeps, exchange: Exchange): Promise<void> {
  const { caller, answer, sessionId, log } = exchange;
  const { token, ticket } = caller;
  const status = answer.statusCode ?? 502;
  const id = answer.headers['mcp-session-id'];
  if (ticket.method === 'initialize' && status < 300 && typeof id === 'string') {
    if (id.length > longestHeader) throw new RelayError('upstream_session_too_long');
    if (!(await owners.bind(token, { kind: 'session', id }))) throw new RelayError('upstream_session_conflict');
  }
  const { server } = ticket;
  if (ticket.method === 'initialize' && answer.headers['set-cookie'])
    shares.log(server, (more) => log.info({ server, ...more }, cookieText));
  const isOver = status < 300 || status === 404;
  if (ticket.method === '(end)' && isOver && sessionId !== undefined) {
    await owners.unbind(token, { kind: 'session', id: sessionId });
  }
}

/** The session of an exchange: one that `updateSessionOwner` has bound, or that of the request. */
export function sessionOf({ answer, caller, sessionId }: Exchange): string | undefined {
  const given = answer.headers['mcp-session-id'];
  return caller.ticket.method === 'initialize' && typeof given === 'string' ? given : sessionId;
}

/** Whether it is the error of the server's own for the request, as JSON-RPC 2.0 writes it, and fits a header. */
function isErrorOf({ requestId }: Exchange, json: Buffer | undefined): json is Buffer {
  if (!json || requestId === undefined || asciiJson(String(json)).length > longestHeader) return false;
  const { jsonrpc, id, error } = JSON.parse(String(json)) as { jsonrpc?: unknown; id?: unknown; error?: unknown };
  return jsonrpc === '2.0' && id === requestId.value && typeof error === 'object' && error !== null;
}

/** nginx replaces the body of these by what it finds in a header. */
function isReplaced(status: number): boolean {
  return status === 502 || status === 504;
}

/** The body of an error; empty if it is too long or does not end. */
async function gatherError(gathered: ByteGatherer, answer: IncomingMessage): Promise<Buffer> {
  return await gather(gathered, answer, longestError, errorMilliseconds).catch(() => Buffer.alloc(0));
}

/** @throws {RelayError} upstream_answer_too_large or upstream_too_slow */
async function gather(
  gathered: ByteGatherer,
  answer: IncomingMessage,
  most: number,
  milliseconds: number,
): Promise<Buffer> {
  const giveUp = () => answer.destroy(new RelayError('upstream_too_slow'));
  const timer = setTimeout(giveUp, milliseconds);
  try {
    await readAll(decodedBody(answer), (chunk) => {
      if (gathered.length + chunk.length > most) throw new RelayError('upstream_answer_too_large');
      gathered.add(chunk);
    });
  } catch (error) {
    throw error instanceof UnreadableAnswer ? unreadable(error) : asRelayError(error);
  } finally {
    clearTimeout(timer);
  }
  return gathered.bytes();
}
