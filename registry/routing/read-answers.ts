import type { FetchLike } from '@modelcontextprotocol/client';
import { ByteGatherer } from '../../common/answers/byte-gatherer.ts';
import {
  OversizedEvent,
  parseEvent,
  type StreamEvent,
  splitEvents,
  writeEvent,
} from '../../common/answers/event-stream.ts';
import { OversizedAnswer, UnreadableAnswer } from '../../common/answers/limits.ts';
import { essenceOf, jsonType, streamType } from '../../common/answers/media-type.ts';
import type { Holding } from './holding.ts';
import { createResponseReader, type ReadingLimits, type ResponseReader } from './read-responses.ts';

export interface Reading {
  limits: ReadingLimits;
  /** Accounts for the memory of the check. */
  holding: Holding;
  /** Told of the first answer that cannot be read. The client may hide the error, or try again. */
  onUnreadable: (error: UnreadableAnswer) => void;
  /** Told of the beginning of the text of each refusal. */
  onRefusal?: ((text: string) => void) | undefined;
}

/** A refusal is read up to here; its text is cut to the second, because it only goes to the log. */
const longestRefusal = 65_536;
const longestReason = 2_048;
const longestEndpoint = 2_048;
const plainSession = /^[!-~]{1,4096}$/;

/**
 * Makes a fetch for the MCP client that passes on only what was read: a response to one of its requests, or an event stream
 * of such responses, by the essence of the Content-Type. Each has one meaning for all readers and stays within the limits,
 * and every event is written again from its fields. Requests and notifications of the server are left out: a check answers
 * none. Of other bodies, only the text of a refusal is passed on.
 */
export function readingFetch(fetch: FetchLike, { limits, holding, onUnreadable, onRefusal }: Reading): FetchLike {
  const responses = createResponseReader(limits, holding);
  let { requests } = limits;
  const note = (error: unknown): void => {
    if (error instanceof UnreadableAnswer) onUnreadable(error);
  };

  const read = async (answer: Response, isGet: boolean, isRequest: boolean): Promise<Response> => {
    const { body, ok, status } = answer;
    const essence = essenceOf(answer.headers.get('content-type') ?? undefined);
    const plain = { status, headers: headersOf(answer, essence) };
    if (!body) return new Response(null, plain);
    if (!ok) return new Response(await refusalIn(body, essence, responses, onRefusal), plain);
    if (essence === streamType && (isGet || isRequest)) {
      const events = readEvents(splitEvents(body, limits.message.bytes, holding.add), responses, limits);
      return new Response(ReadableStream.from(noting(events, note)), plain);
    }
    if (essence === jsonType && isRequest) {
      const response = await responses.read(await gather(body, holding));
      // Without a response, the client waits on, as it does for a response that comes later.
      return response ? new Response(new Uint8Array(response), plain) : new Response(null, { ...plain, status: 202 });
    }
    await body.cancel();
    return new Response(null, plain);
  };

  return async (input, init = {}) => {
    if (requests-- <= 0) throw new OversizedAnswer(`what takes more than ${limits.requests} requests to read`);
    const { method = 'GET', body } = init;
    const isRequest = typeof body === 'string' && responses.expect(body);
    const answer = await fetch(input, init);
    try {
      return await read(answer, method === 'GET', isRequest);
    } catch (error) {
      await answer.body?.cancel().catch(() => undefined);
      note(error);
      throw error;
    }
  };
}

async function* readEvents(
  source: AsyncIterable<Buffer | OversizedEvent>,
  responses: ResponseReader,
  { events, message: { bytes } }: ReadingLimits,
): AsyncGenerator<Uint8Array> {
  let left = events;
  let isFirstEndpoint = true;
  for await (const event of source) {
    if (left-- <= 0) throw new OversizedAnswer(`more than ${events} events`);
    if (event instanceof OversizedEvent) throw new OversizedAnswer(`more than ${bytes} bytes in one message`);
    const { name = 'message', id, data } = parseEvent(event);
    if (!data || !mayBeRead(name, data)) continue;
    if (name === 'endpoint' && isFirstEndpoint) {
      isFirstEndpoint = false;
      yield writeEvent({ ...bare, name, data: endpointOf(data) });
    }
    const line = name === 'message' ? await responses.read(data) : undefined;
    if (line) yield writeEvent({ ...bare, id, data: line });
  }
}

/** Other events are nothing to the client, such as one that keeps the stream open. */
function mayBeRead(name: string, data: Buffer): boolean {
  return (
    name === 'endpoint' || (name === 'message' && /^[ \t\r\n]*\{/.test(data.toString('latin1', 0, longestEndpoint)))
  );
}

/** Without the time to reconnect: a server could make the client reconnect all the time. */
const bare: StreamEvent = { name: undefined, id: undefined, retry: undefined, data: undefined };

/** Only what the client needs. */
function headersOf({ headers }: Response, essence: string): [string, string][] {
  const session = headers.get('mcp-session-id');
  const plain: [string, string][] = [['content-type', essence]];
  return session !== null && plainSession.test(session) ? [...plain, ['mcp-session-id', session]] : plain;
}

async function gather(body: AsyncIterable<Uint8Array>, holding: Holding): Promise<Buffer> {
  const gathered = new ByteGatherer(holding.add);
  try {
    for await (const chunk of body) gathered.add(chunk);
    return Buffer.from(gathered.bytes());
  } finally {
    gathered.release();
  }
}

/** The error that a refusal brings, or the beginning of its text for the log, unless the client took that for JSON. */
async function refusalIn(
  body: AsyncIterable<Uint8Array>,
  essence: string,
  responses: ResponseReader,
  onRefusal: Reading['onRefusal'],
): Promise<Uint8Array<ArrayBuffer> | string> {
  const pieces: Uint8Array[] = [];
  let left = longestRefusal;
  for await (const chunk of body) {
    pieces.push(chunk.subarray(0, left));
    left -= chunk.length;
    if (left <= 0) break;
  }
  const whole = Buffer.concat(pieces);
  const text = whole.toString('utf8', 0, longestReason);
  onRefusal?.(text);
  const response = essence === jsonType ? await responses.read(whole).catch(() => undefined) : undefined;
  if (response) return new Uint8Array(response);
  return /^\s*[[{]/.test(text) ? '' : text;
}

function endpointOf(data: Buffer): Buffer {
  if (data.length > longestEndpoint || !/^[!-~]+$/.test(data.toString('latin1')))
    throw new UnreadableAnswer('an endpoint that is no address');
  return data;
}

async function* noting<T>(source: AsyncIterable<T>, note: (error: unknown) => void): AsyncGenerator<T> {
  try {
    yield* source;
  } catch (error) {
    note(error);
    throw error;
  }
}
