import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { type StreamEvent, writeEvent } from '../../../common/answers/event-stream.ts';
import { asLine } from '../../../common/answers/line.ts';
import type { Reply } from '../../broker/exchange.ts';

/** Less than common timeouts of proxies. */
const keepAliveMilliseconds = 25_000;

/** A message as an event of its own. @param json valid JSON */
export function messageEvent(json: string | Uint8Array): StreamEvent {
  return { name: 'message', id: undefined, retry: undefined, data: asLine(Buffer.from(json)) };
}

/**
 * Opens an event stream as the response. Comments keep it open.
 * @param mostUnread in bytes: a client that leaves more of it unread loses the stream
 * @returns writes an event, and tells whether the client can take more at once
 */
export function openStream(res: ServerResponse, mostUnread = Number.POSITIVE_INFINITY) {
  res.writeHead(200, {
    'Content-Type': 'text/event-stream',
    'Cache-Control': 'no-store',
    'X-Accel-Buffering': 'no',
  });
  res.flushHeaders();
  const timer = setInterval(() => {
    if (!res.writableNeedDrain) res.write(': keep-alive\n\n');
  }, keepAliveMilliseconds).unref();
  res.once('close', () => clearInterval(timer));
  return (event: StreamEvent): boolean => {
    if (res.writableLength > mostUnread) res.destroy();
    return res.destroyed || res.write(writeEvent(event));
  };
}

/** Aborted when the client of a response has gone before its end. */
export function goneOf(res: ServerResponse): AbortSignal {
  const controller = new AbortController();
  res.once('close', () => {
    if (!res.writableFinished) controller.abort();
  });
  return controller.signal;
}

/** Answers over streamable HTTP: with the response to the client's POST, as one message or as a stream. */
export class HttpReply implements Reply {
  readonly gone: AbortSignal;
  readonly #res: ServerResponse;
  readonly #headers: Readonly<Record<string, string>>;
  #write: ((event: StreamEvent) => boolean) | undefined;

  /** @param headers of an answer with one message */
  constructor(res: ServerResponse, headers: Readonly<Record<string, string>> = {}) {
    this.#res = res;
    this.#headers = headers;
    this.gone = goneOf(res);
  }

  whole(status: number, json: string | Uint8Array): void {
    if (this.#res.writableEnded || this.#res.destroyed) return;
    if (this.#write) {
      this.#write(messageEvent(json));
      this.end();
      return;
    }
    const body = typeof json === 'string' ? Buffer.from(json) : json;
    this.#writeHead(status, body.length);
    this.#res.end(body);
  }

  async event(event: StreamEvent): Promise<void> {
    if (this.#res.destroyed) return;
    this.#write ??= openStream(this.#res);
    if (!this.#write(event)) await once(this.#res, 'drain', { signal: this.gone }).catch(() => undefined);
  }

  end(): void {
    this.#res.end();
  }

  #writeHead(status: number, length: number): void {
    this.#res.writeHead(status, {
      'Content-Type': 'application/json',
      'Cache-Control': 'private, no-store',
      'Content-Length': String(length),
      ...this.#headers,
    });
  }
}
