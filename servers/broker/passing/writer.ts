import { asLine } from '../../../common/answers/line.ts';
import type { BrokerError } from '../errors.ts';
import type { Exchange, Reply } from '../exchange.ts';

/** Writes what a client gets for one request: one message, or a stream if anything comes before its answer. */
export class Writer {
  readonly reply: Reply;
  readonly #server: string;
  #isStreaming = false;
  #isOver = false;

  constructor(server: string, reply: Reply) {
    this.#server = server;
    this.reply = reply;
  }

  get isStreaming(): boolean {
    return this.#isStreaming;
  }

  /** Whether the client has got its answer, or wants none. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** @param id the member's own: the client names it to go on with the stream. Without data, the event opens the stream. */
  async event({ id, retry, data }: { id?: string | undefined; retry?: number; data?: Buffer }): Promise<void> {
    if (this.#isOver) return;
    this.#isStreaming = true;
    const own = id === undefined ? undefined : `${this.#server}/${id}`;
    await this.reply.event({ name: undefined, id: own, retry, data });
  }

  async answer(json: Buffer, id?: string): Promise<void> {
    if (this.#isOver) return;
    if (!this.#isStreaming) this.reply.whole(200, json);
    else {
      await this.event({ id, data: asLine(json) });
      this.reply.end();
    }
    this.#isOver = true;
  }

  /** Ends without an answer. */
  async end(): Promise<void> {
    if (this.#isOver) return;
    const opened = this.event({});
    this.#isOver = true;
    await opened;
    this.reply.end();
  }
}

/** An error as the answer to a request. @param clientId as JSON */
export function errorMessage(clientId: string, { code, message, data }: BrokerError): Buffer {
  const error = JSON.stringify({ code, message, ...(data !== undefined && { data }) });
  return Buffer.from(`{"jsonrpc":"2.0","id":${clientId},"error":${error}}`);
}

/** The id of a client's request as JSON. */
export function idOf({ message, idText }: Pick<Exchange, 'message' | 'idText'>): string {
  return idText ?? JSON.stringify(message.id ?? null);
}

/** Tells a member that an answer is not wanted any more. @param id of the request */
export function cancelled(id: number): string {
  return `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":${id}}}`;
}
