import type { IncomingMessage, ServerResponse } from 'node:http';
import { type StreamEvent, writeEvent } from '../../../common/answers/event-stream.ts';
import type { Reply } from '../../broker/exchange.ts';
import { limits } from '../../broker/limits.ts';
import { initialized } from './about.ts';
import { readBody } from './body.ts';
import { codes, errorText, Refusal } from './errors.ts';
import { announcedBy, attach, type ClientParts, type Door } from './http.ts';
import { nothingAnnounced } from './hub-exchange.ts';
import { exchangeOf, readMessage, whoAsks } from './read-exchange.ts';
import { goneOf, messageEvent, openStream } from './reply.ts';
import type { HubSession } from './sessions.ts';

/** Unread answers stay in memory: a client that does not read so many bytes of them loses its stream. */
const mostUnread = limits.message;

interface Line {
  session: HubSession;
  res: ServerResponse;
  reply: Reply;
}

/**
 * The HTTP+SSE transport of MCP 2024-11-05: `GET /sse` opens a session with its stream, `POST /messages?sessionId=…` sends to it,
 * and everything is answered on the stream. Each message counts with the identity of its own POST.
 */
export function legacySse(parts: ClientParts): [path: string, door: Door][] {
  const lines = new Map<string, Line>();
  return [
    ['/sse', only('GET', (req, res) => open(parts, lines, req, res))],
    ['/messages', only('POST', (req, res) => receive(parts, lines, req, res))],
  ];
}

function only(method: string, door: Door): Door {
  return async (req, res) => {
    if (req.method === method) return await door(req, res);
    res.setHeader('Allow', method);
    throw new Refusal(405, codes.invalidRequest, `This address takes ${method} only.`);
  };
}

async function open(
  parts: ClientParts,
  lines: Map<string, Line>,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<void> {
  const caller = await parts.callerOf(req);
  const session = parts.sessions.open(caller.owner, whoAsks(req, caller).set, nothingAnnounced);
  const write = openStream(res, mostUnread);
  lines.set(session.id, { session, res, reply: new StreamReply(res) });
  const detach = attach(parts, session, write, () => res.end());
  res.once('close', () => {
    lines.delete(session.id);
    detach();
    parts.sessions.end(session);
    void parts.calls.ended(session, undefined).catch(() => undefined);
  });
  const address = Buffer.from(`/messages?sessionId=${session.id}`);
  write({ name: 'endpoint', id: undefined, retry: undefined, data: address });
}

async function receive(
  parts: ClientParts,
  lines: Map<string, Line>,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<void> {
  const caller = await parts.callerOf(req);
  const { set } = whoAsks(req, caller);
  const id = sessionIdOf(req);
  const session = parts.sessions.find(id, caller.owner, set);
  const line = lines.get(id);
  if (!session || !line)
    throw new Refusal(404, codes.noSession, 'There is no such session. Open a stream with GET /sse.');
  if (line.res.writableLength > mostUnread) {
    line.res.destroy();
    throw new Refusal(404, codes.noSession, 'The stream was closed because its answers were not read.');
  }
  const read = readMessage(await readBody(req));
  const exchange = exchangeOf(req, caller, read, line.reply, session);
  // A client may send the next message before the answer to this one.
  res.writeHead(202, { 'Content-Type': 'text/plain' }).end('Accepted');
  try {
    if (read.message.method === 'initialize') {
      session.announced = announcedBy(read.message.params);
      const result = JSON.stringify(initialized(set, session.announced.protocolVersion));
      return line.reply.whole(200, `{"jsonrpc":"2.0","id":${read.idText},"result":${result}}`);
    }
    await parts.dispatch(exchange);
  } catch (error) {
    line.reply.whole(200, errorText(parts.fail(error), read.idText));
  }
}

function sessionIdOf({ url = '' }: IncomingMessage): string {
  return new URLSearchParams(url.slice(url.indexOf('?') + 1)).get('sessionId') ?? '';
}

/** Answers on the stream of the session, one event for each message. */
class StreamReply implements Reply {
  readonly gone: AbortSignal;
  readonly #res: ServerResponse;

  constructor(res: ServerResponse) {
    this.#res = res;
    this.gone = goneOf(res);
  }

  whole(_status: number, json: string | Uint8Array): void {
    if (!this.gone.aborted) this.#res.write(writeEvent(messageEvent(json)));
  }

  async event({ data }: StreamEvent): Promise<void> {
    // This transport has no ids of events, and goes on with nothing.
    if (data !== undefined && data.length > 0) this.whole(200, data);
  }

  end(): void {
    // The stream is the session's. It goes on.
  }
}
