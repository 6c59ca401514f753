/**
 * The codes of OAuth errors that the authorization server sends: RFC 6749 sections 4.1.2.1 and 5.2, RFC 7591 section
 * 3.2.2, RFC 8707 section 2, OpenID Connect Core section 3.1.2.6. Never `server_error`: clients on the MCP SDK open a
 * new login for it.
 */
export type OAuthErrorCode =
  | 'invalid_request'
  | 'invalid_client'
  | 'invalid_grant'
  | 'invalid_scope'
  | 'unauthorized_client'
  | 'unsupported_grant_type'
  | 'unsupported_response_type'
  | 'access_denied'
  | 'login_required'
  | 'temporarily_unavailable'
  | 'invalid_target'
  | 'invalid_redirect_uri'
  | 'invalid_client_metadata';

/** An answer that a client gets. Clients show the message to people, so it says what to do next. */
export class OAuthError extends Error {
  override readonly name = 'OAuthError';
  readonly error: OAuthErrorCode;
  readonly status: number;
  /** For the header `Retry-After`. */
  readonly retryAfterSeconds: number | undefined;

  /** @param status HTTP status, where the error is not sent in a redirect */
  constructor(error: OAuthErrorCode, message: string, status = 400, retryAfterSeconds?: number) {
    super(message);
    this.error = error;
    this.status = status;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}
