import { NoRoom } from '../common/answers/held-bytes.ts';
import { OversizedAnswer, UnreadableAnswer } from '../common/answers/limits.ts';

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
    message: 'The MCP server behind the gateway gave out a session that belongs to another caller.',
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
  constructor(code: RelayErrorCode, cause?: unknown) {
    super(meanings[code].message, { cause });
    this.name = 'RelayError';
    this.code = code;
  }
}

/** The JSON-RPC error of a failure. @param id of the request, if it is known */
export function errorBody(code: RelayErrorCode, id: string | number | null = null): string {
  const { rpcCode, message } = meanings[code];
  return JSON.stringify({ jsonrpc: '2.0', id, error: { code: rpcCode, message, data: { reason: code } } });
}

/** Returns any thrown error as a {@link RelayError}, whose message reveals nothing internal. */
export function asRelayError(error: unknown): RelayError {
  return error instanceof RelayError ? error : new RelayError('upstream_unavailable', error);
}

/** Returns what {@link UnreadableAnswer} means for the relay; every other error as it is. */
export function unreadable(error: unknown): unknown {
  if (error instanceof NoRoom) return new RelayError('relay_overloaded', error);
  if (error instanceof OversizedAnswer) return new RelayError('upstream_answer_too_large', error);
  return error instanceof UnreadableAnswer ? new RelayError('upstream_answer_unreadable', error) : error;
}
