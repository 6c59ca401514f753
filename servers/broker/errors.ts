/** A refusal in the words of JSON-RPC: the gate's, the member's or the broker's own. The message is meant for the caller. */
export class BrokerError extends Error {
  override readonly name = 'BrokerError';
  readonly code: number;
  readonly data: unknown;
  /** The status that it came with: 2026-07-28 says 400 and 404 where the code says the same. */
  readonly status: number | undefined;

  constructor(code: number, message: string, more: { data?: unknown; status?: number; cause?: unknown } = {}) {
    super(message, { cause: more.cause });
    this.code = code;
    this.data = more.data;
    this.status = more.status;
  }
}

/** JSON-RPC codes: from -32600 by JSON-RPC 2.0, the others as the gate has them. */
export const rpcCode = {
  busy: -32002,
  notFound: -32004,
  unavailable: -32008,
  unknownMethod: -32601,
  invalidParams: -32602,
} as const;
