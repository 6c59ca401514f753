import { nowInSeconds } from '../../common/time/now.ts';
import { ownSession } from '../account/own-session.ts';
import { sameSubjects } from '../cognito/providers.ts';
import { revokeAtProvider } from '../login/end-at-provider.ts';
import type { LoginDeps } from '../login/login.ts';
import { LoginFailure } from '../login/login-failure.ts';
import { addRecord } from '../login/open-session.ts';
import { kindOfResource } from '../oauth/consent/permits.ts';
import { type PersonalDeps, refuseTooMany, tryAgain } from './deps.ts';

/**
 * Makes a personal token for the person who has come back from the login for it, and shows it this once.
 * @returns the last step of such a login. It throws a {@link LoginFailure} if another person came back, their session has
 *   ended since, or the provider gave no refresh token
 */
export function personalFinish(deps: PersonalDeps): LoginDeps['finishPersonal'] {
  const { personalTokens, publicUrl, providers, log } = deps;
  return async (res, client, person, { name, resource, hours, sid: session }) => {
    const { settings } = client;
    const { subject, username, refreshToken } = person;
    const refuse = (...lines: string[]): never => {
      // Not awaited: nothing of ours depends on it.
      if (refreshToken !== undefined) void revokeAtProvider(client, refreshToken, log);
      throw tryAgain(new LoginFailure(403, 'No token was made', lines));
    };
    const claims = { sid: session, sub: subject, auth_method: 'session_cookie' };
    const own = await ownSession(deps, claims);
    if (!own || !sameSubjects(providers, own.provider).includes(settings.name))
      return refuse('Another person has signed in than the one who asked, or that sign-in has ended since.');
    if (personalTokens.mostDays * 24 < hours) return refuse('Tokens may not last as long any more.');
    if (refreshToken === undefined)
      return refuse(`${settings.title} gives no refresh token. Without one, a token would end within minutes.`);
    await refuseTooMany(deps, own);
    const { token, sid } = personalTokens.make();
    const loggedInAt = nowInSeconds();
    const expiresAt = loggedInAt + hours * 3_600;
    const ofToken = {
      kind: 'personal',
      oauthClient: undefined,
      oauthClientName: name,
      idleSeconds: undefined,
    } as const;
    await addRecord(deps, settings, person, { ...ofToken, resource, expiresAt }, { sid, loggedInAt });
    const ends = new Date(expiresAt * 1000);
    log.info(
      { subject, username, token_name: name, resource, ends: ends.toISOString() },
      'a person has made a personal token',
    );
    const kind = kindOfResource(publicUrl, resource);
    const server = kind.kind === 'server' ? kind.server : 'gateway';
    const place = kind.kind === 'server' ? `${server} only` : 'all your servers';
    deps.pages.personalToken(res, { name, server, place, resource, token, ends, provider: settings.title });
  };
}
