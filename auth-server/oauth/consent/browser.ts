import type { Request, RequestHandler, Response } from 'express';
import { createNetworkLimit, limitEach } from '../../limits/rate-limit.ts';
import { requestSeconds } from '../store/requests.ts';
import { random } from '../store/tokens.ts';
import { RequestRefused } from './refusal.ts';

export type BrowserCookie = ReturnType<typeof createBrowserCookie>;

/**
 * The cookie that ties requests to the browser in which they began, however many tabs it has. It is no session: it only
 * says that two requests come from the same browser. On https its name starts with `__Host-`, so that no other host can
 * plant it (RFC 6265bis section 4.1.3.2).
 */
export function createBrowserCookie(publicUrl: string) {
  const secure = publicUrl.startsWith('https:');
  const name = `${secure ? '__Host-' : ''}mcp_gateway_browser`;
  const options = { httpOnly: true, sameSite: 'lax', secure, path: '/', maxAge: requestSeconds * 1000 } as const;
  const currentValue = (req: Request): string | undefined => {
    const value: unknown = req.cookies[name];
    return typeof value === 'string' && /^[\w-]{43}$/.test(value) ? value : undefined;
  };
  return {
    currentValue,
    /** Sets it, or lets the one that is there last as long as a new request. @returns its value */
    keep(req: Request, res: Response): string {
      const value = currentValue(req) ?? random();
      res.cookie(name, value, options);
      return value;
    },
  };
}

/** A browser that loads a page in advance gets nothing: the person has not opened it. */
export const refusePrefetch: RequestHandler = (req, res, next) => {
  if (!/prefetch|prerender/i.test(req.get('sec-purpose') ?? '')) return next();
  res.set('Cache-Control', 'no-store').status(503).end();
};

/** Each request is a row in the database, and so is each login for one. A whole company may have one address. */
const perMinute = 600;

/** Limits how many requests and logins an address may begin. */
export function limitRequests(most = perMinute): RequestHandler {
  const tooMany = (seconds: number) =>
    new RequestRefused(429, 'Wait a moment', [
      'Too many clients have asked from your network.',
      `Start again in ${seconds} s.`,
    ]);
  return limitEach(createNetworkLimit(most, tooMany));
}
