import type { IncomingMessage, RequestListener } from 'node:http';
import cookieParser from 'cookie-parser';
import express, { type ErrorRequestHandler, type Express } from 'express';
import helmet from 'helmet';
import { accountDoor } from './account/door.ts';
import type { OwnLimitsDeps } from './account/limits.ts';
import type { ApprovalPagesDeps } from './approvals/deps.ts';
import { approvalFinish } from './approvals/finish.ts';
import { approvalRoutes } from './approvals/routes.ts';
import type { Connecting } from './connect/deps.ts';
import { connectRoutes } from './connect/routes.ts';
import { type ExportDoorDeps, exportDoor } from './decisions/door/export.ts';
import { type DecisionsDoorDeps, decisionsDoor } from './decisions/door/page.ts';
import { type UsageDoorDeps, usageDoor } from './decisions/door/usage.ts';
import { createResourceMetadata, type MetadataSettings } from './gate/metadata.ts';
import { type RelayCallbacksDeps, relayCallbacks } from './gate/relay-callbacks.ts';
import { createValidate, type ValidateDeps } from './gate/validate.ts';
import { isSignedIn } from './identity/identify.ts';
import { type LoginDeps, loginRoutes } from './login/login.ts';
import { descriptionOf, LoginFailure } from './login/login-failure.ts';
import { type SessionExchangeDeps, sessionExchange } from './login/session-exchange.ts';
import { requestLogins } from './oauth/consent/request-login.ts';
import type { OAuthDeps } from './oauth/deps.ts';
import { sessionRedeemer } from './oauth/grants/session.ts';
import { oauthRoutes } from './oauth/routes.ts';
import { type PeopleDoorDeps, peopleDoor } from './people/door.ts';
import { personalRoutes } from './personal/ask.ts';
import { personalFinish } from './personal/make.ts';
import { createHealth, type HealthSettings } from './process/health.ts';
import { type PolicyDoorDeps, policyDoor } from './versions/door.ts';

export type AppDeps = ValidateDeps &
  Omit<LoginDeps, 'isSignedIn' | 'clientLogins' | 'finishPersonal' | 'finishApproval'> &
  Pick<ApprovalPagesDeps, 'holdAnswers' | 'metrics' | 'auditEvents'> &
  HealthSettings &
  MetadataSettings &
  RelayCallbacksDeps &
  DecisionsDoorDeps &
  UsageDoorDeps &
  ExportDoorDeps &
  PeopleDoorDeps &
  PolicyDoorDeps &
  OwnLimitsDeps &
  Omit<SessionExchangeDeps, 'redeemSession'> & {
    /** The authorization server. */
    oauth: OAuthDeps;
    /** People's own accounts at servers; undefined where there are none. */
    connecting?: Connecting | undefined;
  };

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
 * The auth-server's routes, in order.
 * @param validate the handler of `/validate`, for a caller that also uses it without Express
 */
export function createApp(deps: AppDeps, validate: RequestListener = createValidate(deps)): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('query parser', 'simple');

  // A regular expression matches exactly, while a string also matches /validate/.
  app
    .route(/^\/validate$/)
    .get(validate)
    .post(validate);
  // same-origin: with no-referrer a browser sends `Origin: null` with the logout form, and the form would be rejected.
  const referrerPolicy = { policy: 'same-origin' } as const;
  app.use(helmet({ contentSecurityPolicy: pageSecurity, strictTransportSecurity: false, referrerPolicy }));
  app.get('/health', createHealth(deps));
  app.get('/.well-known/jwks.json', async (_req, res) => {
    const keys = await deps.assertions.jwks();
    res.set('Cache-Control', 'public, max-age=300').json(keys);
  });
  app.get(/^\/\.well-known\/oauth-protected-resource(\/|$)/, createResourceMetadata(deps));
  app.use('/oauth2/static', deps.pages.files);

  app.use(relayCallbacks(deps)); // /relay/ended, /relay/bindings, /relay/tasks, /relay/accounts, /relay/rounds
  app.use(decisionsDoor(deps)); // /decisions
  app.use(usageDoor(deps)); // /usage, /decisions/sums, /decisions/suggest
  app.use(exportDoor(deps)); // /decisions/export
  app.use(accountDoor(deps)); // /account, /account/limits, /account/end
  app.use(peopleDoor(deps)); // /people, /people/limits, /people/clients, /people/ended, /people/:id, /people/end
  app.use(policyDoor(deps)); // /policy, /policy/versions, /policy/judge, /policy/changes, /policy/proposals, /policy/drift, /policy/replay, /policy/source
  app.use(sessionExchange({ ...deps, redeemSession: sessionRedeemer(deps.oauth) })); // /oauth2/session, which must not depend on a cookie
  app.use(cookieParser());
  // /oauth2/authorize, /oauth2/consent, /oauth2/token, /oauth2/revoke, /oauth2/jwks
  app.use(oauthRoutes(deps.oauth));
  app.use(personalRoutes(deps)); // /oauth2/personal-token
  // /accounts/connect/:server, /oauth2/accounts/callback, /oauth2/accounts/client.json
  if (deps.connecting) app.use(connectRoutes({ ...deps, ...deps.connecting }));
  app.use(approvalRoutes(deps)); // /approvals, /approvals/:id
  const isKnown = ({ headers }: IncomingMessage) => isSignedIn(deps, headers);
  const afterLogin = {
    clientLogins: requestLogins(deps.oauth),
    finishPersonal: personalFinish(deps),
    finishApproval: approvalFinish(deps),
  };
  app.use(loginRoutes({ ...deps, isSignedIn: isKnown, ...afterLogin })); // /login, /oauth2/providers, /oauth2/login, /oauth2/callback, /oauth2/logout
  app.use((_req, res) => {
    res.status(404).json({ error: { code: 'not_found', message: 'There is nothing here.' } });
  });
  app.use(showFailure(deps));
  return app;
}

function showFailure({ pages, log }: AppDeps): ErrorRequestHandler {
  return (error, _req, res, _next) => {
    const failure = error instanceof LoginFailure ? error : internalFailure(error);
    log[failure.status >= 500 ? 'error' : 'warn'](
      { err: failure.cause, provider_said: descriptionOf(failure.cause), status: failure.status },
      failure.title,
    );
    pages.failure(res, failure);
  };
}

function internalFailure(cause: unknown): LoginFailure {
  const lines = [
    'Wait a moment and try again.',
    'If it happens again, tell an administrator. The log of the auth-server has the details.',
  ];
  return new LoginFailure(503, 'The gateway could not do that', lines, cause);
}
