import { fileURLToPath } from 'node:url';
import { Eta } from 'eta';
import type { Response } from 'express';
import helmet from 'helmet';
import type { Pool } from '../pool/pool.ts';
import type { AuthorizeRequest } from './authorize-request.ts';

const ERRORS = new Map([
  [
    'redirect_mismatch',
    'The address to return to is not registered for this app client. It must match one of its URLs character for character, port included. Here they are in the seed file: callback_urls for signing in, logout_urls for signing out.',
  ],
  ['invalid_request', 'The request lacks something, has something twice, or names an app client that does not exist.'],
]);

/** What a form shows; `problem` is the reason why the last attempt failed. */
type FormView = { csrf: string; problem?: string };

/** A rendered page. */
export interface Page {
  status: number;
  html: string;
  /** Target of the redirect after its form. */
  returnsTo?: string;
}

export type Pages = ReturnType<typeof createPages>;

/**
 * The pages of one pool, compiled on first use; one with a `problem` has status 400.
 * @param pool the sign-in page offers its people
 */
export function createPages(pool: Pool) {
  const eta = new Eta({ views: fileURLToPath(new URL('views', import.meta.url)), cache: true });
  const render = (view: string, data: object) => eta.render(view, { pool: pool.seed.pool_id, ...data });
  const form = (view: string, request: AuthorizeRequest, data: FormView): Page => ({
    status: data.problem ? 400 : 200,
    html: render(view, { ...data, client: request.client.name, query: request.parameters.toString() }),
    returnsTo: request.redirectUri,
  });
  return {
    signIn: (request: AuthorizeRequest, view: FormView & { username: string | undefined }) => {
      const people = pool.seed.users.map((seeded) => {
        const { username, groups, status, password } = pool.people.get(seeded.username) ?? seeded;
        // Only the seed's password is public. A password that a person chose later is private.
        const shown = password === seeded.password ? password : undefined;
        return { username, groups, status, password: shown, link: linkFor(request, username) };
      });
      return form('sign-in', request, Object.assign({ people }, view));
    },
    newPassword: (request: AuthorizeRequest, view: FormView & { challenge: string }) =>
      form('new-password', request, view),
    /** @param reason one of Cognito's error names, or a sentence */
    error: (status: number, reason: string): Page => ({
      status,
      html: render('error', { reason, meaning: ERRORS.get(reason) }),
    }),
  };
}

/** Sends a page. Browsers must not cache it, because its form holds a CSRF token. */
export function sendPage(res: Response, page: Page): void {
  if (page.returnsTo) allowReturn(res, page.returnsTo);
  res.status(page.status).set('Cache-Control', 'no-store').type('html').send(page.html);
}

/** URL of the sign-in page with this name filled in, which saves a click and needs no script. */
function linkFor(request: AuthorizeRequest, username: string): string {
  const parameters = new URLSearchParams(request.parameters.toString());
  parameters.set('login_hint', username);
  return `/login?${parameters}`;
}

const POLICY = {
  defaultSrc: ["'none'"],
  styleSrc: ["'self'"],
  imgSrc: ['data:'],
  baseUri: ["'none'"],
  frameAncestors: ["'none'"],
  formAction: ["'self'"],
};

/** Headers of every answer: no scripts, no framing, no embedding. No HSTS, because this is http on localhost. */
export const securityHeaders = helmet({
  contentSecurityPolicy: { useDefaults: false, directives: POLICY },
  strictTransportSecurity: false,
});

/** Browsers apply `form-action` to the redirect after a form too, so it must list the return address. */
function allowReturn(res: Response, redirectUri: string): void {
  const { origin, protocol } = new URL(redirectUri);
  const target = origin === 'null' ? protocol : origin;
  const policy = String(res.get('Content-Security-Policy'));
  res.set('Content-Security-Policy', policy.replace("form-action 'self'", `form-action 'self' ${target}`));
}
