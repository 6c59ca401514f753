import express, { type RequestHandler, Router } from 'express';
import { createNetworkLimit, limitEach } from '../limits/rate-limit.ts';
import { LoginFailure } from '../login/login-failure.ts';
import { refusePrefetch } from '../oauth/consent/browser.ts';
import { takeAnswer } from './answer.ts';
import { callbackPath, takeCallback } from './callback.ts';
import type { ConnectDeps } from './deps.ts';
import { showConnect } from './page.ts';

const formBody = express.urlencoded({ extended: false, limit: '4kb', inflate: false });

/** Each costs a question to a provider. A whole company may have one address. */
const perMinute = 600;

/** Where people connect their own accounts at servers, in the order in which a person uses it. After cookie-parser. */
export function connectRoutes(deps: ConnectDeps): Router {
  const router = Router({ caseSensitive: true, strict: true });
  const page = '/accounts/connect/:server';
  const limit = limited();
  router.get([page, callbackPath], refusePrefetch);
  router.get(page, showConnect(deps));
  router.post(page, limit, formBody, takeAnswer(deps));
  router.get(callbackPath, limit, takeCallback(deps));
  // What providers read about the gateway when it registers itself by this address.
  router.get('/oauth2/accounts/client.json', (_req, res) => {
    res.set('Cache-Control', 'public, max-age=300').json(deps.connections.clientDocument());
  });
  return router;
}

function limited(): RequestHandler {
  const tooMany = (seconds: number) =>
    Object.assign(
      new LoginFailure(429, 'Wait a moment', [
        'Too many accounts are being connected from your network.',
        `Try again in ${seconds} s.`,
      ]),
      { retryAfter: seconds },
    );
  return limitEach(createNetworkLimit(perMinute, tooMany));
}
