import { Eta } from 'eta';
import type { Response } from 'express';
import { createStaticFiles, filesIn } from '../../common/service/static-files.ts';
import type { LoginFailure } from './login-failure.ts';

export type Pages = ReturnType<typeof createPages>;

/** The pages for people who are not logged in: the templates in `views/`. The template engine escapes values. */
export function createPages() {
  const eta = new Eta({ views: `${import.meta.dirname}/views`, cache: true });
  const files = createStaticFiles('/oauth2/static', filesIn(`${import.meta.dirname}/public`));
  const send = (res: Response, status: number, view: string, data: object) => {
    const html = eta.render(view, { asset: files.href, ...data });
    res.status(status).set('Cache-Control', 'no-store').type('html').send(html);
  };
  return {
    /** The router of the files that the pages load. */
    files: files.router,
    login: (res: Response, data: { providers: readonly { name: string; title: string }[]; next: string }) =>
      send(res, 200, './login', { title: 'Sign in', ...data }),
    logout: (res: Response) => send(res, 200, './logout', { title: 'Sign out' }),
    /** Links to `next`. Not a redirect: the CSP's form-action also covers redirects, and the provider is another origin. */
    signedOut: (res: Response, next: string, provider: string) =>
      send(res, 200, './signed-out', { title: 'Signed out', next, provider }),
    failure(res: Response, { status, title, lines, next = '/', retryAfter }: LoginFailure) {
      if (retryAfter !== undefined) res.set('Retry-After', String(retryAfter));
      send(res, status, './failure', { title, lines, next });
    },
  };
}
