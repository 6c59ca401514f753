import type { Request } from 'express';
import { OAuthError } from './oauth-error.ts';

/** Reads a parameter by its name. @throws {OAuthError} if it is there more than once */
export type Parameters = (name: string) => string | undefined;

/** The parameters of an address. */
export function queryOf({ originalUrl }: Request, publicUrl: string): Parameters {
  const query = new URL(originalUrl, publicUrl).searchParams;
  return (name) => single(query.getAll(name), name);
}

/** The parameters of a form (RFC 6749 section 3.2). @throws {OAuthError} if the body is none */
export function formOf(req: Request): Parameters {
  const body: unknown = req.body;
  if (!req.is('application/x-www-form-urlencoded') || typeof body !== 'object' || body === null)
    throw new OAuthError('invalid_request', 'Send a form, as application/x-www-form-urlencoded.');
  const values = new Map<string, unknown>(Object.entries(body));
  return (name) => single([values.get(name) ?? []].flat(), name);
}

/** No parameter may be there twice, and an empty one is as good as none (RFC 6749 section 3.1; `resource`: RFC 8707). */
function single(values: unknown[], name: string): string | undefined {
  if (values.length > 1) {
    const code = name === 'resource' ? 'invalid_target' : 'invalid_request';
    throw new OAuthError(code, `The request has more than one ${name}. Send one.`);
  }
  return typeof values[0] === 'string' && values[0] !== '' ? values[0] : undefined;
}
