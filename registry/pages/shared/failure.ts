import type { ErrorRequestHandler } from 'express';
import type { Logger } from '../../../common/service/log.ts';
import { personIfAny } from '../../access/guards.ts';
import { errorBody } from '../../errors/error-body.ts';
import { type ErrorCode, toRegistryError } from '../../errors/registry-error.ts';
import type { Render, View } from './render.ts';

const titles: Record<ErrorCode, string> = {
  identity_required: 'Not signed in',
  identity_unavailable: 'Sign-in cannot be checked',
  not_found: 'Not found',
  not_permitted: 'Not permitted',
  origin_refused: 'Wrong origin',
  session_required: 'Sign in with a browser',
  input_invalid: 'Something is missing or wrong',
  content_type_unsupported: 'Not understood',
  body_too_large: 'Too large',
  name_taken: 'The name is taken',
  name_fixed: 'Not changed here',
  changed_meanwhile: 'Changed meanwhile',
  policy_conflict: 'Changed meanwhile',
  policy_fixed: 'Not changed here',
  server_disabled: 'The server is disabled',
  upstream_refused: 'The address is refused',
  route_refused: 'The route is refused',
  store_unavailable: 'The database does not answer',
  audit_unavailable: 'The decisions cannot be read',
  account_unavailable: 'The access cannot be read',
  policy_unavailable: 'The policy cannot be read',
  internal_error: 'Something went wrong',
};

const hints: Partial<Record<ErrorCode, string>> = {
  identity_unavailable: 'The auth-server may be starting. Reload this page in a moment.',
  audit_unavailable: 'Reload this page in a moment. The decision log of the auth-server has every decision.',
  account_unavailable: 'Reload this page in a moment. An administrator can end access with the command revoke.',
  policy_unavailable: 'Reload this page in a moment. The policy in force stays as it is.',
  session_required: 'If you signed in a moment ago, your session has ended since. Reload this page to sign in.',
  body_too_large: 'Go back: your browser has kept what you typed. Nothing was saved.',
  origin_refused: 'Open the page again from the list of servers, and send it from there. Nothing was changed.',
  not_found: 'Check the address, or pick a server from the list. Servers you have no permission for look the same.',
  internal_error:
    'Reload this page. If it happens again, an administrator finds the reason in the log of the registry.',
};

/**
 * Turns every refusal into its answer: JSON `{error: {code, message}}`, with `faults` for invalid input, or a page if the
 * browser asked for one. Logs our own failures, and refused identities with their reason but without the assertion.
 */
export function createFailureHandler(publicUrl: string, render: Render, log: Logger): ErrorRequestHandler {
  return (thrown: unknown, req, res, next) => {
    const error = toRegistryError(thrown);
    const about = { code: error.code, path: req.path };
    if (error.status >= 500) log.error({ ...about, err: error.cause ?? thrown }, error.message);
    else if (error.code === 'identity_required')
      log.warn({ ...about, reason: reasonOf(error.cause) }, 'identity refused');
    if (res.headersSent) return next(thrown);

    // `GET /register` is our page; `POST /register` is the route of the Python original.
    const isForm = req.method === 'GET' && req.path === '/register';
    const body = isForm ? undefined : errorBody(req.originalUrl, error);
    if (body || req.accepts(['json', 'html']) !== 'html') {
      const { code, message, faults } = error;
      res.status(error.status).json(body ?? { error: { code, message, ...(faults && { faults }) } });
      return;
    }
    const title = titles[error.code];
    // This page has no header and no stylesheet: its reader may not fetch one.
    if (error.code === 'identity_required')
      return render<View & { publicUrl: string }>(res, error.status, 'layout/no-identity', { title, publicUrl });
    const view = {
      title,
      person: personIfAny(req),
      status: error.status,
      text: error.message,
      hint: hints[error.code] ?? '',
    };
    render<View & typeof view>(res, error.status, 'layout/message', view);
  };
}

function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return 'no assertion, or one that lives too long';
  return 'code' in cause ? `${cause.code}: ${cause.message}` : cause.name;
}
