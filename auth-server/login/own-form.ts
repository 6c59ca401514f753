import type { Request } from 'express';

/**
 * Whether a page of the gateway itself has sent this form. Browsers send Origin with every POST; `null` comes from a sandbox, and
 * `same-site` is another port or subdomain.
 */
export function isOwnForm(req: Request, publicUrl: string): boolean {
  const site = req.get('sec-fetch-site');
  return req.get('origin') === publicUrl && (site === undefined || site === 'same-origin');
}
