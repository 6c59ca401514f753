import { type Request, type RequestHandler, type Response, Router } from 'express';
import type { LoggedIn, LoginAttempt, OAuthClient } from '../cognito/oauth-client.ts';
import type { SessionCookie } from '../identity/cookie/session-cookie.ts';
import { createTally, networkOf } from '../limits/rate-limit.ts';
import type { SessionRecord } from '../store/session-record.ts';
import type { UsedStore } from '../store/used.ts';
import { endAtProvider } from './end-at-provider.ts';
import type { ApprovalAsked, LoginAttempts, PersonalAsked } from './login-attempts.ts';
import { LoginFailure } from './login-failure.ts';
import { type OpenSessionDeps, openSession } from './open-session.ts';
import type { Pages } from './pages.ts';
import { beginLogin, callbackUrl, completeLogin } from './round-trip.ts';
import { safePath } from './safe-path.ts';
import { clientsThatStay, createStayCookie, type StayCookie, stayWords } from './stay.ts';

export interface LoginDeps extends OpenSessionDeps {
  publicUrl: string;
  /** All providers of sessions; `unlisted` ones are not on the login page. */
  providers: ReadonlyMap<string, OAuthClient>;
  attempts: LoginAttempts;
  used: UsedStore;
  cookie: SessionCookie;
  pages: Pages;
  /** Whether the browser's session is one that the gateway accepts. */
  isSignedIn: (req: Request) => Promise<boolean>;
  /** How many logins from one address may fail in a minute before it has to wait. Default 30. */
  failedLogins?: number | undefined;
  /** Logins that come back to the same callback, and open no session of this browser. */
  clientLogins: ClientLogins;
  /** Makes a personal token for a person who has come back from the login for it. */
  finishPersonal(res: Response, client: OAuthClient, person: LoggedIn, asked: PersonalAsked): Promise<void>;
  /** Approves a held call for a person who has come back from the login for it. */
  finishApproval(res: Response, client: OAuthClient, person: LoggedIn, asked: ApprovalAsked): Promise<void>;
}

/** Logins for the requests of OAuth clients. */
export interface ClientLogins {
  /**
   * Takes the login that comes back with this state, once.
   * @returns undefined if it is none of these, or this browser has not begun it
   */
  take(req: Request): Promise<ClientLogin | undefined>;
}

interface ClientLogin {
  attempt: LoginAttempt;
  /** Name of the provider. */
  provider: string;
  /** Where the person can try again. */
  again: string;
  finish(res: Response, client: OAuthClient, person: LoggedIn): Promise<void>;
}

/** The routes of login and logout, in the order in which a person uses them. */
export function loginRoutes(deps: LoginDeps): Router {
  const router = Router();
  const stay = createStayCookie(deps.publicUrl);
  router.get('/login', showLogin(deps, stay));
  router.get('/oauth2/providers', (_req, res) => void res.json(providerList(deps)));
  router.get('/oauth2/login/:provider', startLogin(deps));
  router.get('/oauth2/callback/:provider', finishLogin(deps));
  router.get('/oauth2/logout/:provider', (_req, res) => deps.pages.logout(res));
  router.post('/oauth2/logout/:provider', logOut(deps, stay));
  return router;
}

function providerList({ providers }: LoginDeps): { name: string; title: string }[] {
  const listed = [...providers.values()].filter(({ settings }) => !settings.unlisted);
  return listed.map(({ settings }) => ({ name: settings.name, title: settings.title }));
}

function showLogin(deps: LoginDeps, stay: StayCookie): RequestHandler {
  return async (req, res) => {
    const next = safePath(req.query.redirect_uri, deps.publicUrl);
    if (await deps.isSignedIn(req)) return goTo(res, next);
    const ways = providerList(deps).map(({ name, title }) => ({
      title,
      address: `/oauth2/login/${name}?redirect_uri=${encodeURIComponent(next)}`,
    }));
    const purpose = 'To see the servers and tools that you may use.';
    deps.pages.login(res, { ways, purpose, stay: stayWords(stay.take(req, res)) });
  };
}

function startLogin(deps: LoginDeps): RequestHandler {
  return async (req, res) => {
    const client = provider(deps, req);
    const { attempt, url } = await beginLogin(client, deps.publicUrl);
    const next = safePath(req.query.redirect_uri, deps.publicUrl);
    deps.attempts.prune(req, res);
    await deps.attempts.keep(res, { ...attempt, next, provider: client.settings.name });
    deps.log.info({ provider: client.settings.name, callback: callbackUrl(client, deps.publicUrl) }, 'login started');
    res.redirect(302, url.href);
  };
}

/**
 * Any visitor can start a login and come back with an invented code. Each code costs a row in the database and a request to
 * the provider, which limits the requests of an app client, for all users together: so failures are limited.
 */
function finishLogin(deps: LoginDeps): RequestHandler {
  const failed = createTally(deps.failedLogins ?? 30);
  return async (req, res) => {
    refuseHidden(req);
    const network = networkOf(req.get('x-real-ip') ?? '');
    const wait = failed.waitFor(network);
    if (wait !== undefined) throw tooManyFailed(wait);
    const client = provider(deps, req);
    const complete = async (attempt: LoginAttempt, again: Pick<LoginFailure, 'next' | 'again'>) =>
      await completeLogin(client, deps.publicUrl, req, attempt).catch((error) => {
        // Without an address all clients would look like one.
        if (network) failed.note(network);
        throw Object.assign(error, again);
      });
    const forClient = await deps.clientLogins.take(req);
    if (forClient?.provider === client.settings.name) {
      const person = await complete(forClient.attempt, { next: undefined, again: forClient.again });
      return await forClient.finish(res, client, person);
    }
    const attempt = await takeAttempt(deps, req, res, client);
    if (!attempt) return goTo(res, '/');
    const { personal, approval } = attempt;
    const again = personal || approval ? attempt.next : undefined;
    const person = await complete(attempt, { next: attempt.next, again });
    if (personal) return await deps.finishPersonal(res, client, person, personal);
    if (approval) return await deps.finishApproval(res, client, person, approval);
    const { value } = await openSession(deps, client.settings, person);
    deps.cookie.set(res, value, deps.sessionSeconds);
    res.redirect(302, attempt.next);
  };
}

/**
 * @returns undefined for a person who is signed in already
 * @throws {LoginFailure} if this browser did not begin the login, or it was finished already
 */
async function takeAttempt(deps: LoginDeps, req: Request, res: Response, client: OAuthClient) {
  const attempt = await deps.attempts.take(req, res, req.query.state);
  const isOurs = attempt?.provider === client.settings.name;
  // The browser deletes the cookie, but a copy of it must not work again.
  if (attempt && isOurs && (await deps.used.use(`login ${attempt.state}`, attempt.exp))) return attempt;
  // Usually the Back button. The session stays whose it is, whatever login this was.
  if (await deps.isSignedIn(req)) return undefined;
  throw new LoginFailure(400, 'This login cannot be finished', [
    'It was started in another browser, was finished already, or took longer than ten minutes.',
    `Start again, on ${deps.publicUrl} exactly: another spelling of the address is another site to your browser.`,
  ]);
}

/** Sends a person who is signed in to a page. The answer depends on their cookie. */
function goTo(res: Response, next: string): void {
  res.set('Cache-Control', 'no-store').redirect(302, next);
}

/** A page must not finish a login in an image or a frame: the person would not see that another account is logged in. */
function refuseHidden(req: Request): void {
  const destination = req.get('sec-fetch-dest');
  if (destination === undefined || destination === 'document') return;
  throw new LoginFailure(403, 'This login cannot be finished here', ['Open the gateway in a window of its own.']);
}

function tooManyFailed(seconds: number): LoginFailure {
  const lines = ['Too many logins from your network have failed.', `Try again in ${seconds} s.`];
  return Object.assign(new LoginFailure(429, 'Wait a moment', lines), { retryAfter: seconds });
}

function logOut(deps: LoginDeps, stay: StayCookie): RequestHandler {
  return async (req, res) => {
    refuseForeignForm(deps, req);
    const client = provider(deps, req);
    const value: unknown = req.cookies[deps.cookie.name];
    const ended = typeof value === 'string' ? await endSession(deps, value) : undefined;
    deps.cookie.clear(res);
    const away = await client.logoutUrl(`${deps.publicUrl}/login`).catch(() => undefined);
    const count = ended ? await clientsThatStay(deps, ended) : 0;
    stay.keep(res, count);
    deps.pages.signedOut(res, away?.href ?? '/login', client.settings.title, stayWords(count));
  };
}

/** @returns the record of the session that ended */
async function endSession(deps: LoginDeps, value: string): Promise<SessionRecord | undefined> {
  const claims = await deps.seal.open(value).catch(() => undefined);
  if (!claims) return undefined;
  const record = await deps.sessions.find(claims.sid);
  await deps.sessions.end({ sid: claims.sid });
  deps.log.info({ subject: claims.sub, username: claims.username }, 'logged out');
  if (record) await endAtProvider(deps, record);
  return record;
}

/** A form of another site must not log people out. Browsers send Origin with every POST. */
function refuseForeignForm({ publicUrl }: LoginDeps, req: Request): void {
  const { origin, 'sec-fetch-site': fetchSite } = req.headers;
  if (origin === publicUrl || (origin === undefined && (fetchSite === undefined || fetchSite === 'same-origin')))
    return;
  throw new LoginFailure(403, 'Not signed out', [
    'Another site asked for it. Sign out on the page of the gateway itself.',
  ]);
}

function provider({ providers }: LoginDeps, req: Request): OAuthClient {
  const client = providers.get(String(req.params.provider));
  if (client && !client.settings.unlisted) return client;
  throw new LoginFailure(404, 'There is no such way to log in', ['Choose one on the login page.']);
}
