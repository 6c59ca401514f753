import { isIP } from 'node:net';
import { fileURLToPath } from 'node:url';
import cookieParser from 'cookie-parser';
import express, { type ErrorRequestHandler, type Express, type RequestHandler, type Router } from 'express';
import type { Logger } from '../common/service/log.ts';
import { type Control, createControl } from './control.ts';
import { revokeEndpoint, userInfoEndpoint } from './endpoints/account-endpoints.ts';
import { hostedUi } from './endpoints/hosted-ui.ts';
import { createPages, type Pages, securityHeaders, sendPage } from './endpoints/pages.ts';
import { tokenEndpoint, tokenPreflight } from './endpoints/token-endpoint.ts';
import type { PoolKeys } from './pool/keys.ts';
import { createPool, type Pool } from './pool/pool.ts';
import { OIDC_SCOPES, type Seed } from './pool/seed.ts';
import { jwks } from './pool/tokens.ts';

/** Options of a stand-in. */
export interface CognitoOptions {
  seed: Seed;
  keys: PoolKeys;
  /** Public URL without a trailing slash: `http://localhost:9500`. */
  publicUrl: string;
  /** Milliseconds since 1970. */
  now?: () => number;
  log?: Logger;
  /** Keeps the sign-ins over a restart: without it, the gateway's sessions end when their groups are next confirmed. */
  signInsFile?: string | undefined;
}

/**
 * A stand-in for one Amazon Cognito user pool: the pool's host (discovery, JWKS) and its domain (sign-in, OAuth
 * endpoints) in one Express app. It refuses what Cognito refuses; where AWS documents nothing, a comment says "Assumed".
 * @returns the app, and the hooks by which a test in the same process controls it
 */
export function createCognito(options: CognitoOptions): { app: Express; control: Control } {
  const pool = createPool(options.seed, options.keys, options.publicUrl, options.now ?? Date.now, options.signInsFile);
  const pages = createPages(pool);
  const { control, middleware } = createControl(pool);
  const app = express();
  app.disable('x-powered-by');
  app.enable('case sensitive routing');
  app.use(securityHeaders, poolTime(pool), knownHostOnly(pool), middleware, requestLog(options.log));
  app.use(express.static(fileURLToPath(new URL('public', import.meta.url)), { index: false, maxAge: '1h' }));
  app.use(poolHost(pool));
  app.use(cookieParser(), express.text({ type: 'application/x-www-form-urlencoded', limit: '16kb' }));
  app.options('/oauth2/token', tokenPreflight);
  app.post('/oauth2/token', (req, res) => tokenEndpoint(pool, req, res));
  app.post('/oauth2/revoke', (req, res) => revokeEndpoint(pool, req, res));
  app.get('/oauth2/userInfo', (req, res) => userInfoEndpoint(pool, req, res));
  app.post('/oauth2/userInfo', (req, res) => userInfoEndpoint(pool, req, res));
  app.use(hostedUi(pool, pages));
  app.use((_req, res) => sendPage(res, pages.error(404, 'There is no such page here.')));
  app.use(onError(pages, options.log));
  return { app, control };
}

/** Discovery, JWKS and health. Discovery lacks what the real document lacks (PKCE methods, grant types, registration). */
function poolHost(pool: Pool): Router {
  const router = express.Router({ caseSensitive: true });
  const { publicUrl, issuer } = pool;
  const wellKnown = `/${pool.seed.pool_id}/.well-known`;
  router.get('/health', (_req, res) => void res.json({ status: 'ok', pool: pool.seed.pool_id, issuer }));
  router.get(
    `${wellKnown}/jwks.json`,
    (_req, res) => void res.json(pool.faults.has('no-keys') ? { keys: [] } : jwks(pool)),
  );
  router.get(`${wellKnown}/openid-configuration`, (_req, res) => {
    // Without a domain, the document names addresses at the pool's host, which answers no browser.
    const domain = pool.faults.has('no-domain') ? issuer : publicUrl;
    const at = pool.faults.has('no-domain') ? issuer : `${publicUrl}/oauth2`;
    res.json({
      authorization_endpoint: `${at}/authorize`,
      end_session_endpoint: `${domain}/logout`,
      id_token_signing_alg_values_supported: ['RS256'],
      issuer,
      jwks_uri: `${issuer}/.well-known/jwks.json`,
      response_types_supported: ['code', 'token'],
      revocation_endpoint: `${at}/revoke`,
      scopes_supported: OIDC_SCOPES,
      subject_types_supported: ['public'],
      token_endpoint: `${at}/token`,
      token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
      userinfo_endpoint: `${at}/userInfo`,
    });
  });
  return router;
}

/** The Date header comes from the pool's clock, so that a client can detect a difference to its own. */
function poolTime(pool: Pool): RequestHandler {
  return (_req, res, next) => {
    res.set('Date', new Date(pool.seconds() * 1000).toUTCString());
    next();
  };
}

/**
 * Answers only to its own names: the public name, IP addresses, and names without a dot (localhost, a compose service).
 * Otherwise a web page could point its own domain here and read the answers (DNS rebinding).
 */
function knownHostOnly(pool: Pool): RequestHandler {
  const publicHost = new URL(pool.publicUrl).hostname;
  return (req, res, next) => {
    const name = URL.parse(`http://${req.get('host')}`)?.hostname ?? '';
    const bare = name.replace(/^\[|\]$/g, '');
    if (name && (name === publicHost || isIP(bare) > 0 || !name.includes('.'))) return next();
    res.status(421).json({ error: 'misdirected_request', error_description: `reach this pool at ${pool.publicUrl}` });
  };
}

/** Logs method, path and status only: queries and bodies of these endpoints hold codes, secrets and passwords. */
function requestLog(log: Logger | undefined): RequestHandler {
  return (req, res, next) => {
    const { method, path } = req;
    res.once('finish', () => log?.debug({ method, path, status: res.statusCode }, 'answered'));
    next();
  };
}

function onError(pages: Pages, log: Logger | undefined): ErrorRequestHandler {
  return (error: Error & { status?: number }, req, res, next) => {
    if (res.headersSent) return next(error);
    const clientsFault = error.status !== undefined && error.status < 500;
    if (!clientsFault) log?.error({ err: error, path: req.path }, 'failed');
    const reason = clientsFault ? 'invalid_request' : 'server_error';
    const status = clientsFault ? 400 : 500;
    if (req.path.startsWith('/oauth2/')) res.status(status).json({ error: reason });
    else sendPage(res, pages.error(status, reason));
  };
}
