import { nowInSeconds } from '../../common/time/now.ts';
import { type CallerOptions, type Run, settingsFor } from '../lib/command.ts';
import type { Context } from '../lib/context.ts';
import type { Print } from '../lib/print.ts';
import { type IdentityOptions, modeOf, poolSettings, type Settings } from '../lib/settings.ts';
import type { Fetch } from '../lib/watched-fetch.ts';
import { type AgentToken, agentToken } from '../token/token-cache.ts';
import { readSession } from './cookie-file.ts';

/** The person or agent that requests to the gateway act as. */
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
   * Called after the gateway rejected the credentials (401): a cached token of an agent may have been revoked, or belong
   * to another user pool of the same name.
   * @returns whether there is a new token, so that a retry makes sense
   */
  renew(): Promise<boolean>;
}

/** Sends requests as this identity, and retries once if the credentials were rejected and renewed. */
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
 * Opens the identity that the options choose: the agent's own, by client credentials, or the person's session.
 * @param settings the settings of `modeOf(options)`
 * @throws {CommandError} usage for invalid settings, notLoggedIn without a session
 */
export async function openIdentity(
  context: Context,
  settings: Settings,
  options: IdentityOptions,
  print: Print,
): Promise<Identity> {
  if (modeOf(options) === 'user') {
    const { cookieName, cookie, username } = readSession(context, settings, options.sessionCookieFile);
    const name = username ?? 'the logged-in person';
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
      if (!held?.cached) return false;
      print.debug('the cached token was rejected; requesting a new one');
      held = await agentToken({ context, settings, print, fresh: true });
      return true;
    },
  };
}

/** Reads the settings and opens the identity that the options choose. @throws {CommandError} as {@link openIdentity} */
export async function begin(run: Run<CallerOptions>): Promise<{ settings: Settings; identity: Identity }> {
  const { context, print, options } = run;
  const settings = settingsFor(context, print, options);
  const identity = await openIdentity(context, settings, options, print);
  print.debug(`acting as ${identity.shown}`);
  return { settings, identity };
}
