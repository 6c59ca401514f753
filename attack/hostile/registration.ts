import { setTimeout as sleep } from 'node:timers/promises';
import { parseJson } from '../../common/text/json.ts';
import type { Answer } from '../answer.ts';
import { send } from '../raw.ts';
import { victimName } from './behaviours/behaviour.ts';

/** Registry requests in an administrator's name. */
export interface Administrator {
  url: URL;
  cookie: string;
}

/** The hostile server and the one that it tries to reach, as the gateway's callers see them. */
export interface Registration {
  /** Asks the registry to check the hostile server. */
  check(): Promise<Answer>;
  /** Removes one server and gives the other its address back. */
  undo(): Promise<void>;
}

type Server = { revision: number; location: { upstream: string; transports: Record<string, string> } };

/** How long to go on asking a gateway that is busy or starts again. */
const patienceMilliseconds = 120_000;
const pauseMilliseconds = 500;

/**
 * Puts the hostile server in the place of a registered one, for which callers with few rights have rules, and registers the
 * other under a name of its own.
 * @throws {Error} if the registry refuses; then nothing is left behind
 */
export async function register(
  administrator: Administrator,
  name: string,
  hostile: string,
  victim: string,
): Promise<Registration> {
  const ask = async (method: string, path: string, body?: object, patience = patienceMilliseconds) => {
    const headers = {
      cookie: administrator.cookie,
      accept: 'application/json',
      origin: administrator.url.origin,
      'sec-fetch-site': 'same-origin',
      ...(method !== 'GET' && { 'content-type': 'application/json' }),
    };
    const sent = body === undefined ? (method === 'GET' ? undefined : '{}') : JSON.stringify(body);
    const until = performance.now() + patience;
    for (;;) {
      const answer = await send(administrator.url, { method, path, headers, body: sent });
      const isBusy = answer.status <= 0 || answer.status >= 500;
      if (!isBusy || performance.now() > until) return answer;
      await sleep(pauseMilliseconds);
    }
  };
  const demand = async (...request: Parameters<typeof ask>) => {
    const answer = await ask(...request);
    if (answer.status < 300 && answer.status > 0) return parseJson(answer.body);
    throw new Error(
      `the registry answers ${request[0]} ${request[1]} with ${answer.status} ${answer.body.slice(0, 200)}`,
    );
  };
  const own = `/api/servers/${name}`;
  // A request that timed out may have been carried out all the same: look first.
  const move = async (location: Server['location'], triesLeft = 5): Promise<void> => {
    const { revision, location: now } = (await demand('GET', own)) as Server;
    if (now.upstream === location.upstream) return;
    const { status } = await ask('PATCH', own, { ...location, revision }, 0);
    if (status === 200) return;
    if (triesLeft === 0) throw new Error(`${name} could not be moved to ${location.upstream}: ${status}`);
    await move(location, triesLeft - 1);
  };
  const { upstream, transports } = ((await demand('GET', own)) as Server).location;
  const undo = async () => {
    const removed = await ask('DELETE', `/api/servers/${victimName}`);
    await move({ upstream, transports });
    if (removed.status !== 200 && removed.status !== 404) throw new Error(`${victimName} could not be removed`);
  };
  const both = { 'streamable-http': '/mcp', sse: '/sse' };
  try {
    await ask('DELETE', `/api/servers/${victimName}`);
    const about = { title: 'Attack', description: 'Started by npm run attack', upstream: victim, transports: both };
    const { status, body } = await ask('POST', '/api/servers', { name: victimName, ...about });
    if (status !== 201 && status !== 409) throw new Error(`${victimName} could not be registered: ${status} ${body}`);
    await move({ upstream: hostile, transports: both });
  } catch (error) {
    await undo().catch(() => undefined);
    throw error;
  }
  return { check: () => ask('POST', `${own}/check`, undefined, 0), undo };
}
