import express, { type RequestHandler, Router } from 'express';
import { createNetworkLimit, limitEach } from '../limits/rate-limit.ts';
import { LoginFailure } from '../login/login-failure.ts';
import { refusePrefetch } from '../oauth/consent/browser.ts';
import { takeApproval } from './answer.ts';
import { type ApprovalPagesDeps, listPath } from './deps.ts';
import { showApproval, showList } from './show.ts';

const formBody = express.urlencoded({ extended: false, limit: '4kb', inflate: false });

/** Each approval begins a login. A whole company may have one address. */
const perMinute = 600;

/** Where people approve held calls, in the order in which a person uses it. After cookie-parser. */
export function approvalRoutes(deps: ApprovalPagesDeps): Router {
  const router = Router({ caseSensitive: true, strict: true });
  const page = `${listPath}/:id`;
  router.get([listPath, page], refusePrefetch);
  router.get(listPath, showList(deps));
  router.get(page, showApproval(deps));
  router.post(page, limited(), formBody, takeApproval(deps));
  return router;
}

function limited(): RequestHandler {
  const tooMany = (seconds: number) =>
    Object.assign(
      new LoginFailure(429, 'Wait a moment', [
        'Too many calls are being answered from your network.',
        `Try again in ${seconds} s.`,
      ]),
      { retryAfter: seconds },
    );
  return limitEach(createNetworkLimit(perMinute, tooMany));
}
