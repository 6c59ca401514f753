import { AuthorizationResponseError, ClientError, ResponseBodyError } from 'openid-client';
import { CommandError, exitCodes, usageError } from '../lib/failure.ts';
import { safeText } from '../lib/print.ts';
import { networkReason } from '../lib/watched-fetch.ts';
import { callbackUrl } from './callback-server.ts';

interface Client {
  clientId: string;
  file: string;
}

/** Explains an error that Cognito would show the browser on its own error page. */
export function refusedCallback(error: string, { clientId, file }: Client): CommandError {
  if (error === 'redirect_mismatch') {
    const message = `The user pool does not know the callback URL ${callbackUrl} for app client ${clientId} (redirect_mismatch).`;
    const hints = [
      `Cognito console > App clients > ${clientId} > Login pages > Edit > Allowed callback URLs: add it, letter by letter.`,
    ];
    return usageError(message, hints);
  }
  const message = `The user pool does not know the app client ${clientId} (${safeText(error).slice(0, 60)}).`;
  return usageError(message, [`Compare COGNITO_CLIENT_ID in ${file} with the app client.`]);
}

const again = 'Log in again: mcp-gateway login';

/** Explains an error of the user pool, or of the connection to it. */
export function explainLogin(error: unknown, client: Client): CommandError {
  if (error instanceof CommandError) return error;
  if (error instanceof AuthorizationResponseError) return refusedByPool(error, client);
  if (error instanceof ResponseBodyError) return refusedAtExchange(error, client);
  if (error instanceof ClientError && !isNetworkError(error)) return untrustedAnswer(error);
  const message = `The user pool cannot be reached (${networkReason(error)}).`;
  const hints = [`COGNITO_USER_POOL_ID says which it is (${client.file}). With the demo: is npm run up running?`];
  return new CommandError(exitCodes.unreachable, message, { hints, cause: error });
}

function refusedByPool(error: AuthorizationResponseError, { clientId }: Client): CommandError {
  const code = error.error_description === 'invalid_scope' ? 'invalid_scope' : error.error;
  const known: Record<string, [string, string]> = {
    access_denied: ['The login was cancelled.', again],
    invalid_scope: [
      `App client ${clientId} does not allow the scope openid (invalid_scope).`,
      `App clients > ${clientId} > Login pages > Edit > OpenID Connect scopes: choose openid.`,
    ],
    unauthorized_client: [
      `App client ${clientId} may not use the authorization code grant (unauthorized_client).`,
      `App clients > ${clientId} > Login pages > Edit > Grant type: Authorization code.`,
    ],
  };
  const [message, hint] = known[code] ?? [`The user pool refused the login (${safeText(code).slice(0, 60)}).`, again];
  return new CommandError(exitCodes.notLoggedIn, message, { hints: [hint], cause: error });
}

function refusedAtExchange(error: ResponseBodyError, { clientId, file }: Client): CommandError {
  const known: Record<string, [string, string]> = {
    invalid_client: [
      `The user pool refused app client ${clientId} (invalid_client).`,
      `Compare COGNITO_CLIENT_ID and COGNITO_CLIENT_SECRET in ${file}; a public client has no secret: leave it empty.`,
    ],
    invalid_grant: [
      'The login code was already used or has expired (invalid_grant).',
      `${again}. If it happens each time: App clients > Attribute permissions.`,
    ],
  };
  const [message, hint] = known[error.error] ?? [
    `The user pool did not complete the login (${safeText(error.error).slice(0, 60)}).`,
    again,
  ];
  return new CommandError(exitCodes.notLoggedIn, message, { hints: [hint], cause: error });
}

function untrustedAnswer(error: ClientError): CommandError {
  const { message } = (error.cause ?? error) as Error;
  const text = `${error.message} ${message}`;
  const why = /nonce/i.test(text)
    ? ' Its nonce belongs to another login.'
    : /state/i.test(text)
      ? ' It belongs to another login (state).'
      : '';
  return new CommandError(exitCodes.notLoggedIn, `The answer of the user pool is not trusted.${why}`, {
    hints: [again],
    cause: error,
  });
}

/** Checks names and texts, because fetch may throw another realm's TypeError. */
function isNetworkError(error: ClientError): boolean {
  const timedOut = error.code === 'OAUTH_TIMEOUT';
  return (
    timedOut || (error.cause as Error | undefined)?.name === 'TypeError' || /fetch failed|network/i.test(error.message)
  );
}
