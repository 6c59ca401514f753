import type { Request, RequestHandler } from 'express';
import { RegistryError } from '../errors/registry-error.ts';
import { personOf } from './guards.ts';

/**
 * Rejects forms that were not sent from our own pages.
 * @param publicUrl the gateway's origin
 * @throws {RegistryError} `origin_refused`
 */
export function requireOwnPage(publicUrl: string): RequestHandler {
  return (req, _res, next) => {
    if (isOwnPage(req, publicUrl)) return next();
    throw new RegistryError('origin_refused', `This form was not sent from a page of ${publicUrl}.`);
  };
}

/** Like {@link requireOwnPage}, but accepts an access token instead: a browser never adds one by itself. */
export function requireOwnPageOrToken(publicUrl: string): RequestHandler {
  return (req, _res, next) => {
    if (personOf(req).authMethod === 'jwt' || isOwnPage(req, publicUrl)) return next();
    const message = `With a session, this is only accepted from the pages of ${publicUrl}. Programs send an access token.`;
    throw new RegistryError('origin_refused', message);
  };
}

/**
 * Whether the request comes from one of our pages, by headers that a page cannot set: `Sec-Fetch-Site` (Fetch Metadata), and
 * `Origin` (Fetch standard) for browsers that do not send it. A missing header alone is never enough.
 */
function isOwnPage(req: Request, publicUrl: string): boolean {
  const site = req.get('sec-fetch-site');
  const origin = req.get('origin');
  if (origin !== undefined && origin !== publicUrl) return false;
  return site === undefined ? origin === publicUrl : site === 'same-origin';
}
