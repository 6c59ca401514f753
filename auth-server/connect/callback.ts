import type { Request, RequestHandler } from 'express';
import { browserSession } from '../account/browser-session.ts';
import { disconnect } from '../account/connected.ts';
import { LoginFailure } from '../login/login-failure.ts';
import type { SessionRecord } from '../store/session-record.ts';
import type { FoundAttempt } from './attempts.ts';
import { type ConnectDeps, connectPath } from './deps.ts';
import { refused } from './page.ts';
import { mayUse } from './place.ts';
import { again, explain } from './words.ts';

/** Registered at the providers. Below `/oauth2/`, where nginx writes no request line into its error log. */
export const callbackPath = '/oauth2/accounts/callback';

/**
 * `GET /oauth2/accounts/callback`: the browser comes back from the provider. Only the session that began, of the same person, gets
 * any further. It leads to the server's page, so that no code stays in the address bar and a reload changes nothing.
 */
export function takeCallback(deps: ConnectDeps): RequestHandler {
  const { connections, connectAttempts, accountRecords, publicUrl } = deps;
  return async (req, res) => {
    refuseHidden(req);
    const state = typeof req.query.state === 'string' ? req.query.state : '';
    const found = await connectAttempts.find(state);
    if (!found)
      throw nothing([
        'This was not begun here, or more than ten minutes ago.',
        'Begin again on the page of the server, and do not follow links that others send you.',
      ]);
    const { at } = found;
    const own = await beginner(deps, req, found);
    const attempt = await connectAttempts.use(state, found);
    res.set('Cache-Control', 'no-store');
    if (!attempt) return res.redirect(303, connectPath(at.server));
    if (!mayUse(deps, own, at.server)) throw nothing(['You may not use this server any more.']);
    const returned = new URL(publicUrl + callbackPath);
    returned.search = new URL(req.originalUrl, publicUrl).search;
    const { name } = await connections.finish(own.sub, at, attempt, returned).catch((error) => {
      throw explain(error, at.server);
    });
    accountRecords.add('accounts/connect', own, { server: at.server, name });
    // The provider may have taken long. What has ended meanwhile must not leave an account behind.
    await beginner(deps, req, found).catch(async (error) => {
      await disconnect(deps, own, at);
      throw error;
    });
    res.redirect(303, connectPath(at.server));
  };
}

/**
 * The session that comes back, if it is the one that began, of the same person.
 * @throws {LoginFailure} if it is another one, or has ended
 */
async function beginner(deps: ConnectDeps, req: Request, { sid, subject, at }: FoundAttempt): Promise<SessionRecord> {
  const own = await browserSession(deps, req, refused);
  if (!own)
    throw Object.assign(nothing(['You have signed out meanwhile. Sign in, and begin again.']), {
      again: undefined,
      next: connectPath(at.server),
    });
  if (own.sub !== subject) throw nothing(['Another person has begun this. Do not follow links that others send you.']);
  if (own.sid !== sid) throw again(nothing(['You have signed in again since you began. Begin again.']), at.server);
  return own;
}

function nothing(lines: readonly string[]): LoginFailure {
  return Object.assign(new LoginFailure(400, 'Nothing was connected', lines), { again: '/account' });
}

/** A page must not finish a connection in an image or a frame: the person would not see it. */
function refuseHidden(req: Request): void {
  const destination = req.get('sec-fetch-dest');
  if (destination === undefined || destination === 'document') return;
  throw new LoginFailure(403, 'This cannot be finished here', ['Open the gateway in a window of its own.']);
}
