import type { RequestListener } from 'node:http';
import cookieParser from 'cookie-parser';
import express, { type ErrorRequestHandler, type Express } from 'express';
import helmet from 'helmet';
import { type DecisionsDoorDeps, decisionsDoor } from './decisions/read-endpoint.ts';
import { createResourceMetadata, type MetadataSettings } from './gate/metadata.ts';
import { type RelayDoorDeps, relayDoor } from './gate/relay-callbacks.ts';
import { createValidate, type ValidateDeps } from './gate/validate.ts';
import { type LoginDeps, loginRoutes } from './login/login.ts';
import { LoginFailure } from './login/login-failure.ts';
import { type SessionExchangeDeps, sessionExchange } from './login/session-exchange.ts';
import { createHealth, type HealthSettings } from './process/health.ts';

export type AppDeps = ValidateDeps &
  LoginDeps &
  HealthSettings &
  MetadataSettings &
  RelayDoorDeps &
  DecisionsDoorDeps &
  SessionExchangeDeps;

const pageSecurity = {
  useDefaults: false,
  directives: {
    'default-src': ["'none'"],
    'style-src': ["'self'"],
    'img-src': ["'self'"],
    'base-uri': ["'none'"],
    'frame-ancestors': ["'none'"],
    'form-action': ["'self'"],
  },
};

/**
 * The auth-server's routes. `/validate` is answered before Express sees the request: it is asked for every request that
 * anybody makes, needs nothing of the rest, and finding a route takes Express as long as all else takes the decision.
 */
export function createApp(deps: AppDeps): RequestListener {
  const validate = createValidate(deps);
  const rest = createPagesApp(deps);
  return (req, res) => {
    if (req.url === '/validate' && (req.method === 'POST' || req.method === 'GET')) validate(req, res);
    else rest(req, res);
  };
}

function createPagesApp(deps: AppDeps): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('query parser', 'simple');

  // same-origin: with no-referrer a browser sends `Origin: null` with the logout form, and the form would be refused.
  const referrerPolicy = { policy: 'same-origin' } as const;
  app.use(helmet({ contentSecurityPolicy: pageSecurity, strictTransportSecurity: false, referrerPolicy }));
  app.get('/health', createHealth(deps));
  app.get('/.well-known/jwks.json', async (_req, res) => {
    const keys = await deps.assertions.jwks();
    res.set('Cache-Control', 'public, max-age=300').json(keys);
  });
  app.get(/^\/\.well-known\/oauth-protected-resource(\/|$)/, createResourceMetadata(deps));
  app.use('/oauth2/static', express.static(`${import.meta.dirname}/login/public`, { index: false, maxAge: '1h' }));

  app.use(relayDoor(deps));
  app.use(decisionsDoor(deps));
  // Before anything reads a cookie.
  app.use(sessionExchange(deps));
  app.use(cookieParser());
  app.use(loginRoutes(deps));
  app.use((_req, res) => {
    res.status(404).json({ error: { code: 'not_found', message: 'There is nothing here.' } });
  });
  app.use(showFailure(deps));
  return app;
}

function showFailure({ pages, log }: AppDeps): ErrorRequestHandler {
  return (error, _req, res, _next) => {
    const failure = error instanceof LoginFailure ? error : ownFault(error);
    log[failure.status >= 500 ? 'error' : 'warn']({ err: failure.cause, status: failure.status }, failure.title);
    pages.failure(res, failure);
  };
}

function ownFault(cause: unknown): LoginFailure {
  const lines = [
    'Wait a moment and try again.',
    'If it stays, tell an administrator; the log of the auth-server says more.',
  ];
  return new LoginFailure(503, 'The gateway could not do that', lines, cause);
}
