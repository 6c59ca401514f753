/** Every way in which the auth-server says no. One code, one meaning, in the answer, the log and the docs. */
export type AuthErrorCode =
  | 'credentials_missing'
  | 'credentials_ambiguous'
  | 'authorization_unreadable'
  | 'token_invalid'
  | 'token_expired'
  | 'session_invalid'
  | 'session_expired'
  | 'session_ended'
  | 'session_idle'
  | 'access_revoked'
  | 'groups_unconfirmed'
  | 'origin_not_allowed'
  | 'not_permitted'
  | 'tool_changed'
  | 'approved_tools_unavailable'
  | 'request_refused'
  | 'method_not_allowed'
  | 'server_not_found'
  | 'session_unknown'
  | 'task_unknown'
  | 'body_too_large'
  | 'too_many_requests'
  | 'gate_misconfigured'
  | 'body_unseen'
  | 'identity_provider_unavailable'
  | 'upstream_secret_unavailable'
  | 'store_unavailable'
  | 'decision_too_slow'
  | 'internal_error';

/** What a code means to the outside: the HTTP status, the JSON-RPC code, and how loudly the log says it. */
export interface ErrorMeaning {
  status: 400 | 401 | 403 | 404 | 405 | 413 | 429 | 503;
  rpcCode: number;
  logLevel: 'info' | 'warn' | 'error';
}

/** The one place where codes become statuses. JSON-RPC codes: -32000 to -32019 are the implementation's (MCP 2026-07-28). */
export const meanings: Readonly<Record<AuthErrorCode, ErrorMeaning>> = {
  credentials_missing: { status: 401, rpcCode: -32001, logLevel: 'info' },
  credentials_ambiguous: { status: 401, rpcCode: -32001, logLevel: 'warn' },
  authorization_unreadable: { status: 401, rpcCode: -32001, logLevel: 'info' },
  token_invalid: { status: 401, rpcCode: -32001, logLevel: 'warn' },
  token_expired: { status: 401, rpcCode: -32001, logLevel: 'info' },
  session_invalid: { status: 401, rpcCode: -32001, logLevel: 'warn' },
  session_expired: { status: 401, rpcCode: -32001, logLevel: 'info' },
  session_ended: { status: 401, rpcCode: -32001, logLevel: 'info' },
  session_idle: { status: 401, rpcCode: -32001, logLevel: 'info' },
  access_revoked: { status: 401, rpcCode: -32001, logLevel: 'warn' },
  groups_unconfirmed: { status: 503, rpcCode: -32002, logLevel: 'warn' },
  origin_not_allowed: { status: 403, rpcCode: -32003, logLevel: 'warn' },
  not_permitted: { status: 403, rpcCode: -32003, logLevel: 'info' },
  tool_changed: { status: 403, rpcCode: -32003, logLevel: 'warn' },
  approved_tools_unavailable: { status: 503, rpcCode: -32002, logLevel: 'error' },
  request_refused: { status: 400, rpcCode: -32600, logLevel: 'info' },
  method_not_allowed: { status: 405, rpcCode: -32005, logLevel: 'info' },
  server_not_found: { status: 404, rpcCode: -32004, logLevel: 'info' },
  session_unknown: { status: 404, rpcCode: -32004, logLevel: 'info' },
  task_unknown: { status: 403, rpcCode: -32003, logLevel: 'info' },
  body_too_large: { status: 413, rpcCode: -32006, logLevel: 'info' },
  too_many_requests: { status: 429, rpcCode: -32009, logLevel: 'info' },
  gate_misconfigured: { status: 503, rpcCode: -32002, logLevel: 'error' },
  body_unseen: { status: 403, rpcCode: -32003, logLevel: 'warn' },
  identity_provider_unavailable: { status: 503, rpcCode: -32002, logLevel: 'error' },
  upstream_secret_unavailable: { status: 503, rpcCode: -32002, logLevel: 'error' },
  store_unavailable: { status: 503, rpcCode: -32002, logLevel: 'error' },
  decision_too_slow: { status: 503, rpcCode: -32002, logLevel: 'error' },
  internal_error: { status: 503, rpcCode: -32002, logLevel: 'error' },
};

/** What a denial carries beside its code. */
export interface DenialDetails {
  /** Overrides the code's JSON-RPC code, where the MCP specification has a more exact one. */
  rpcCode?: number;
  /** The request's JSON-RPC id, so that the client can match the answer. */
  id?: string | number | undefined;
  /** With method_not_allowed: the methods that are. */
  allow?: readonly string[] | undefined;
  /** With not_permitted, for an agent that a scope would help: that scope, and those that its token carries. */
  missing?: { scope: string; held: readonly string[] } | undefined;
  /** With too_many_requests: seconds to wait. */
  retryAfter?: number | undefined;
  cause?: unknown;
}

/** A denial: the code decides status and log level, the message is for the caller and says what to do next. */
export class AuthError extends Error {
  readonly code: AuthErrorCode;
  readonly details: DenialDetails;
  constructor(code: AuthErrorCode, message: string, details: DenialDetails = {}) {
    super(message, { cause: details.cause });
    this.name = 'AuthError';
    this.code = code;
    this.details = details;
  }
}

/** Whatever was thrown, as a denial: what nobody foresaw is a 503, never a pass, and says nothing of its inside. */
export function asAuthError(error: unknown): AuthError {
  if (error instanceof AuthError) return error;
  return new AuthError('internal_error', 'The gateway could not decide about this request. Try again.', {
    cause: error,
  });
}
