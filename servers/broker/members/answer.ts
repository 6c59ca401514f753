import type { IncomingMessage } from 'node:http';
import { ByteGatherer } from '../../../common/answers/byte-gatherer.ts';
import { decodedBody } from '../../../common/answers/decoded-body.ts';
import { parseEvent, splitEvents } from '../../../common/answers/event-stream.ts';
import { HeldBytes } from '../../../common/answers/held-bytes.ts';
import { OversizedAnswer, UnreadableAnswer, usualLimits } from '../../../common/answers/limits.ts';
import { essenceOf, jsonType, streamType } from '../../../common/answers/media-type.ts';
import { readMessage, type ServerMessage } from '../../../common/answers/message.ts';
import { cleanText } from '../../../common/text/clean.ts';
import { parseJson } from '../../../common/text/json.ts';
import { BrokerError, rpcCode } from '../errors.ts';
import { limits } from '../limits.ts';

/** What a member says in one event of a stream, or in an answer of its own. */
export interface Said {
  /** The id of the event, for `Last-Event-ID`. */
  eventId: string | undefined;
  /** When the client may come back for the rest of the stream, in milliseconds. */
  retry?: number | undefined;
  /** Undefined for an event that only has one of these. */
  message: ServerMessage | undefined;
}

const held = new HeldBytes(limits.held);
/** Bounds on one message of a member. */
export const messageLimits = { ...usualLimits, bytes: limits.message };

export function isStream(answer: IncomingMessage): boolean {
  return essenceOf(answer.headers['content-type']) === streamType;
}

/**
 * What a member answers, message by message: checked, and nothing built from it yet. An event that cannot be read is left out.
 * @throws {UnreadableAnswer} for an answer that is no message, or exceeds a bound
 */
export async function* messagesOf(server: string, answer: IncomingMessage): AsyncGenerator<Said> {
  const account = held.accountOf(server);
  if (!isStream(answer)) {
    const gathered = new ByteGatherer(account);
    try {
      await gather(gathered, answer, limits.message);
      if (essenceOf(answer.headers['content-type']) !== jsonType)
        throw new UnreadableAnswer('an answer that is neither JSON nor a stream');
      yield { eventId: undefined, message: await readMessage(gathered.bytes(), messageLimits) };
    } finally {
      gathered.release();
    }
    return;
  }
  for await (const event of splitEvents(decodedBody(answer), limits.message, account)) {
    if (!Buffer.isBuffer(event)) throw new OversizedAnswer(`more than ${limits.message} bytes in one message`);
    const { name, id, retry, data } = parseEvent(event);
    if (name !== undefined && name !== 'message') continue;
    const message = data && data.length > 0 ? await readable(data) : undefined;
    if (message || id !== undefined || retry !== undefined) yield { eventId: id, retry, message };
  }
}

async function readable(data: Buffer): Promise<ServerMessage | undefined> {
  try {
    return await readMessage(data, messageLimits);
  } catch (error) {
    if (error instanceof UnreadableAnswer) return undefined;
    throw error;
  }
}

/**
 * The response to a request of the broker's own, whether it comes as JSON or on a stream.
 * @throws {BrokerError} with the member's or the gate's own sentence, if it is an error
 * @throws {UnreadableAnswer}
 */
export async function responseOf(server: string, answer: IncomingMessage): Promise<ServerMessage> {
  try {
    if ((answer.statusCode ?? 502) >= 400) throw await errorOf(server, answer);
    for await (const { message } of messagesOf(server, answer)) {
      if (!message?.isResponse) continue;
      const error = errorIn(message, 200, gateCodeOf(answer));
      if (error) throw error;
      return message;
    }
    throw new UnreadableAnswer('a stream that ended without an answer');
  } finally {
    answer.destroy();
  }
}

/** The error of a message; undefined if it has a result. @param gate the gate's code, if the message is the gate's own */
export function errorIn(
  { bytes, parts }: ServerMessage,
  status?: number,
  gate?: string | undefined,
): BrokerError | undefined {
  const span = parts.get('error');
  if (!span) return undefined;
  if (span.to - span.from > limits.errorBody) return noSentence(status);
  return asError(parseJson(bytes.toString('utf8', span.from, span.to)), status, gate) ?? noSentence(status);
}

/** The error of an answer with a status from 400: the gate's and most servers' is a JSON-RPC error. */
export async function errorOf(server: string, answer: IncomingMessage): Promise<BrokerError> {
  const status = answer.statusCode ?? 502;
  const gathered = new ByteGatherer(held.accountOf(server));
  try {
    await gather(gathered, answer, limits.errorBody);
    const body = parseJson(gathered.bytes().toString('utf8')) as { error?: unknown } | undefined;
    return named(server, asError(body?.error, status, gateCodeOf(answer))) ?? noSentence(status, server);
  } catch (cause) {
    return new BrokerError(rpcCode.unavailable, `${server} answered with status ${status}.`, { status, cause });
  } finally {
    gathered.release();
  }
}

/** Whether the gate itself refused: nginx removes this header from the answers of servers. */
export function gateCodeOf(answer: IncomingMessage): string | undefined {
  const code = answer.headers['x-deny-code'];
  return typeof code === 'string' ? code : undefined;
}

/** Whether the gate refuses a call for want of what a person does on one of its pages. */
export function leadsToPage(gate: string | undefined): boolean {
  return gate !== undefined && /^(account_|approval_needed$)/.test(gate);
}

function asError(value: unknown, status?: number, gate?: string): BrokerError | undefined {
  const { code, message, data } = (value ?? {}) as Record<string, unknown>;
  if (typeof message !== 'string') return undefined;
  const sentence = cleanText(message.slice(0, limits.errorText), { keep: '\n', replace: ' ' });
  const known = typeof code === 'number' && Number.isSafeInteger(code) ? code : rpcCode.unavailable;
  // Its pages are labelled where it passes as it is (`pagesChanged`). Here they stay out.
  const shown = known === rpcCode.pagesRequired ? undefined : data;
  return new BrokerError(known, sentence, { data: shown, gate, ...(status !== undefined && { status }) });
}

/** The gate's sentences about "the MCP server behind the gateway": a caller of several servers needs to know which. */
function named(server: string, error: BrokerError | undefined): BrokerError | undefined {
  if (!error?.message.startsWith(unnamed)) return error;
  const { code, data, status } = error;
  const isDown = (data as { reason?: unknown } | undefined)?.reason === 'upstream_unavailable';
  const advice = isDown ? ' Try it again later; other servers go on.' : '';
  const sentence = `${server}${error.message.slice(unnamed.length)}${advice}`;
  return new BrokerError(code, sentence, { data, ...(status !== undefined && { status }) });
}

const unnamed = 'The MCP server behind the gateway';

function noSentence(status = 200, server = 'The server'): BrokerError {
  return new BrokerError(rpcCode.unavailable, `${server} answered with status ${status} and no reason.`, { status });
}

async function gather(gathered: ByteGatherer, answer: IncomingMessage, most: number): Promise<void> {
  if (Number(answer.headers['content-length']) > most)
    throw new OversizedAnswer(`more than ${most} bytes in one message`);
  const body = decodedBody(answer);
  // By events: `for await` takes longer than everything else that is done to a short body.
  await new Promise<void>((resolve, reject) => {
    const closed = () => new Error('the answer was closed before its end');
    if (body.destroyed) return reject(closed());
    body.on('data', (chunk: Buffer) => {
      try {
        if (gathered.length + chunk.length > most) throw new OversizedAnswer(`more than ${most} bytes in one message`);
        gathered.add(chunk);
      } catch (error) {
        reject(error);
        body.destroy();
      }
    });
    body.on('error', reject).once('end', resolve);
    // A body that is destroyed without an error closes, and does not end. Others close too: an error costs more than they do.
    body.once('close', () => body.readableEnded || reject(closed()));
  });
}
