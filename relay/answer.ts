import type { IncomingMessage } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { ByteGatherer } from './byte-gatherer.ts';
import { asRelayError, RelayError } from './errors.ts';
import type { Exchange, RelayDeps } from './exchange.ts';
import { filterMessage, needsFilter } from './message-filter.ts';
import { answerHeaders } from './upstream.ts';

const longestTaskAnswer = 65_536;

/** Passes on an answer that is not a stream. It filters the answer if it may hold a list or a task. */
export async function passAnswer(deps: RelayDeps, exchange: Exchange): Promise<void> {
  const { caller, answer, response } = exchange;
  const status = answer.statusCode ?? 502;
  const { method } = caller.ticket;
  const isList = method.endsWith('/list');
  if (!isJson(answer)) {
    if (isList && status < 300) await mustHoldNoList(deps, exchange);
    else await passRest(exchange);
    return;
  }
  if (!(isList || method === 'tools/call')) return await passRest(exchange);
  const { bytes, whole } = isList
    ? await readUpTo(answer, deps.maxAnswer, deps.quickMilliseconds)
    : await readUpTo(answer, longestTaskAnswer);
  if (!whole && isList) throw new RelayError('upstream_answer_too_large');
  // An answer about a new task is short. A longer one is a tool's result, which the relay does not inspect.
  if (!whole) return await passRest(exchange, bytes);
  const filtered = Buffer.from(await filterMessage(deps, caller, decode(bytes)));
  const { etag: _, ...headers } = answerHeaders(answer);
  // A cache must not give one caller's list to another.
  const own = { 'cache-control': 'private, no-store', 'content-length': filtered.length };
  response.writeHead(status, { ...headers, ...own }).end(filtered);
}

/**
 * Binds a new session to its owner before the client learns its id, and unbinds it when it has ended.
 * @throws {RelayError} upstream_session_conflict if the upstream hands out another owner's session
 */
export async function updateSessionOwner({ owners }: RelayDeps, exchange: Exchange): Promise<void> {
  const { caller, answer, sessionId } = exchange;
  const { token, ticket } = caller;
  const status = answer.statusCode ?? 502;
  const id = answer.headers['mcp-session-id'];
  if (ticket.method === 'initialize' && status < 300 && typeof id === 'string') {
    if (!(await owners.bind(token, { kind: 'session', id }))) throw new RelayError('upstream_session_conflict');
  }
  const isOver = status < 300 || status === 404;
  if (ticket.method === '(end)' && isOver && sessionId !== undefined) {
    await owners.unbind(token, { kind: 'session', id: sessionId });
  }
}

/**
 * A list in any other form would pass unfiltered. Only the bare "Accepted" may pass, by which servers of the 2024-11-05
 * transport confirm a message; some send it with 200 instead of 202.
 */
async function mustHoldNoList(deps: RelayDeps, exchange: Exchange): Promise<void> {
  const { answer } = exchange;
  const { bytes, whole } = await readUpTo(answer, deps.maxAnswer, deps.quickMilliseconds);
  if (!whole) throw new RelayError('upstream_answer_too_large');
  if (!isPlain(answer) || needsFilter(decode(bytes))) throw new RelayError('upstream_answer_unreadable');
  await passRest(exchange, bytes);
}

function isJson(answer: IncomingMessage): boolean {
  return isPlain(answer) && /^application\/json\b/i.test(answer.headers['content-type'] ?? '');
}

function isPlain(answer: IncomingMessage): boolean {
  return (answer.headers['content-encoding'] ?? 'identity') === 'identity';
}

async function passRest({ answer, response }: Exchange, begun?: Buffer): Promise<void> {
  const length = answer.headers['content-length'];
  const headers = { ...answerHeaders(answer), ...(length !== undefined && { 'content-length': length }) };
  response.writeHead(answer.statusCode ?? 502, headers);
  if (begun) response.write(begun);
  await pipeline(answer, response);
}

/** Without `milliseconds` there is no time limit. */
async function readUpTo(
  answer: IncomingMessage,
  most: number,
  milliseconds?: number,
): Promise<{ bytes: Buffer; whole: boolean }> {
  const gathered = new ByteGatherer();
  const giveUp = () => answer.destroy(new RelayError('upstream_too_slow'));
  const timer = milliseconds === undefined ? undefined : setTimeout(giveUp, milliseconds);
  try {
    for await (const chunk of answer.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      gathered.add(chunk);
      if (gathered.length > most) return { bytes: gathered.bytes(), whole: false };
    }
  } catch (error) {
    throw asRelayError(error);
  } finally {
    clearTimeout(timer);
  }
  return { bytes: gathered.bytes(), whole: true };
}

function decode(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    throw new RelayError('upstream_answer_unreadable', error);
  }
}
