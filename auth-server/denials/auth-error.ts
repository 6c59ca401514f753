import type { RequestId } from '../../policy/request/request-id.ts';
import type { AuthErrorCode } from './codes.ts';
import { texts } from './texts.ts';

/** What a denial carries besides its code and message. */
export interface DenialDetails {
  /** Overrides the code's JSON-RPC code where the MCP specification has a more exact one. */
  rpcCode?: number;
  /** The request's JSON-RPC id, so that the client can match the answer. */
  id?: RequestId | undefined;
  /** Whether the client claims MCP 2026-07-28 or later, which wants 404 for an unknown method. */
  isModern?: boolean | undefined;
  /** With nothing_to_list and account_needed: the result that answers the request instead of an error. */
  result?: object | undefined;
  /** What `error.data` holds besides the reason. */
  data?: object | undefined;
  /** With not_permitted: the first argument that no rule allows, by its name. */
  argument?: string | undefined;
  /** With method_not_allowed: the allowed methods. */
  allow?: readonly string[] | undefined;
  /** With not_permitted, for an agent: a scope that would allow the request, and the scopes that its token has. */
  missing?: { scope: string; held: readonly string[] } | undefined;
  /** With too_many_requests and limit_reached: seconds to wait. */
  retryAfter?: number | undefined;
  cause?: unknown;
}

/** A denial. The code decides status and log level; the message ({@link texts}) tells the caller what to do next. */
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

/** Converts anything thrown to a denial. An unexpected error is a 503, never a pass, and its details stay in the log. */
export function asAuthError(error: unknown): AuthError {
  if (error instanceof AuthError) return error;
  return new AuthError('internal_error', texts.internal_error, { cause: error });
}
