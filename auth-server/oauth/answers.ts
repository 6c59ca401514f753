import type { ErrorRequestHandler, RequestHandler } from 'express';
import { OAuthError, type OAuthErrorCode } from './oauth-error.ts';

/** Lets pages of any origin ask, without credentials: MCP Inspector registers and exchanges codes in the browser. */
export const forAnyPage: RequestHandler = (req, res, next) => {
  res.set('Access-Control-Allow-Origin', '*');
  if (req.method !== 'OPTIONS') return next();
  res.set({
    'Access-Control-Allow-Methods': 'GET, POST',
    'Access-Control-Allow-Headers': 'Authorization, Content-Type, MCP-Protocol-Version',
    'Access-Control-Max-Age': '3600',
  });
  res.status(204).end();
};

const retrySeconds = 5;

/**
 * Answers errors in JSON (RFC 6749 section 5.2). What is not the client's fault is `temporarily_unavailable`: clients on
 * the MCP SDK throw their login away for `invalid_grant`, and open a new one for `server_error`.
 * @param unreadable the code for a body that cannot be read
 * @param onFault receives what is not the client's fault
 */
export function jsonErrors(unreadable: OAuthErrorCode, onFault: (error: unknown) => void): ErrorRequestHandler {
  return (error, req, res, _next) => {
    const { status, error: code, message, retryAfterSeconds } = asOAuthError(error, unreadable, onFault);
    if (retryAfterSeconds !== undefined) res.set('Retry-After', String(retryAfterSeconds));
    // To a client that has named itself in this header (RFC 6749 section 5.2).
    if (code === 'invalid_client' && req.headers.authorization !== undefined)
      res.set('WWW-Authenticate', 'Basic realm="mcp-gateway"');
    res.status(status).set('Cache-Control', 'no-store').json({ error: code, error_description: message });
  };
}

function asOAuthError(error: unknown, unreadable: OAuthErrorCode, onFault: (error: unknown) => void): OAuthError {
  if (error instanceof OAuthError) return error;
  const { status } = error as { status?: unknown };
  if (typeof status === 'number' && status >= 400 && status < 500)
    return new OAuthError(unreadable, 'The body cannot be read. It may be too long, or in another format.', status);
  onFault(error);
  const text = 'The gateway cannot do that at the moment. Try again shortly.';
  return new OAuthError('temporarily_unavailable', text, 503, retrySeconds);
}
