import { Eta } from 'eta';
import type { Response } from 'express';
import type { LoginFailure } from './login-failure.ts';

/** The pages that people see before they are somebody. */
export interface Pages {
  login(res: Response, data: { providers: readonly { name: string; title: string }[]; next: string }): void;
  logout(res: Response): void;
  /** Leads on to `next`. Not a redirect: a page's CSP holds that to its form-action, and the provider is another origin. */
  signedOut(res: Response, data: { next: string; title: string }): void;
  failure(res: Response, failure: LoginFailure): void;
}

/** Pages from the templates in `views/`; values are escaped by the template engine. */
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
