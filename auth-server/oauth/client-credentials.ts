import type { Request } from 'express';
import { OAuthError } from './oauth-error.ts';

/** How a client names itself at the token endpoint (RFC 6749 section 2.3.1). */
export interface ClientCredentials {
  /** Empty if it has not named itself. */
  id: string;
  secret: string | undefined;
  /** The header in which it sent both. */
  authorization: string | undefined;
}

/**
 * Reads the client's name and secret from the header or the form. Public clients have no secret; some send a made-up one.
 * @throws {OAuthError} invalid_request for more than one way, invalid_client for a header that cannot be read
 */
export function clientCredentials(req: Request): ClientCredentials {
  const { client_id: named, client_secret: secret } = (req.body ?? {}) as Record<string, unknown>;
  const authorization = req.get('authorization');
  if (typeof (named ?? '') !== 'string' || typeof (secret ?? '') !== 'string')
    throw new OAuthError('invalid_request', 'Send client_id and client_secret once.');
  const inForm = { id: (named as string | undefined) ?? '', secret: secret as string | undefined };
  if (authorization === undefined) return { ...inForm, authorization };
  const inHeader = readBasic(authorization);
  if (!inHeader) throw new OAuthError('invalid_client', 'The header Authorization cannot be read.', 401);
  if (inForm.secret !== undefined || (inForm.id !== '' && inForm.id !== inHeader.id))
    throw new OAuthError('invalid_request', 'Send the client id and secret in one place.');
  return { ...inHeader, authorization };
}

/** Both parts are form-encoded (RFC 6749 section 2.3.1), and letters that need it are in no id of ours or of Cognito's. */
function readBasic(header: string): { id: string; secret: string } | undefined {
  const encoded = /^Basic ([\w+/-]+={0,2})$/i.exec(header)?.[1];
  const [, id, secret] = /^([^:]*):(.*)$/s.exec(Buffer.from(encoded ?? '', 'base64').toString()) ?? [];
  if (id === undefined || secret === undefined) return undefined;
  try {
    return { id: decodeURIComponent(id), secret: decodeURIComponent(secret) };
  } catch {
    return undefined;
  }
}
