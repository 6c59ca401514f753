interface Details {
  data?: unknown;
  status?: number;
  keepsStatus?: boolean;
  gate?: string | undefined;
  cause?: unknown;
}

/** A refusal in the words of JSON-RPC: the gate's, the member's or the broker's own. The message is meant for the caller. */
export class BrokerError extends Error {
  override readonly name = 'BrokerError';
  readonly code: number;
  readonly data: unknown;
  /** The status that it came with; undefined if it came with none. */
  readonly status: number | undefined;
  /** Whether the client gets the same status: MCP 2026-07-28 says 400 and 404 where the code says the same. */
  readonly keepsStatus: boolean;
  /** The gate's own code, if it was the gate that refused. No server can set it. */
  readonly gate: string | undefined;

  constructor(code: number, message: string, more: Details = {}) {
    super(message, { cause: more.cause });
    this.code = code;
    this.data = more.data;
    this.status = more.status;
    this.keepsStatus = more.keepsStatus ?? false;
    this.gate = more.gate;
  }
}

/** JSON-RPC codes: from -32600 by JSON-RPC 2.0, the others as the gate has them. */
export const rpcCode = {
  busy: -32002,
  notFound: -32004,
  unavailable: -32008,
  /** Of MCP 2026-07-28: a header is missing that repeats what the body says. Nothing was done. */
  headerMismatch: -32020,
  /** Of MCP 2026-07-28: the client cannot do what the request needs. */
  capabilityMissing: -32021,
  /** Of MCP 2025-11-25: pages have to be opened first. */
  pagesRequired: -32042,
  unknownMethod: -32601,
  invalidParams: -32602,
} as const;
