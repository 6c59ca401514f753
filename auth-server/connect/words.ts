import { ConnectFailure, type ConnectFailureCode } from '../accounts/accounts.ts';
import { LoginFailure } from '../login/login-failure.ts';
import { connectPath } from './deps.ts';

const administrator = 'Tell an administrator; the log of the auth-server has the details.';

const failures: Record<ConnectFailureCode, { status: LoginFailure['status']; lines: readonly string[] }> = {
  declined: { status: 400, lines: ['You have not agreed there, or the provider does not let you.'] },
  provider_unavailable: {
    status: 503,
    lines: ['The provider does not answer at the moment. Wait a moment and try again.'],
  },
  provider_unusable: { status: 502, lines: ['What the provider says cannot be used as it is.', administrator] },
  answer_invalid: {
    status: 400,
    lines: [
      'The answer does not belong to what you have begun here. Begin again, and do not follow links that others send you.',
    ],
  },
  entry_changed: { status: 400, lines: ['An administrator has changed how this server is connected. Begin again.'] },
};

/** What the person reads: our own words, whatever a provider says. The cause goes to the log. */
export function explain(error: unknown, server: string): unknown {
  if (!(error instanceof ConnectFailure)) return error;
  const { status, lines } = failures[error.code];
  return again(new LoginFailure(status, 'Nothing was connected', lines, error), server);
}

/** Lets the page of a failure lead back to the server's page. */
export function again(failure: LoginFailure, server: string): LoginFailure {
  return Object.assign(failure, { again: connectPath(server) });
}

const ofScopes: Readonly<Record<string, string>> = {
  openid: 'know which account is yours',
  profile: 'read your name',
  email: 'read your email address',
  offline_access: 'stay connected while you are away',
};

/** Scopes as a person may understand them: few have words, the others are the provider's own names. */
export function scopesInWords(scopes: readonly string[]): { words: string[]; names: string[] } {
  const known = scopes.filter((scope) => Object.hasOwn(ofScopes, scope));
  return {
    words: known.map((scope) => ofScopes[scope] ?? scope),
    names: scopes.filter((scope) => !known.includes(scope)),
  };
}
