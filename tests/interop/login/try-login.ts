import { setTimeout as sleep } from 'node:timers/promises';
import { install } from '../install.ts';
import { type LoginGate, newHome, target } from './here.ts';
import type { LoggedIn, LoginSetUp } from './login-set-up.ts';
import { all, daily, type OneEntry } from './one-entry.ts';

/** The steps, as the table of docs/clients.md heads its columns. */
export const loginSteps = [
  'logs in',
  'reaches the server',
  'calls a tool',
  'shows a refusal',
  'refreshes',
  'is out when ended',
  'works at `/mcp`',
  'works at a set',
] as const;
type Step = (typeof loginSteps)[number];

/** What a step gave: fine, why not, or that this client cannot show it. */
export type LoginResult = Record<Step, { state: 'yes' | 'no' | 'not shown'; why?: string }>;

/** An access token lives ten minutes. */
const tokenSeconds = 660;

/** Takes one client through all steps, in a home of its own. @throws NotInstalled */
export async function tryLogin(setUp: LoginSetUp, gate: LoginGate, cache: string): Promise<LoginResult> {
  const programs = await install(setUp.packages, cache);
  const home = newHome(gate.clockFile);
  const result = Object.fromEntries(loginSteps.map((step) => [step, { state: 'no' }])) as LoginResult;
  const take = async (step: Step, work: () => Promise<boolean | undefined>) => {
    try {
      const is = await work();
      result[step] = { state: is === undefined ? 'not shown' : is ? 'yes' : 'no' };
    } catch (error) {
      result[step] = { state: 'no', why: error instanceof Error ? error.message : String(error) };
    }
  };
  try {
    const client = await setUp.open(programs, gate.url, home);
    try {
      const { call } = client;
      const reaches = async () => {
        const names = await client.tools();
        return names === undefined || names.join() === target.allowed.name;
      };
      const calls = async () =>
        call && (await call(target.allowed.name, target.allowed.arguments)).includes('Asia/Tokyo');
      const works = async () => (await reaches()) && (await calls()) !== false;
      result['logs in'] = { state: 'yes' };
      await take('reaches the server', reaches);
      await take('calls a tool', calls);
      await take('shows a refusal', async () => {
        if (!call || setUp.onlyListed) return undefined;
        const said = await call(target.refused.name, target.refused.arguments).catch((error: Error) => error.message);
        if (/Not allowed: tools\/call list_timezones on currenttime/.test(said)) return true;
        throw new Error(said);
      });
      // From here on a new login would fail.
      home.closeBrowser();
      await gate.advance(tokenSeconds);
      await take('refreshes', works);
      await take('is out when ended', async () => {
        if ((await gate.endLogins()) === 0) throw new Error('there was no login to end');
        await sleep(1_000);
        return await works().then(
          () => false,
          () => true,
        );
      });
    } finally {
      client.stop();
    }
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    result['logs in'] = { state: 'no', why: `${said}\n${home.browserLog()}` };
  } finally {
    home.remove();
  }
  await take('works at `/mcp`', () => tryOneEntry(setUp, programs, gate, all));
  await take('works at a set', () => tryOneEntry(setUp, programs, gate, daily));
  return result;
}

/** Has a client log in once more from nothing, use each server, and go on when its access token has expired. */
async function tryOneEntry(setUp: LoginSetUp, programs: string, gate: LoginGate, entry: OneEntry): Promise<true> {
  const home = newHome(gate.clockFile);
  try {
    const client = await setUp.open(programs, `${gate.origin}${entry.path}`, home);
    try {
      await useAll(entry, client);
      home.closeBrowser();
      await gate.advance(tokenSeconds);
      return await useAll(entry, client);
    } finally {
      client.stop();
    }
  } finally {
    home.remove();
  }
}

/** Lists all tools and calls each, if the client shows lists and calls tools. @throws with what is missing */
async function useAll({ tools }: OneEntry, client: LoggedIn): Promise<true> {
  const names = await client.tools();
  const wanted = tools.map(({ name }) => name).sort();
  if (names !== undefined && names.toSorted().join() !== wanted.join()) throw new Error(`it lists ${names.join()}`);
  for (const { name, args, says } of client.call ? tools : []) {
    // Some clients throw what a tool says about its failure.
    const said = await client.call?.(name, args).catch((error: Error) => error.message);
    if (!said?.includes(says)) throw new Error(`${name}: ${said}`);
  }
  return true;
}
