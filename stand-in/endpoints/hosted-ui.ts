import { randomUUID } from 'node:crypto';
import { type Request, type Response, Router } from 'express';
import type { Person, Pool } from '../pool/pool.ts';
import { sameSecret } from '../pool/secrets.ts';
import { type AuthorizeRequest, checkAuthorizeRequest, codeLocation, errorPageUrl } from './authorize-request.ts';
import { csrfMatches, csrfToken, endHostedSession, readHostedSession, startHostedSession } from './cookies.ts';
import { type Page, type Pages, sendPage } from './pages.ts';
import { formOf, type Parameters, queryOf } from './parameters.ts';

const STALE_FORM = 'This form is out of date. Go back to the application and sign in again.';

/** A page, or a redirect. */
type Answer = Page | { location: string };
/** A request and its context; `res` serves only for cookies. */
type Exchange = { pool: Pool; pages: Pages; req: Request; res: Response };
type Handler = (exchange: Exchange) => Answer;

/** The pages for people: /oauth2/authorize, /login, /changePassword, /logout and /error. */
export function hostedUi(pool: Pool, pages: Pages): Router {
  const router = Router({ caseSensitive: true });
  const answer = (handler: Handler) => (req: Request, res: Response) => {
    const result = handler({ pool, pages, req, res });
    if ('location' in result) res.redirect(result.location);
    else sendPage(res, result);
  };
  router.get('/oauth2/authorize', answer(forRequest(authorize)));
  router.get('/login', answer(forRequest(showSignIn)));
  router.post('/login', answer(forRequest(signIn)));
  router.post('/changePassword', answer(forRequest(changePassword)));
  router.get('/logout', answer(logout));
  router.get(
    '/error',
    answer(({ req }) => pages.error(400, queryOf(req).get('error') ?? 'invalid_request')),
  );
  return router;
}

/** Passes only valid sign-in requests to a handler and redirects the others. */
function forRequest(handler: (exchange: Exchange, request: AuthorizeRequest) => Answer): Handler {
  return (exchange) => {
    const checked = checkAuthorizeRequest(exchange.pool, queryOf(exchange.req));
    return 'refusal' in checked ? { location: checked.refusal } : handler(exchange, checked);
  };
}

function authorize({ pool, req }: Exchange, request: AuthorizeRequest): Answer {
  const { prompts } = request;
  // "none" with anything else contradicts itself (OpenID Connect Core 3.1.2.1).
  if (prompts.includes('none') && prompts.length > 1) return { location: request.errorLocation('invalid_request') };
  const session = readHostedSession(pool, req);
  if (session && !prompts.includes('login')) return { location: codeLocation(pool, request, session) };
  if (prompts.includes('none')) return { location: request.errorLocation('login_required') };
  return { location: `${pool.publicUrl}/login?${request.parameters}` };
}

function showSignIn({ pool, pages, req, res }: Exchange, request: AuthorizeRequest): Answer {
  return pages.signIn(request, { csrf: csrfToken(pool, req, res), username: request.parameters.get('login_hint') });
}

function signIn({ pool, pages, req, res }: Exchange, request: AuthorizeRequest): Answer {
  const form = formOf(req);
  if (!csrfMatches(req, form.get('_csrf'))) return pages.error(403, STALE_FORM);
  const username = form.get('username');
  const csrf = csrfToken(pool, req, res);
  const person = pool.people.get(username ?? '');
  // Compare even for an unknown name, so that the time does not reveal which names exist.
  const right = sameSecret(person?.password ?? randomUUID(), form.get('password') ?? '');
  if (!person || !right) return pages.signIn(request, { csrf, username, problem: 'Incorrect username or password.' });
  if (person.status === 'DISABLED') return pages.signIn(request, { csrf, username, problem: 'User is disabled.' });
  if (person.status === 'FORCE_CHANGE_PASSWORD') {
    const challenge = randomUUID();
    pool.challenges.put(challenge, person.username);
    return pages.newPassword(request, { csrf, challenge });
  }
  return { location: codeLocation(pool, request, startHostedSession(pool, res, person)) };
}

function changePassword({ pool, pages, req, res }: Exchange, request: AuthorizeRequest): Answer {
  const form = formOf(req);
  const challenge = form.get('challenge') ?? '';
  const person = pool.people.get(pool.challenges.get(challenge) ?? '');
  if (!csrfMatches(req, form.get('_csrf')) || person?.status !== 'FORCE_CHANGE_PASSWORD')
    return pages.error(403, STALE_FORM);
  const problem = newPasswordFault(person, form);
  if (problem) return pages.newPassword(request, { csrf: csrfToken(pool, req, res), challenge, problem });
  pool.challenges.drop(challenge);
  person.password = form.get('new_password') ?? '';
  person.status = 'CONFIRMED';
  return { location: codeLocation(pool, request, startHostedSession(pool, res, person)) };
}

/** The pool's default policy: 8 characters, with upper case, lower case, a digit and a symbol. */
function newPasswordFault(person: Person, form: Parameters): string | undefined {
  const password = form.get('new_password') ?? '';
  if (password !== form.get('confirm_password')) return 'The two passwords are not the same.';
  if (sameSecret(password, person.password)) return 'Choose a password other than the current one.';
  const strong = [/.{8}/, /[a-z]/, /[A-Z]/, /\d/, /[^\w\s]|_/].every((pattern) => pattern.test(password));
  return strong ? undefined : 'Use 8 characters or more, with upper case, lower case, a digit and a symbol.';
}

/**
 * GET /logout takes `client_id` with `logout_uri`, or with `redirect_uri` and `response_type` to sign in again
 * (Cognito, "Logout endpoint"). It ignores OpenID's own parameters (`post_logout_redirect_uri`,
 * `id_token_hint`), like the real pool. Assumed: a refused request leaves the browser signed in.
 */
function logout({ pool, pages, req, res }: Exchange): Answer {
  const query = queryOf(req);
  const client = pool.clients.get(query.get('client_id') ?? '');
  const logoutUri = query.get('logout_uri');
  const redirectUri = query.get('redirect_uri');
  const refused = (error: string) => ({ location: errorPageUrl(pool, error, query.get('client_id')) });
  if (!client || query.repeated.size > 0) return refused('invalid_request');
  if (!logoutUri && !redirectUri) return pages.error(400, "Required String parameter 'redirect_uri' is not present");
  if (!logoutUri && !query.get('response_type')) return refused('invalid_request');
  const registered = logoutUri ? client.logout_urls : client.callback_urls;
  if (!registered.includes(logoutUri ?? redirectUri ?? '')) return refused('redirect_mismatch');
  endHostedSession(pool, req, res);
  return { location: logoutUri ?? `${pool.publicUrl}/login?${query}` };
}
