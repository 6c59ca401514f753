import express, { type ErrorRequestHandler, type Request, type RequestHandler, type Response, Router } from 'express';
import * as z from 'zod';
import { version } from '../../common/settings/version.ts';
import { personInGroups } from '../../policy/caller.ts';
import { type createFreshLogin, freshSeconds, KeysUnavailable, LoginRefused } from '../cognito/fresh-login.ts';
import { type OAuthClient, SignInEnded } from '../cognito/oauth-client.ts';
import { shownNameOf } from '../cognito/shown-name.ts';
import { createTally, networkOf, type Tally } from '../limits/rate-limit.ts';
import type { RevocationStore } from '../store/revocation.ts';
import type { SessionRecord } from '../store/session-record.ts';
import type { UsedStore } from '../store/used.ts';
import { cookieValueOf, type OpenSessionDeps, openSession } from './open-session.ts';

export interface SessionExchangeDeps extends OpenSessionDeps {
  /**
   * For older command lines, which log in at the user pool: checks such a login, to turn it into a session; `client` is the
   * pool as their app client knows it. Undefined if `COGNITO_CLI_CLIENT_ID` is not set: only codes are taken.
   */
  cliLogin: { check: ReturnType<typeof createFreshLogin>; client: OAuthClient } | undefined;
  /** Exchanges a code of the authorization server; undefined for one that does not work. */
  redeemSession: (code: SessionCode) => Promise<SessionRecord | undefined>;
  used: UsedStore;
  revocations: RevocationStore;
  cookieName: string;
  /** How many exchanges from one address may be refused in a minute before it has to wait. Default 20. */
  refusedExchanges?: number | undefined;
}

interface SessionCode {
  code: string;
  verifier: string;
  redirectUri: string;
  address: string | undefined;
}

class Refusal extends Error {
  readonly status: number;
  readonly code: string;
  readonly retryAfter: number | undefined;
  constructor(status: number, code: string, message: string, retryAfter?: number) {
    super(message);
    this.status = status;
    this.code = code;
    this.retryAfter = retryAfter;
  }
}

/** Fits two tokens with a hundred groups of full length, and a refresh token. */
const longestBody = '64kb';
const token = z.string().min(1).max(40_000);
const tokens = z.strictObject({ id_token: token, access_token: token, refresh_token: token.optional() });
const code = z.strictObject({ code: token, code_verifier: token, redirect_uri: token });
const body = z.union([code, tokens]);

/**
 * `POST /oauth2/session` exchanges the code of the command line's login for a session cookie's value, or the tokens of a fresh
 * login of an older command line. For programs only: it does not depend on cookies, and no page may use it.
 */
export function sessionExchange(deps: SessionExchangeDeps): Router {
  const router = Router();
  const path = '/oauth2/session';
  const refused = createTally(deps.refusedExchanges ?? 20);
  const answer: RequestHandler = async (req, res) => void res.json(await exchange(deps, req));
  router.post(path, admit(refused), express.json({ limit: longestBody, type: 'application/json' }), answer);
  router.use(path, showRefusal(deps, refused));
  return router;
}

/** The checks before the body is read. */
function admit(refused: Tally): RequestHandler {
  return (req, res, next) => {
    res.set('Cache-Control', 'no-store');
    const wait = refused.waitFor(networkOf(req.get('x-real-ip') ?? ''));
    if (wait !== undefined) throw new Refusal(429, 'too_many_tries', `Too many tries. Wait ${wait} s.`, wait);
    if (req.get('origin') !== undefined || req.get('sec-fetch-site') !== undefined)
      throw new Refusal(403, 'origin_not_allowed', 'No web page may do this, only the command line.');
    if (!/^application\/json *(; *charset="?utf-8"?)?$/i.test(req.get('content-type') ?? ''))
      throw new Refusal(415, 'type_not_accepted', 'Send JSON, with the content type application/json.');
    next();
  };
}

async function exchange(deps: SessionExchangeDeps, req: Request) {
  const sent = body.safeParse(req.body);
  if (!sent.success)
    throw new Refusal(
      400,
      'request_unreadable',
      'Send code, code_verifier and redirect_uri, or the tokens of a login.',
    );
  const address = req.get('x-real-ip');
  if (!('code' in sent.data)) return answerOf(deps, await byTokens(deps, sent.data, address));
  const { code, code_verifier: verifier, redirect_uri: redirectUri } = sent.data;
  const record = await deps.redeemSession({ code, verifier, redirectUri, address });
  if (!record) throw new Refusal(401, 'login_refused', codeRefused);
  return answerOf(deps, { record, value: await cookieValueOf(deps, record, record.groups) });
}

const codeRefused = 'The code was used, is older than a minute, or belongs to another login. Log in again.';

async function byTokens(deps: SessionExchangeDeps, sent: z.output<typeof tokens>, address: string | undefined) {
  if (!deps.cliLogin) throw new Refusal(404, 'exchange_off', exchangeOff);
  const { check, client } = deps.cliLogin;
  const login = await check(sent);
  const { subject, username, originJti, authTime } = login;
  if (deps.revocations.covers(authTime, { users: [subject, username], clients: [client.settings.clientId] }))
    throw new Refusal(401, 'access_revoked', 'An administrator has ended this access. Log in again.');
  if (!(await deps.used.use(`session exchange ${originJti} ${authTime}`, authTime + 2 * freshSeconds)))
    throw new Refusal(401, 'login_used', 'This login has been exchanged already. Log in again.');
  // Refreshed at once: a refresh token of another login must not be attached to this one, and without a refresh token the
  // session must not last longer than the groups in the tokens are valid.
  const { refresh_token: kept } = sent;
  const shownName = shownNameOf(login.claims, client.settings.nameClaims ?? []);
  const person =
    kept === undefined ? { ...login, shownName, refreshToken: undefined } : await client.refresh(kept, subject);
  return await openSession(deps, client.settings, { ...person, address });
}

const exchangeOff = `This gateway takes no logins of the user pool. Update mcp-gateway to ${version} or newer, and log in again.`;

/** What a command line keeps. */
function answerOf(deps: SessionExchangeDeps, { value, record }: { value: string; record: SessionRecord }) {
  const { groups } = personInGroups(deps.policy(), record.groups);
  const { expiresAt } = record;
  return { cookie_name: deps.cookieName, cookie: value, expires_at: expiresAt, username: record.username, groups };
}

/**
 * Errors from reading the body contain the body, so the answer and the log get only their meaning. Refusals are counted by
 * address: with one limit for all, a stranger with a few addresses could keep everyone from logging in.
 */
function showRefusal({ log }: SessionExchangeDeps, refused: Tally): ErrorRequestHandler {
  return (error: unknown, req: Request, res: Response, _next) => {
    const { status, code, message, retryAfter } = asRefusal(error);
    const client = req.get('x-real-ip');
    if (client && status < 500 && status !== 404 && status !== 429) refused.note(networkOf(client));
    if (status >= 500) log.error({ code, client, err: new Error(message) }, 'login not exchanged for a session');
    else log.warn({ code, client, reason: message }, 'login not exchanged for a session');
    if (retryAfter !== undefined) res.set('Retry-After', String(retryAfter));
    res.status(status).json({ error: { code, message } });
  };
}

function asRefusal(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  if (error instanceof LoginRefused) return new Refusal(401, 'login_refused', error.message);
  if (error instanceof SignInEnded)
    return new Refusal(401, 'login_refused', 'The user pool refuses the refresh token. Log in again.');
  const { type } = error as { type?: unknown };
  if (type === 'entity.too.large') return new Refusal(413, 'body_too_large', `The body is larger than ${longestBody}.`);
  if (typeof type === 'string') return new Refusal(400, 'request_unreadable', 'The body is not readable JSON.');
  const what = error instanceof KeysUnavailable ? error.message : 'The gateway could not do that.';
  return new Refusal(503, 'unavailable', `${what} Log in again in a moment.`, 5);
}
