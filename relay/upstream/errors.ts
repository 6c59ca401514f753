import { NoRoom } from '../../common/answers/held-bytes.ts';
import { OversizedAnswer, UnreadableAnswer } from '../../common/answers/limits.ts';
import type { MessageId } from '../../common/answers/message.ts';
import { asciiJson } from '../../common/text/json.ts';
import { repeatableId } from '../../common/text/repeatable-id.ts';

const upstream = { status: 502, rpcCode: -32008, logLevel: 'warn' } as const;

/** Every way in which the relay fails, and what it means to the client and to the log. The docs use the same codes. */
export const meanings = {
  ticket_invalid: { status: 403, rpcCode: -32003, logLevel: 'warn', message: 'Only the gateway comes in here.' },
  upstream_unavailable: { ...upstream, message: 'The MCP server behind the gateway does not answer.' },
  upstream_too_slow: {
    ...upstream,
    status: 504,
    message: 'The MCP server behind the gateway did not answer in time.',
  },
  upstream_answer_unreadable: {
    ...upstream,
    message: 'The MCP server behind the gateway sent an answer that cannot be read.',
  },
  upstream_answer_too_large: {
    ...upstream,
    message: 'The MCP server behind the gateway sent an answer that is too large to be checked.',
  },
  upstream_session_conflict: {
    ...upstream,
    logLevel: 'error',
    message:
      'The MCP server behind the gateway gave out a session that belongs to another caller. A server that gives the same session id to everyone keeps its callers apart only without sessions: tell the person who registered it.',
  },
  upstream_session_too_long: {
    ...upstream,
    message: 'The MCP server behind the gateway gave out a session id of more than 4,096 characters.',
  },
  upstream_needs_authentication: {
    ...upstream,
    rpcCode: -32007,
    message: 'The MCP server behind the gateway asks the gateway for a credential. Tell the person who registered it.',
  },
  upstream_redirects: {
    ...upstream,
    message:
      'The MCP server behind the gateway redirects to another address, which the gateway does not follow. Tell the person who registered it: the registry names that address.',
  },
  upstream_refuses_host: {
    ...upstream,
    message:
      'The MCP server behind the gateway refuses the Host header, because it checks under which names it is called. Tell the person who registered it: its settings must accept the host name of its registered address, or its registration must name the Host that it accepts.',
  },
  upstream_tls_failed: {
    ...upstream,
    message:
      'The gateway cannot make a TLS connection that it trusts to the MCP server. Tell the person who registered it: the registry says why.',
  },
  relay_overloaded: {
    status: 503,
    rpcCode: -32002,
    logLevel: 'warn',
    message: 'The gateway has too many large answers or streams open at the moment. Try again.',
  },
  authorization_unavailable: {
    status: 503,
    rpcCode: -32002,
    logLevel: 'error',
    message: 'The gateway cannot check permissions at the moment. Try again.',
  },
} as const;

export type RelayErrorCode = keyof typeof meanings;

/** A failure of the relay or of the server behind it. */
export class RelayError extends Error {
  readonly code: RelayErrorCode;
  /** @param message what the client reads; by default the usual text of the code */
  constructor(code: RelayErrorCode, cause?: unknown, message: string = meanings[code].message) {
    super(message, { cause });
    this.name = 'RelayError';
    this.code = code;
  }
}

/**
 * The JSON-RPC error of a failure, in ASCII.
 * @param id of the request, if it is known; repeated as it was written, unless it is too long
 */
export function errorBody({ code, message }: Pick<RelayError, 'code' | 'message'>, id?: MessageId): string {
  const { rpcCode } = meanings[code];
  const error = asciiJson(JSON.stringify({ code: rpcCode, message, data: { reason: code } }));
  return `{"jsonrpc":"2.0","id":${repeatableId(id?.text) ?? null},"error":${error}}`;
}

/** Returns any thrown error as a {@link RelayError}, whose message reveals nothing internal. */
export function asRelayError(error: unknown): RelayError {
  return error instanceof RelayError ? error : new RelayError('upstream_unavailable', error);
}

/** Returns what {@link UnreadableAnswer} means for the relay; every other error as it is. */
export function unreadable(error: unknown): unknown {
  if (error instanceof NoRoom) return new RelayError('relay_overloaded', error);
  if (error instanceof OversizedAnswer) return new RelayError('upstream_answer_too_large', error);
  return error instanceof UnreadableAnswer ? unreadableBecause(error.message, error) : error;
}

/** @param why what the server sent, in the gateway's own words */
export function unreadableBecause(why: string, cause: Error = new Error(why)): RelayError {
  const { message } = meanings.upstream_answer_unreadable;
  return new RelayError('upstream_answer_unreadable', cause, message.replace(/\.$/, `: ${why}.`));
}
