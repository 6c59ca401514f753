import { numberAsWritten } from './number-as-written.ts';

/** The id of a JSON-RPC request, which answers repeat. */
export type RequestId = string | number | NumberInBody;

/** The number under `id` in a request. Clients write `1.0` or `1e3`, and count beyond 2^53. */
export class NumberInBody {
  readonly #body: Uint8Array;
  #text: string | undefined;
  /** @param body a JSON object, read by `parseStrictJson` */
  constructor(body: Uint8Array) {
    this.#body = body;
  }
  /** As the client wrote it. Only answers of our own need it, so that it costs the judgement nothing. */
  get text(): string {
    this.#text ??= numberAsWritten(this.#body, 'id') ?? 'null';
    return this.#text;
  }
}

/** The id as JSON, as the client wrote it but for the spelling of strings. */
export function writeId(id: RequestId): string {
  return id instanceof NumberInBody ? id.text : JSON.stringify(id);
}
