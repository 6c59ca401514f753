import { nowInSeconds } from '../../common/time/now.ts';
import { type CommonOptions, type Run, settingsFor } from '../lib/command.ts';
import type { Context } from '../lib/context.ts';
import type { Print } from '../lib/print.ts';
import { type IdentityOptions, modeOf, poolSettings, type Settings } from '../lib/settings.ts';
import type { Fetch } from '../lib/watched-fetch.ts';
import { type AgentToken, agentToken } from '../token/token-cache.ts';
import { readSession } from './cookie-file.ts';

/** Somebody whom requests to the gateway are made as. */
export interface Identity {
  kind: 'person' | 'agent';
  /** The person's name if it is known, or the agent's client id. */
  name: string;
  /** For messages: "the session of alice". */
  shown: string;
  /**
   * The headers of one request: `authorization` or `cookie`.
   * @throws {CommandError} notLoggedIn, unreachable
   */
  headers(): Promise<Record<string, string>>;
  /**
   * Called when the gateway has refused the credentials (401): an agent's token that was kept may have been ended since,
   * or be of another user pool of the same name.
   * @returns whether there is a new one, and asking again makes sense
   */
  renew(): Promise<boolean>;
}

/** Sends a request as this identity; once more if the credentials were refused and there are new ones. */
export function fetchAs(identity: Identity, base: Fetch): Fetch {
  const once: Fetch = async (url, init) => {
    const headers = new Headers(init?.headers);
    for (const [name, value] of Object.entries(await identity.headers())) headers.set(name, value);
    return base(url, { ...init, headers });
  };
  return async (url, init) => {
    const response = await once(url, init);
    if (response.status !== 401 || !(await identity.renew())) return response;
    await response.body?.cancel();
    return once(url, init);
  };
}

/**
 * The identity that the options choose: the agent's own, by client credentials, or the session of the person.
 * @param settings those of `modeOf(options)`
 * @throws {CommandError} usage for settings that cannot be used, notLoggedIn when there is no session
 */
export async function openIdentity(
  context: Context,
  settings: Settings,
  options: IdentityOptions,
  print: Print,
): Promise<Identity> {
  if (modeOf(options) === 'user') {
    const { cookieName, cookie, username } = readSession(context, settings, options.sessionCookieFile);
    const name = username ?? 'the person who has logged in';
    const headers = { cookie: `${cookieName}=${cookie}` };
    return {
      kind: 'person',
      name,
      shown: `the session of ${name}`,
      headers: async () => headers,
      renew: async () => false,
    };
  }
  const pool = poolSettings(settings);
  const name = pool.COGNITO_CLIENT_ID;
  let held: AgentToken | undefined;
  return {
    kind: 'agent',
    name,
    shown: `agent ${name}`,
    async headers() {
      if (!held || held.usableUntil <= nowInSeconds()) held = await agentToken({ context, settings, print });
      return { authorization: `Bearer ${held.token}` };
    },
    async renew() {
      if (!held?.wasKept) return false;
      print.debug('the kept token was refused; asking for a new one');
      held = await agentToken({ context, settings, print, fresh: true });
      return true;
    },
  };
}

/** Reads the settings and opens the identity that the options choose. @throws {CommandError} as {@link openIdentity} */
export async function begin(
  run: Run<CommonOptions & IdentityOptions>,
): Promise<{ settings: Settings; identity: Identity }> {
  const { context, print, options } = run;
  const settings = settingsFor(context, print, options);
  const identity = await openIdentity(context, settings, options, print);
  print.debug(`acting as ${identity.shown}`);
  return { settings, identity };
}
