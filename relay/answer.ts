import type { IncomingMessage } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { RelayError } from './errors.ts';
import { filterMessage } from './message-filter.ts';
import type { Exchange, RelayDeps } from './relay.ts';
import { answerHeaders } from './upstream.ts';

const longestTaskAnswer = 65_536;

/** Passes on an answer that is not a stream: looked at if it may hold a list or a task, as it comes otherwise. */
export async function passAnswer(deps: RelayDeps, exchange: Exchange): Promise<void> {
  const { caller, answer, response } = exchange;
  const status = answer.statusCode ?? 502;
  const { method } = caller.ticket;
  const isList = method.endsWith('/list');
  if (!isJson(answer) || !(isList || method === 'tools/call')) {
    // A list in some other form would go by unread.
    if (isList && status === 200) throw new RelayError('upstream_answer_unreadable');
    await passRest(exchange, []);
    return;
  }
  const { chunks, whole } = await readUpTo(answer, isList ? deps.maxAnswer : longestTaskAnswer);
  if (!whole && isList) throw new RelayError('upstream_answer_too_large');
  // A new task is told in few words; what is longer is a result, and none of the relay's business.
  if (!whole) return await passRest(exchange, chunks);
  const filtered = Buffer.from(await filterMessage(deps, caller, decode(Buffer.concat(chunks))));
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

function isJson(answer: IncomingMessage): boolean {
  const encoding = answer.headers['content-encoding'] ?? 'identity';
  return encoding === 'identity' && /^application\/json\b/i.test(answer.headers['content-type'] ?? '');
}

async function passRest({ answer, response }: Exchange, begun: readonly Buffer[]): Promise<void> {
  const length = answer.headers['content-length'];
  const headers = { ...answerHeaders(answer), ...(length !== undefined && { 'content-length': length }) };
  response.writeHead(answer.statusCode ?? 502, headers);
  for (const chunk of begun) response.write(chunk);
  await pipeline(answer, response);
}

async function readUpTo(answer: IncomingMessage, limit: number): Promise<{ chunks: Buffer[]; whole: boolean }> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of answer.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      size += chunk.length;
      if (size > limit) return { chunks, whole: false };
    }
  } catch (error) {
    throw new RelayError('upstream_unavailable', error);
  }
  return { chunks, whole: true };
}

function decode(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    throw new RelayError('upstream_answer_unreadable', error);
  }
}
