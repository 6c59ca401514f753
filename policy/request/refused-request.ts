import type { RequestId } from './request-id.ts';

/** A request that cannot be judged and is therefore refused, with HTTP status, JSON-RPC code and a message for the client. */
export class RefusedRequest extends Error {
  readonly status: 400 | 405;
  readonly rpcCode: number;
  readonly id: RequestId | undefined;
  /** With 405: the methods that the endpoint accepts. */
  readonly allow: readonly string[] | undefined;
  constructor(
    message: string,
    options: {
      status?: 400 | 405;
      rpcCode?: number;
      id?: RequestId | undefined;
      allow?: readonly string[] | undefined;
    } = {},
  ) {
    super(message);
    this.status = options.status ?? 400;
    this.rpcCode = options.rpcCode ?? -32600;
    this.id = options.id;
    this.allow = options.allow;
  }
}
