import type { Request, RequestHandler } from 'express';
import { browserSession } from '../account/browser-session.ts';
import { disconnect } from '../account/connected.ts';
import { LoginFailure } from '../login/login-failure.ts';
import { type ConnectDeps, connectPath } from './deps.ts';
import { refused, toLogin } from './page.ts';
import { placeOf } from './place.ts';
import { again, explain } from './words.ts';

/**
 * `POST /accounts/connect/:server` takes the answer: `connect` begins and leads to the provider, `another` disconnects the account
 * that was connected and leads back to the question.
 */
export function takeAnswer(deps: ConnectDeps): RequestHandler {
  const { connections, connectAttempts } = deps;
  return async (req, res) => {
    const server = String(req.params.server);
    refuseForeignForm(deps, req);
    const own = await browserSession(deps, req, refused);
    if (!own) return toLogin(res, server);
    const at = placeOf(deps, req, own);
    const { answer, address } = (req.body ?? {}) as Record<string, unknown>;
    res.set('Cache-Control', 'no-store');
    // The person has agreed to what stood on the page.
    if (address !== at.address) return res.redirect(303, connectPath(server));
    if (answer === 'another') {
      await disconnect(deps, own, at);
      return res.redirect(303, `${connectPath(server)}?again`);
    }
    if (answer !== 'connect')
      throw again(new LoginFailure(400, 'Nothing was connected', ['The form was not complete.']), server);
    const { url, attempt } = await connections.begin(at).catch((error) => {
      throw explain(error, server);
    });
    await connectAttempts.add({ sid: own.sid, subject: own.sub }, at, attempt);
    res.redirect(303, url.href);
  };
}

/** Browsers send Origin with every POST; `null` comes from a sandbox. `same-site` is another port or subdomain. */
function refuseForeignForm({ publicUrl }: ConnectDeps, req: Request): void {
  const site = req.get('sec-fetch-site');
  if (req.get('origin') === publicUrl && (site === undefined || site === 'same-origin')) return;
  throw new LoginFailure(403, 'Nothing was connected', ['Another site has sent this form.']);
}
