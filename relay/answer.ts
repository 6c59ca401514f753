import type { IncomingMessage } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { ByteGatherer } from './byte-gatherer.ts';
import { asRelayError, RelayError } from './errors.ts';
import { filterMessage, needsLook } from './message-filter.ts';
import type { Exchange, RelayDeps } from './relay.ts';
import { answerHeaders } from './upstream.ts';

const longestTaskAnswer = 65_536;

/** Passes on an answer that is not a stream: looked at if it may hold a list or a task, as it comes otherwise. */
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
  const limits = isList ? listLimits(deps) : { bytes: longestTaskAnswer };
  const { bytes, whole } = await readUpTo(answer, limits);
  if (!whole && isList) throw new RelayError('upstream_answer_too_large');
  // A new task is told in few words; what is longer is a result, and none of the relay's business.
  if (!whole) return await passRest(exchange, bytes);
  const filtered = Buffer.from(await filterMessage(deps, caller, decode(bytes)));
  const { etag: _, ...headers } = answerHeaders(answer);
  // What one caller may see is not for another's cache.
  const own = { 'cache-control': 'private, no-store', 'content-length': filtered.length };
  response.writeHead(status, { ...headers, ...own }).end(filtered);
}

/**
 * Notes whose session this is before the client gets to know its id, and forgets it when it has ended.
 * @throws {RelayError} upstream_session_conflict if the upstream gives out what is somebody else's
 */
export async function noteSession({ authority }: RelayDeps, { caller, answer, sessionId }: Exchange): Promise<void> {
  const { token, ticket } = caller;
  const status = answer.statusCode ?? 502;
  const id = answer.headers['mcp-session-id'];
  if (ticket.method === 'initialize' && status < 300 && typeof id === 'string') {
    if (!(await authority.bind(token, { kind: 'session', id }))) throw new RelayError('upstream_session_conflict');
  }
  const isOver = status < 300 || status === 404;
  if (ticket.method === '(end)' && isOver && sessionId !== undefined) {
    await authority.unbind(token, { kind: 'session', id: sessionId });
  }
}

/**
 * A list in some other form would go by unread. Only the bare "Accepted" may pass, with which servers of the 2024-11-05
 * transport confirm a message; some send 200 with it, and not 202.
 */
async function mustHoldNoList(deps: RelayDeps, exchange: Exchange): Promise<void> {
  const { answer } = exchange;
  const { bytes, whole } = await readUpTo(answer, listLimits(deps));
  if (!whole) throw new RelayError('upstream_answer_too_large');
  const isPlain = (answer.headers['content-encoding'] ?? 'identity') === 'identity';
  if (!isPlain || needsLook(decode(bytes))) throw new RelayError('upstream_answer_unreadable');
  await passRest(exchange, bytes);
}

function isJson(answer: IncomingMessage): boolean {
  const encoding = answer.headers['content-encoding'] ?? 'identity';
  return encoding === 'identity' && /^application\/json\b/i.test(answer.headers['content-type'] ?? '');
}

async function passRest({ answer, response }: Exchange, begun?: Buffer): Promise<void> {
  const length = answer.headers['content-length'];
  const headers = { ...answerHeaders(answer), ...(length !== undefined && { 'content-length': length }) };
  response.writeHead(answer.statusCode ?? 502, headers);
  if (begun) response.write(begun);
  await pipeline(answer, response);
}

interface ReadLimits {
  bytes: number;
  /** Left out where an answer may take its time. */
  milliseconds?: number;
}

function listLimits({ maxAnswer, quickMilliseconds }: RelayDeps): ReadLimits {
  return { bytes: maxAnswer, milliseconds: quickMilliseconds };
}

async function readUpTo(answer: IncomingMessage, limits: ReadLimits): Promise<{ bytes: Buffer; whole: boolean }> {
  const gathered = new ByteGatherer();
  const giveUp = () => answer.destroy(new RelayError('upstream_too_slow'));
  const timer = limits.milliseconds === undefined ? undefined : setTimeout(giveUp, limits.milliseconds);
  try {
    for await (const chunk of answer.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      gathered.add(chunk);
      if (gathered.length > limits.bytes) return { bytes: gathered.bytes(), whole: false };
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
