import { AuthorizationResponseError, ClientError, ResponseBodyError } from 'openid-client';
import { cleanText } from '../../common/text/clean.ts';

/** A login that failed, in words for the person: what happened, and what to do. The cause goes to the log. */
export class LoginFailure extends Error {
  readonly status: 400 | 403 | 404 | 429 | 502 | 503;
  readonly title: string;
  readonly lines: readonly string[];
  /** The page that the person wanted, if known: the next try leads there too. */
  next: string | undefined;
  /** Where to try again, if that is not the login page. */
  again: string | undefined;
  /** With 429: seconds to wait. */
  retryAfter: number | undefined;
  constructor(status: LoginFailure['status'], title: string, lines: readonly string[], cause?: unknown) {
    super(title, { cause });
    this.status = status;
    this.title = title;
    this.lines = lines;
  }
}

const again = 'Go back to the login page and try again.';
const administrator =
  'Tell an administrator; the log of the auth-server has the details, and npm run doctor finds most causes.';

/** Translates an error from the identity provider, or from the connection to it, for the person who is logging in. */
export function explainFailure(error: unknown, title: string): LoginFailure {
  if (error instanceof LoginFailure) return error;
  if (error instanceof AuthorizationResponseError) return refusedByProvider(error, title);
  if (error instanceof ResponseBodyError) return refusedAtExchange(error, title);
  if (error instanceof ClientError && error.code !== 'OAUTH_TIMEOUT' && !isNetworkError(error)) {
    const lines = [...(isAboutNonce(error) ? [foreignNonce] : []), again, administrator];
    return new LoginFailure(502, `The answer of ${title} could not be trusted`, lines, error);
  }
  return new LoginFailure(503, `${title} cannot be reached`, ['Wait a moment and try again.', administrator], error);
}

const foreignNonce =
  "The ID token's nonce is not that of this login: a login link was used again, or the login began at the provider.";

/** By the message: oauth4webapi has one code for every unexpected claim. */
function isAboutNonce(error: ClientError): boolean {
  const { message } = (error.cause ?? error) as Error;
  return /nonce/i.test(`${error.message} ${message}`);
}

const refusals: Record<string, string> = {
  invalid_scope:
    'Its app client does not allow one of the scopes openid, email, profile, aws.cognito.signin.user.admin. Cognito does not say which; npm run doctor does.',
  unauthorized_client: 'The app client may not use the authorization code grant.',
};

function refusedByProvider(error: AuthorizationResponseError, title: string): LoginFailure {
  const what = error.error_description === 'invalid_scope' ? 'invalid_scope' : error.error;
  const words = wordsOf(error);
  if (what === 'access_denied') return new LoginFailure(400, 'The login was cancelled', [...words, again], error);
  const hint = refusals[what] ?? `It said: ${what.replace(/[^\w.-]/g, '').slice(0, 60)}.`;
  const linked = /^Already found an entry for username/i.test(descriptionOf(error) ?? '') ? [justLinked] : [];
  const lines = [hint, ...words, ...linked, administrator];
  return new LoginFailure(400, `${title} refused the login`, lines, error);
}

const justLinked = 'The user pool has linked two of your accounts just now: log in once more.';

const longestDescription = 500;
/** Descriptions of Cognito that are codes, which the pages explain. */
const explained = ['invalid_scope', 'invalid_redirect'];

/**
 * What the provider said, to be shown as text: triggers of a user pool and SAML providers explain a refusal only here (RFC
 * 6749 sections 4.1.2.1 and 5.2).
 */
export function descriptionOf(error: unknown): string | undefined {
  const { error_description: said } = (error ?? {}) as { error_description?: unknown };
  if (typeof said !== 'string' || explained.includes(said)) return undefined;
  const text = cleanText(said, { replace: ' ' }).trim();
  if (text === '') return undefined;
  return text.length > longestDescription ? `${text.slice(0, longestDescription)}…` : text;
}

function wordsOf(error: unknown): string[] {
  const said = descriptionOf(error);
  return said === undefined ? [] : [`Its reason: ${said}`];
}

const exchangeHints: Record<string, readonly string[]> = {
  invalid_client: ['It does not accept the client id and secret that the gateway is configured with.'],
  invalid_grant: [
    'The login code was used already or is too old: perhaps this page was opened twice.',
    'If it happens at every login, the app client may not read the attributes email and email_verified.',
  ],
  unauthorized_client: ['The app client may not use the authorization code grant, or the callback URL differs.'],
};

function refusedAtExchange(error: ResponseBodyError, title: string): LoginFailure {
  const callback =
    error.error_description === 'invalid_redirect'
      ? ['The callback URL was another one when the login began: has REGISTRY_URL changed, or its last slash?']
      : undefined;
  const hints = callback ?? exchangeHints[error.error] ?? ['It refused to hand out the tokens.'];
  const words = wordsOf(error);
  return new LoginFailure(
    502,
    `${title} did not complete the login`,
    [...hints, ...words, again, administrator],
    error,
  );
}

function isNetworkError(error: ClientError): boolean {
  // By name: the TypeError of fetch may be from another realm.
  return (error.cause as Error | undefined)?.name === 'TypeError' || /fetch failed|network/i.test(error.message);
}
