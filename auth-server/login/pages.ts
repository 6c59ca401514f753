import { Eta } from 'eta';
import type { Response } from 'express';
import type { LoginFailure } from './login-failure.ts';

/** The pages for people who are not logged in. */
export interface Pages {
  login(res: Response, data: { providers: readonly { name: string; title: string }[]; next: string }): void;
  logout(res: Response): void;
  /** Links to `next`. Not a redirect: the CSP's form-action also covers redirects, and the provider is another origin. */
  signedOut(res: Response, data: { next: string; title: string }): void;
  failure(res: Response, failure: LoginFailure): void;
}

/** Renders the templates in `views/`; the template engine escapes values. */
export function createPages(): Pages {
  const eta = new Eta({ views: `${import.meta.dirname}/views`, cache: true });
  const send = (res: Response, status: number, view: string, data: object) => {
    res.status(status).set('Cache-Control', 'no-store').type('html').send(eta.render(view, data));
  };
  return {
    login: (res, data) => send(res, 200, './login', { title: 'Sign in', ...data }),
    logout: (res) => send(res, 200, './logout', { title: 'Sign out' }),
    signedOut: (res, { next, title: provider }) =>
      send(res, 200, './signed-out', { title: 'Signed out', next, provider }),
    failure(res, { status, title, lines, next = '/', retryAfter }) {
      if (retryAfter !== undefined) res.set('Retry-After', String(retryAfter));
      send(res, status, './failure', { title, lines, next });
    },
  };
}
