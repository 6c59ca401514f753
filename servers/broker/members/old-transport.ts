import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { PassThrough } from 'node:stream';
import { parseEvent, splitEvents, writeEvent } from '../../../common/answers/event-stream.ts';
import { UnreadableAnswer } from '../../../common/answers/limits.ts';
import { asLine } from '../../../common/answers/line.ts';
import { readMessage, type ServerMessage, stringAt } from '../../../common/answers/message.ts';
import { locate } from '../../../common/answers/rewrite.ts';
import { BrokerError, rpcCode } from '../errors.ts';
import type { Asking } from '../exchange.ts';
import { limits } from '../limits.ts';
import { isStream, messageLimits } from './answer.ts';
import type { Gate, GateRequest, GateTarget } from './gate.ts';

/** A body of the broker's own making. */
interface Sent {
  id?: string | number;
  method?: string;
  params?: { _meta?: { progressToken?: unknown } };
}

/**
 * Lets members be asked that only have the HTTP+SSE transport of MCP 2024-11-05, as if they had streamable HTTP: the session is
 * one stream, and what comes on it for a request becomes the answer to that request.
 */
export function withOldTransport(gate: Gate): Gate {
  const lines = new Map<string, Line>();
  const open = async (
    asking: Asking,
    to: GateTarget,
    message: Sent,
    request: GateRequest,
  ): Promise<IncomingMessage> => {
    const line = new Line(gate, to);
    const refusal = await line.open(asking, request.signal);
    if (refusal) return refusal;
    const id = randomUUID();
    lines.set(id, line);
    void line.ended.then(() => lines.delete(id));
    const answer = await line.post(asking, message, request);
    return Object.assign(answer, { headers: { ...answer.headers, 'mcp-session-id': id } });
  };
  return {
    async ask(asking, to, request) {
      if (to.transport !== 'sse') return await gate.ask(asking, to, request);
      const { method = 'POST', body, headers } = request;
      const line = lines.get(headers?.['mcp-session-id'] ?? '');
      if (method === 'POST') {
        const message = JSON.parse(Buffer.from(body ?? '').toString()) as Sent;
        if (message.method === 'initialize') return await open(asking, to, message, request);
        if (line) return await line.post(asking, message, request);
      } else if (method === 'GET' && line) return line.standing();
      else line?.close();
      const answer = answerOf(line ? 200 : 404);
      answer.end();
      return answer;
    },
  };
}

/** The stream of one session, and the requests that wait on it. */
class Line {
  readonly ended: Promise<void>;
  readonly #gate: Gate;
  readonly #to: GateTarget;
  readonly #waiting = new Map<string, { answer: PassThrough; token: string | undefined }>();
  readonly #closing = new AbortController();
  readonly #end = Promise.withResolvers<void>();
  readonly #endpoint = Promise.withResolvers<string>();
  #standing: PassThrough | undefined;

  constructor(gate: Gate, to: GateTarget) {
    this.#gate = gate;
    this.#to = to;
    this.ended = this.#end.promise;
    this.#endpoint.promise.catch(() => undefined);
  }

  /** @returns the answer, if it is a refusal */
  async open(asking: Asking, signal: AbortSignal | undefined): Promise<IncomingMessage | undefined> {
    const path = `/${this.#to.server}/sse`;
    const answer = await this.#gate.ask(asking, this.#to, { method: 'GET', path, signal: this.#closing.signal });
    if ((answer.statusCode ?? 502) >= 400) return answer;
    if (!isStream(answer)) throw this.#broken('opens no stream');
    signal?.addEventListener('abort', () => this.#endpoint.reject(signal.reason), { once: true });
    void this.#read(answer);
    try {
      await this.#endpoint.promise;
    } catch (error) {
      this.close();
      throw error;
    }
    return undefined;
  }

  async post(asking: Asking, { id, method, params }: Sent, { body, signal }: GateRequest): Promise<IncomingMessage> {
    const path = await this.#endpoint.promise;
    const key = id === undefined || method === undefined ? undefined : JSON.stringify(id);
    const answer = answerOf(200);
    if (key !== undefined) {
      this.#waiting.set(key, { answer, token: JSON.stringify(params?._meta?.progressToken) });
      answer.once('close', () => this.#waiting.delete(key));
    }
    const taken = await this.#gate.ask(asking, this.#to, { ...(body && { body }), path, signal });
    if ((taken.statusCode ?? 502) >= 400) {
      answer.destroy();
      return taken;
    }
    taken.resume();
    if (key === undefined) answer.end();
    return answer;
  }

  /** What belongs to no request. */
  standing(): IncomingMessage {
    this.#standing?.destroy();
    const answer = answerOf(200);
    this.#standing = answer;
    return answer;
  }

  close(): void {
    this.#closing.abort();
    this.#endpoint.reject(this.#broken('ended its stream'));
    for (const { answer } of this.#waiting.values()) answer.destroy();
    this.#standing?.destroy();
    this.#end.resolve();
  }

  async #read(answer: IncomingMessage): Promise<void> {
    try {
      for await (const bytes of splitEvents(answer, limits.message)) {
        if (!Buffer.isBuffer(bytes)) continue;
        const { name, data } = parseEvent(bytes);
        if (name === 'endpoint') this.#opened(String(data));
        else if (data) await this.#take(data).catch(leftOut);
      }
    } catch {
      // The member has gone, or the gate has ended the stream with the caller's session.
    }
    this.close();
  }

  /** Only to the member itself: the gate writes this address. */
  #opened(endpoint: string): void {
    const isOwn = endpoint.startsWith(`/${this.#to.server}/messages?`) && !endpoint.includes('#');
    if (isOwn) this.#endpoint.resolve(endpoint);
    else this.#endpoint.reject(this.#broken('names an address elsewhere'));
  }

  async #take(data: Buffer): Promise<void> {
    const message = await readMessage(data, messageLimits);
    const to = message.isResponse ? this.#waiting.get(message.id?.text ?? '')?.answer : this.#concerned(message);
    if (!to || to.destroyed || to.writableLength > limits.message) return void to?.destroy();
    to.write(writeEvent({ name: undefined, id: undefined, retry: undefined, data: asLine(data) }));
    if (message.isResponse) to.end();
  }

  /** Progress tells by its token for which request it is. Anything else goes to the latest request, or to the standing stream. */
  #concerned(message: ServerMessage): PassThrough | undefined {
    const method = stringAt(message.bytes, message.parts.get('method'));
    const waiting = [...this.#waiting.values()];
    if (method === 'notifications/progress') {
      const [token] = locate(message.bytes, [['params', 'progressToken']]);
      const text = token && message.bytes.toString('utf8', token.from, token.to);
      return waiting.find((each) => each.token !== undefined && each.token === text)?.answer;
    }
    if (method?.startsWith('notifications/resources/')) return this.#standing;
    return waiting.at(-1)?.answer ?? this.#standing;
  }

  #broken(what: string): BrokerError {
    return new BrokerError(rpcCode.unavailable, `${this.#to.server} ${what}.`);
  }
}

const streamHeaders = { 'content-type': 'text/event-stream' };

/** What a request to a streamable endpoint would get. */
function answerOf(statusCode: number): PassThrough & IncomingMessage {
  return Object.assign(new PassThrough(), { statusCode, headers: streamHeaders }) as unknown as PassThrough &
    IncomingMessage;
}

/** A message that cannot be read. */
function leftOut(error: unknown): void {
  if (!(error instanceof UnreadableAnswer)) throw error;
}
