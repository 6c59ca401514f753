/** JSON-RPC codes: of JSON-RPC 2.0, of MCP 2026-07-28, and -32001 as in the MCP SDKs. */
export const codes = {
  parse: -32700,
  invalidRequest: -32600,
  methodNotFound: -32601,
  invalidParams: -32602,
  internal: -32603,
  noSession: -32001,
  resourceNotFound: -32002,
  headerMismatch: -32020,
  capabilityMissing: -32021,
  unsupportedVersion: -32022,
} as const;

/** What the hub itself answers instead of a result. Its message says what to do next. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly status: number;
  readonly code: number;
  readonly data: object | undefined;
  constructor(status: number, code: number, message: string, data?: object) {
    super(message);
    this.status = status;
    this.code = code;
    this.data = data;
  }
}

/** @param id the request's id as JSON, as the client wrote it */
export function errorText({ code, message, data }: Refusal, id = 'null'): string {
  return `{"jsonrpc":"2.0","id":${id},"error":${JSON.stringify({ code, message, data })}}`;
}
