import type { ServerContext } from '@modelcontextprotocol/server';
import { decodeJwt } from 'jose';
import { delegationHeader } from '../../common/identity/broker.ts';
import type { Asking } from '../broker/exchange.ts';
import { ToolError } from '../tool-call.ts';

/** A JWT in compact form (RFC 7515, 3.1). Rejects everything else, such as two headers joined by a comma. */
const compactJwt = /^[\w-]+\.[\w-]+\.[\w-]+$/;

/** The caller of a tool. */
export interface Caller {
  /** The signed identity that the gateway added to this request. Goes unchanged to the registry, and into no log. */
  assertion: string;
  /** Aborted when the client gives up. */
  signal: AbortSignal;
}

/** On whose behalf a tool calls another server, and with what the gate admits that call. */
export function askingOf(context: ServerContext): Asking {
  const { assertion } = callerOf(context);
  const { headers } = context.http?.req ?? {};
  const delegation = headers?.get(delegationHeader);
  if (!delegation || !compactJwt.test(delegation))
    throw new ToolError('the gate allows no calls of other servers: reach mcpgw through the gateway');
  return { owner: subjectOf(assertion), delegation, traceparent: headers?.get('traceparent') ?? undefined };
}

/** Whose turns a call takes. The gate has made the assertion; nothing is allowed by this name. */
function subjectOf(assertion: string): string {
  try {
    return decodeJwt(assertion).sub ?? '';
  } catch {
    return '';
  }
}

/**
 * The caller of one tool call, from its own HTTP request: over HTTP+SSE the POST, not the stream, which another caller may
 * have opened. The registry verifies the assertion; mcpgw only forwards it.
 * @throws {ToolError} if the request carries none
 */
export function callerOf(context: ServerContext): Caller {
  const assertion = context.http?.req?.headers.get('x-mcp-assertion');
  if (!assertion || !compactJwt.test(assertion))
    throw new ToolError('no caller identity: reach mcpgw through the gateway');
  return { assertion, signal: context.mcpReq.signal };
}
