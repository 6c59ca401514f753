import type { RequestHandler, Response } from 'express';
import type { ClientLogins } from '../../login/login.ts';
import { beginLogin } from '../../login/round-trip.ts';
import type { OAuthDeps } from '../deps.ts';
import type { AuthorizationRequest } from '../store/requests.ts';
import { openRequest } from './open-request.ts';
import { lockPerson } from './person.ts';
import { RequestRefused, requestGone } from './refusal.ts';

/** Leads to the login at the provider; with several, the person chooses. */
export function chooseLogin(
  { providers, pages }: OAuthDeps,
  res: Response,
  { uid, asked }: Pick<AuthorizationRequest, 'uid' | 'asked'>,
): void {
  const listed = [...providers.values()].filter(({ settings }) => !settings.unlisted);
  const ways = listed.map(({ settings }) => ({
    title: settings.title,
    address: `/oauth2/consent/${uid}/login/${settings.name}`,
  }));
  const [only] = ways;
  if (ways.length === 1 && only) res.set('Cache-Control', 'no-store').redirect(303, only.address);
  else
    pages.login(res, {
      ways,
      purpose: asked.client.kind === 'command line' ? 'For the command line.' : 'To connect your client.',
    });
}

/**
 * `GET /oauth2/consent/:uid/login/:provider` begins the login for a request: always a round trip of its own, because the
 * client's access needs a refresh token of its own at the provider. `?another` lets the person name another account.
 */
export function startRequestLogin(deps: OAuthDeps): RequestHandler {
  const { requests, browser, providers, publicUrl } = deps;
  return async (req, res) => {
    const { uid } = await openRequest(deps, req);
    const client = providers.get(String(req.params.provider));
    if (!client || client.settings.unlisted)
      throw new RequestRefused(400, 'There is no such way to log in', ['Start again in your client.']);
    const prompt = req.query.another === undefined ? undefined : 'login';
    const { attempt, url } = await beginLogin(client, publicUrl, prompt);
    await requests.addLogin(uid, browser.keep(req, res), { ...attempt, provider: client.settings.name });
    res.set('Cache-Control', 'no-store').redirect(303, url.href);
  };
}

/** The logins for requests, when they come back from the provider. They open no session of the browser. */
export function requestLogins(deps: OAuthDeps): ClientLogins {
  const { requests, browser, vault, policy, log } = deps;
  return {
    async take(req) {
      const [state, value] = [req.query.state, browser.currentValue(req)];
      if (typeof state !== 'string' || value === undefined) return undefined;
      const taken = await requests.takeLogin(state, value);
      if (!taken) return undefined;
      const { uid, login } = taken;
      const page = `/oauth2/consent/${uid}`;
      return {
        attempt: login,
        provider: login.provider,
        again: page,
        async finish(res, { settings }, person) {
          const request = await requests.find(uid, value);
          if (!request) throw requestGone();
          await requests.setPerson(request, await lockPerson(vault, policy(), settings, person));
          const { subject, username } = person;
          log.info({ subject, username, provider: settings.name }, 'logged in for a client');
          res.set('Cache-Control', 'no-store').redirect(303, page);
        },
      };
    },
  };
}
