/** What a code means to the outside. JSON-RPC codes from -32000 to -32019 are the implementation's (MCP 2026-07-28). */
export interface DenialMeaning {
  status: 400 | 401 | 403 | 404 | 405 | 413 | 429 | 503;
  rpcCode: number;
  logLevel: 'info' | 'warn' | 'error';
  /**
   * Concerns one request of a known caller, who may go on with others: the answer has the status 200 wherever it answers a
   * JSON-RPC request, because many clients end their session at any other.
   */
  inBand?: true;
  /** The `error` in the `WWW-Authenticate` challenge of a 401 (RFC 6750 section 3.1). */
  challenge?: 'invalid_token';
}

/** Every denial of the auth-server: one code, one meaning, in the answer, the log and the docs. */
const codes = {
  credentials_missing: { status: 401, rpcCode: -32001, logLevel: 'info' },
  credentials_ambiguous: { status: 401, rpcCode: -32001, logLevel: 'warn' },
  authorization_unreadable: { status: 401, rpcCode: -32001, logLevel: 'info' },
  token_invalid: { status: 401, rpcCode: -32001, logLevel: 'warn', challenge: 'invalid_token' },
  token_expired: { status: 401, rpcCode: -32001, logLevel: 'info', challenge: 'invalid_token' },
  session_invalid: { status: 401, rpcCode: -32001, logLevel: 'warn' },
  session_expired: { status: 401, rpcCode: -32001, logLevel: 'info' },
  session_ended: { status: 401, rpcCode: -32001, logLevel: 'info' },
  session_idle: { status: 401, rpcCode: -32001, logLevel: 'info' },
  access_revoked: { status: 401, rpcCode: -32001, logLevel: 'warn' },
  groups_unconfirmed: { status: 503, rpcCode: -32002, logLevel: 'warn' },
  origin_not_allowed: { status: 403, rpcCode: -32003, logLevel: 'warn' },
  not_permitted: { status: 403, rpcCode: -32003, logLevel: 'info', inBand: true },
  not_delegated: { status: 403, rpcCode: -32003, logLevel: 'warn', inBand: true },
  tool_changed: { status: 403, rpcCode: -32003, logLevel: 'warn', inBand: true },
  approval_needed: { status: 403, rpcCode: -32003, logLevel: 'info', inBand: true },
  method_unknown: { status: 404, rpcCode: -32601, logLevel: 'info', inBand: true },
  nothing_to_list: { status: 403, rpcCode: -32003, logLevel: 'info', inBand: true },
  approved_tools_unavailable: { status: 503, rpcCode: -32002, logLevel: 'error' },
  request_refused: { status: 400, rpcCode: -32600, logLevel: 'info' },
  params_invalid: { status: 400, rpcCode: -32602, logLevel: 'info', inBand: true },
  method_not_allowed: { status: 405, rpcCode: -32005, logLevel: 'info' },
  server_not_found: { status: 404, rpcCode: -32004, logLevel: 'info' },
  session_unknown: { status: 404, rpcCode: -32004, logLevel: 'info' },
  task_unknown: { status: 403, rpcCode: -32602, logLevel: 'info', inBand: true },
  body_too_large: { status: 413, rpcCode: -32006, logLevel: 'info' },
  too_many_requests: { status: 429, rpcCode: -32009, logLevel: 'info' },
  limit_reached: { status: 429, rpcCode: -32009, logLevel: 'info', inBand: true },
  too_busy: { status: 503, rpcCode: -32002, logLevel: 'warn' },
  gate_misconfigured: { status: 503, rpcCode: -32002, logLevel: 'error' },
  body_unseen: { status: 403, rpcCode: -32003, logLevel: 'warn' },
  identity_provider_unavailable: { status: 503, rpcCode: -32002, logLevel: 'error' },
  account_needed: { status: 403, rpcCode: -32003, logLevel: 'info', inBand: true },
  account_refused: { status: 403, rpcCode: -32003, logLevel: 'warn', inBand: true },
  account_for_people: { status: 403, rpcCode: -32003, logLevel: 'info', inBand: true },
  account_unavailable: { status: 503, rpcCode: -32002, logLevel: 'error' },
  upstream_secret_unavailable: { status: 503, rpcCode: -32002, logLevel: 'error' },
  store_unavailable: { status: 503, rpcCode: -32002, logLevel: 'error' },
  decision_too_slow: { status: 503, rpcCode: -32002, logLevel: 'error' },
  internal_error: { status: 503, rpcCode: -32002, logLevel: 'error' },
} as const satisfies Record<string, DenialMeaning>;

export type AuthErrorCode = keyof typeof codes;

export const meanings: Readonly<Record<AuthErrorCode, DenialMeaning>> = codes;
