import type { ServerContext } from '@modelcontextprotocol/server';
import { ToolError } from '../tool-call.ts';

/** A JWT in compact form (RFC 7515, 3.1). Two headers joined by a comma, or anything else, are no identity. */
const compactJwt = /^[\w-]+\.[\w-]+\.[\w-]+$/;

/** Who calls, and until when the answer is wanted. */
export interface Caller {
  /** The signed identity the gateway put into this request; goes to the registry as it is and into no log. */
  assertion: string;
  /** Aborted when the client gives up. */
  signal: AbortSignal;
}

/**
 * The caller of one tool call, from the HTTP request that carried this very call: over HTTP+SSE that is the POST, not
 * the stream, which somebody else may have opened. The registry verifies the assertion, here it is only passed on.
 * @throws {ToolError} if the request carries none
 */
export function callerOf(context: ServerContext): Caller {
  const assertion = context.http?.req?.headers.get('x-mcp-assertion');
  if (!assertion || !compactJwt.test(assertion))
    throw new ToolError('no caller identity: reach mcpgw through the gateway');
  return { assertion, signal: context.mcpReq.signal };
}
