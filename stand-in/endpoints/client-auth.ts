import type { Request, Response } from 'express';
import type { Pool } from '../pool/pool.ts';
import { sameSecret } from '../pool/secrets.ts';
import type { Client } from '../pool/seed.ts';
import type { Parameters } from './parameters.ts';

/** Sends an OAuth error answer (RFC 6749 section 5.2), often without a description. */
export function refuse(res: Response, error: string, description?: string, status = 400): void {
  res.status(status).json(description ? { error, error_description: description } : { error });
}

/** Why client authentication failed. */
export type ClientFault = 'invalid_request' | 'invalid_client';

/**
 * Authenticates the app client by HTTP Basic, or by `client_id` and `client_secret` in the form (RFC 6749 section 2.3.1).
 * A client with a secret must send it, a client without one must not. It refuses both ways at once.
 */
export function authenticateClient(pool: Pool, req: Request, form: Parameters): Client | ClientFault {
  const header = req.get('authorization');
  if (header === undefined) return checkSecret(pool, form.get('client_id'), form.get('client_secret'));
  const basic = readBasic(header);
  if (!basic) return 'invalid_client';
  const inForm = form.get('client_id');
  // Assumed: AWS does not say what happens when the two disagree; RFC 6749 section 2.3 allows one method only.
  if ((inForm !== undefined && inForm !== basic.id) || form.get('client_secret') !== undefined)
    return 'invalid_request';
  return checkSecret(pool, basic.id, basic.secret);
}

function checkSecret(pool: Pool, id: string | undefined, secret: string | undefined): Client | ClientFault {
  const client = pool.clients.get(id ?? '');
  if (!client) return 'invalid_client';
  if (client.secret === undefined) return secret === undefined ? client : 'invalid_client';
  return secret !== undefined && sameSecret(client.secret, secret) ? client : 'invalid_client';
}

/** Id and secret of a Basic header. An empty secret stays a secret: "id:" is a wrong secret, not a public client. */
function readBasic(header: string): { id: string; secret: string } | undefined {
  const encoded = /^Basic ([A-Za-z0-9+/]+={0,2})$/i.exec(header)?.[1];
  const [, id, secret] = /^([^:]*):(.*)$/s.exec(Buffer.from(encoded ?? '', 'base64').toString()) ?? [];
  if (id === undefined || secret === undefined) return undefined;
  try {
    const decode = (text: string) => decodeURIComponent(text.replaceAll('+', ' '));
    return { id: decode(id), secret: decode(secret) };
  } catch {
    return { id, secret };
  }
}
