import { randomBytes, randomUUID } from 'node:crypto';
import type { CookieOptions, Request, Response } from 'express';
import type { HostedSession, Person, Pool } from '../pool/pool.ts';
import { sameSecret } from '../pool/secrets.ts';

const SESSION_COOKIE = 'cognito';
const CSRF_COOKIE = 'XSRF-TOKEN';

function optionsFor(pool: Pool): CookieOptions {
  return { httpOnly: true, path: '/', sameSite: 'lax', secure: pool.publicUrl.startsWith('https:') };
}

/** Returns the browser's sign-in, if the person may still sign in. */
export function readHostedSession(pool: Pool, req: Request): HostedSession | undefined {
  const session = pool.sessions.get(cookie(req, SESSION_COOKIE));
  return session && pool.people.get(session.username)?.status === 'CONFIRMED' ? session : undefined;
}

/** Signs the browser in for an hour under a new id, which prevents session fixation. */
export function startHostedSession(pool: Pool, res: Response, person: Person): HostedSession {
  const session = { username: person.username, authTime: pool.seconds() };
  const id = randomUUID();
  pool.sessions.put(id, session);
  res.cookie(SESSION_COOKIE, id, optionsFor(pool));
  return session;
}

/** Signs the browser out of the sign-in page. Issued tokens stay valid. */
export function endHostedSession(pool: Pool, req: Request, res: Response): void {
  pool.sessions.drop(cookie(req, SESSION_COOKIE));
  res.clearCookie(SESSION_COOKIE, optionsFor(pool));
}

/** Returns the CSRF token of a form, also set as a cookie. One per browser, so that two open tabs both work. */
export function csrfToken(pool: Pool, req: Request, res: Response): string {
  const present = cookie(req, CSRF_COOKIE);
  if (/^[0-9a-f]{32}$/.test(present)) return present;
  const fresh = randomBytes(16).toString('hex');
  res.cookie(CSRF_COOKIE, fresh, optionsFor(pool));
  return fresh;
}

/** Whether a form comes from our own page: its field equals the browser's cookie. */
export function csrfMatches(req: Request, field: string | undefined): boolean {
  const present = cookie(req, CSRF_COOKIE);
  return present !== '' && field !== undefined && sameSecret(present, field);
}

function cookie(req: Request, name: string): string {
  const value: unknown = req.cookies[name];
  return typeof value === 'string' ? value : '';
}
