import { randomBytes } from 'node:crypto';
import { type Request, type RequestHandler, type Response, Router } from 'express';
import { randomNonce, randomPKCECodeVerifier, randomState } from 'openid-client';
import type { Logger } from '../common/log.ts';
import type { Policy } from '../policy/policy.ts';
import type { LoginAttempts } from './login-attempts.ts';
import { explainFailure, LoginFailure } from './login-failure.ts';
import type { LoggedIn, OAuthClient } from './oauth-client.ts';
import type { Pages } from './pages.ts';
import { safePath } from './safe-path.ts';
import type { SessionSeal } from './session.ts';
import type { SessionCookie } from './session-cookie.ts';
import type { SessionStore } from './store/session-store.ts';
import type { TokenVault } from './token-vault.ts';

export interface LoginDeps {
  publicUrl: string;
  providers: ReadonlyMap<string, OAuthClient>;
  attempts: LoginAttempts;
  sessions: SessionStore;
  vault: TokenVault;
  seal: SessionSeal;
  cookie: SessionCookie;
  policy: () => Policy;
  sessionSeconds: number;
  pages: Pages;
  log: Logger;
}

/** The routes of a person's login and logout, in the order a person meets them. */
export function loginRoutes(deps: LoginDeps): Router {
  const router = Router();
  router.get('/login', showLogin(deps));
  router.get('/oauth2/providers', (_req, res) => void res.json(providerList(deps)));
  router.get('/oauth2/login/:provider', startLogin(deps));
  router.get('/oauth2/callback/:provider', finishLogin(deps));
  router.get('/oauth2/logout/:provider', (_req, res) => deps.pages.logout(res));
  router.post('/oauth2/logout/:provider', logOut(deps));
  return router;
}

function providerList({ providers }: LoginDeps): { name: string; title: string }[] {
  return [...providers.values()].map(({ settings }) => ({ name: settings.name, title: settings.title }));
}

function showLogin(deps: LoginDeps): RequestHandler {
  return (req, res) => {
    const next = safePath(req.query.redirect_uri, deps.publicUrl);
    deps.pages.login(res, { providers: providerList(deps), next });
  };
}

function startLogin(deps: LoginDeps): RequestHandler {
  return async (req, res) => {
    const client = provider(deps, req);
    const attempt = { state: randomState(), nonce: randomNonce(), verifier: randomPKCECodeVerifier() };
    const url = await client.authorizeUrl(attempt, callbackUrl(deps, client)).catch((error) => {
      throw explainFailure(error, client.settings.title);
    });
    const next = safePath(req.query.redirect_uri, deps.publicUrl);
    deps.attempts.prune(req, res);
    await deps.attempts.keep(res, { ...attempt, next, provider: client.settings.name });
    deps.log.info({ provider: client.settings.name, callback: callbackUrl(deps, client) }, 'login started');
    res.redirect(302, url.href);
  };
}

function finishLogin(deps: LoginDeps): RequestHandler {
  return async (req, res) => {
    const client = provider(deps, req);
    const attempt = await deps.attempts.take(req, res, req.query.state);
    if (!attempt || attempt.provider !== client.settings.name) {
      throw new LoginFailure(400, 'This login cannot be finished', [
        'It was started in another browser, was finished already, or took longer than ten minutes.',
        `Start again, on ${deps.publicUrl} exactly: another spelling of the address is another site to your browser.`,
      ]);
    }
    const currentUrl = new URL(callbackUrl(deps, client));
    currentUrl.search = new URL(req.originalUrl, deps.publicUrl).search;
    const person = await client.logIn(currentUrl, attempt).catch((error) => {
      throw explainFailure(error, client.settings.title);
    });
    await openSession(deps, res, client, person);
    res.redirect(302, attempt.next);
  };
}

async function openSession(
  deps: LoginDeps,
  res: Response,
  client: OAuthClient,
  { subject: sub, username, groups, refreshToken }: LoggedIn,
): Promise<void> {
  const createdAt = Math.floor(Date.now() / 1000);
  const expiresAt = createdAt + deps.sessionSeconds;
  const sid = randomBytes(32).toString('base64url');
  const known = groups.filter((group) => deps.policy().source.groups.has(group));
  await deps.sessions.add({
    sid,
    sub,
    username,
    groups: known,
    createdAt,
    expiresAt,
    provider: client.settings.name,
    clientId: client.settings.clientId,
    refreshedAt: createdAt,
    lastSeen: createdAt,
    refreshToken: refreshToken && (await deps.vault.lock(refreshToken)),
  });
  const value = await deps.seal.seal({ sid, sub, username, groups: known, exp: expiresAt });
  deps.cookie.set(res, value, deps.sessionSeconds);
  deps.log.info({ subject: sub, username, groups: known, unknown_groups: groups.length - known.length }, 'logged in');
}

function logOut(deps: LoginDeps): RequestHandler {
  return async (req, res) => {
    refuseForeignForm(deps, req);
    const client = provider(deps, req);
    const value: unknown = req.cookies[deps.cookie.name];
    if (typeof value === 'string') await endSession(deps, client, value);
    deps.cookie.clear(res);
    const away = await client.logoutUrl(`${deps.publicUrl}/login`).catch(() => undefined);
    deps.pages.signedOut(res, { next: away?.href ?? '/login', title: client.settings.title });
  };
}

async function endSession(deps: LoginDeps, client: OAuthClient, value: string): Promise<void> {
  const claims = await deps.seal.open(value).catch(() => undefined);
  if (!claims) return;
  const record = await deps.sessions.find(claims.sid);
  await deps.sessions.end({ sid: claims.sid });
  deps.log.info({ subject: claims.sub, username: claims.username }, 'logged out');
  if (record?.refreshToken === undefined || record.provider !== client.settings.name) return;
  const revoked = deps.vault.unlock(record.refreshToken).then(client.revoke);
  await revoked.catch((error) => deps.log.warn({ err: error }, 'the provider could not be told to forget the sign-in'));
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
  if (client) return client;
  throw new LoginFailure(404, 'There is no such way to log in', ['Choose one on the login page.']);
}

/** Always built from REGISTRY_URL: a Host header would let a stranger choose where the code is sent. */
function callbackUrl({ publicUrl }: LoginDeps, { settings }: OAuthClient): string {
  return `${publicUrl}/oauth2/callback/${settings.name}`;
}
