import express, { type RequestHandler, type Response, Router } from 'express';
import { LoginFailure } from '../login/login-failure.ts';
import { beginLogin } from '../login/round-trip.ts';
import { permitsOf } from '../oauth/consent/permits.ts';
import type { SessionRecord } from '../store/session-record.ts';
import { longestName, readWanted, type Wanted } from './asked.ts';
import { asking, formPath, type PersonalDeps, refuseTooMany, tryAgain } from './deps.ts';

const formBody = express.urlencoded({ extended: false, limit: '4kb', inflate: false });

/**
 * `GET /oauth2/personal-token` shows the form for a personal token, `POST` begins the login at the provider after which it is
 * made: its record needs a refresh token of its own, and an unattended browser must not make one. After cookie-parser.
 */
export function personalRoutes(deps: PersonalDeps): Router {
  const router = Router({ caseSensitive: true, strict: true });
  router.use(formPath, (_req, _res, next) => {
    if (deps.personalTokens.mostDays > 0) return next();
    throw new LoginFailure(404, 'There are no personal tokens here', ['An administrator has turned them off.']);
  });
  router.get(formPath, async (req, res) => {
    const own = await asking(deps, req);
    if (!own) return res.redirect(303, '/login?redirect_uri=/account');
    const server = typeof req.query.server === 'string' ? req.query.server.slice(0, 500) : '';
    showForm(deps, res, own, { name: '', server, hours: Math.min(deps.personalTokens.mostDays, 30) * 24 });
  });
  router.post(formPath, formBody, beginToken(deps));
  return router;
}

function beginToken(deps: PersonalDeps): RequestHandler {
  const { publicUrl, providers, attempts, personalTokens, policy } = deps;
  return async (req, res) => {
    // Browsers send Origin with every POST; `null` comes from a sandbox.
    if (req.get('origin') !== publicUrl)
      throw tryAgain(new LoginFailure(403, 'No token was made', ['Another site has sent this form.']));
    const own = await asking(deps, req);
    const client = own && providers.get(own.provider);
    if (!client) return res.redirect(303, '/login?redirect_uri=/account');
    const { wanted, place, fault } = readWanted(publicUrl, personalTokens.mostDays, req.body);
    if (!place) return showForm(deps, res, own, wanted, fault);
    // The same words for a server that does not exist.
    if (!permitsOf(policy(), own.groups, place.kind).any) {
      const what =
        place.kind.kind === 'server' ? `a server named ${place.kind.server}` : 'all your servers at one address';
      return showForm(deps, res, own, wanted, `No rule of this gateway lets you use ${what}.`);
    }
    await refuseTooMany(deps, own);
    const { attempt, url } = await beginLogin(client, publicUrl, 'login');
    const personal = { name: wanted.name, resource: place.resource, hours: wanted.hours, sid: own.sid };
    attempts.prune(req, res);
    await attempts.keep(res, { ...attempt, next: formPath, provider: client.settings.name, personal });
    deps.pages.personalSignIn(res, url.href, client.settings.title);
  };
}

function showForm(deps: PersonalDeps, res: Response, own: SessionRecord, wanted: Wanted, fault?: string): void {
  const { mostDays } = deps.personalTokens;
  const choices = [1, 24, 7 * 24, 30 * 24, 90 * 24, mostDays * 24].filter((hours) => hours <= mostDays * 24);
  deps.pages.personalForm(res, fault === undefined ? 200 : 400, {
    ...wanted,
    fault,
    person: own.shownName ?? own.username,
    provider: deps.providers.get(own.provider)?.settings.title ?? own.provider,
    longestName,
    all: `${deps.publicUrl}/mcp`,
    times: [...new Set(choices)].sort((a, b) => a - b).map((hours) => ({ hours, words: timeWords(hours) })),
  });
}

function timeWords(hours: number): string {
  const [number, unit] = hours < 24 ? [hours, 'hour'] : [hours / 24, 'day'];
  return `${number} ${unit}${number === 1 ? '' : 's'}`;
}
