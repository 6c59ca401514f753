import type { RequestHandler } from 'express';
import { browserSession } from '../account/browser-session.ts';
import { disconnect } from '../account/connected.ts';
import { LoginFailure } from '../login/login-failure.ts';
import { isOwnForm } from '../login/own-form.ts';
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
    if (!isOwnForm(req, deps.publicUrl))
      throw new LoginFailure(403, 'Nothing was connected', ['Another site has sent this form.']);
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
