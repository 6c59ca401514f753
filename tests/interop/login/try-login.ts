import { setTimeout as sleep } from 'node:timers/promises';
import { install } from '../install.ts';
import { type LoginGate, newHome, target } from './here.ts';
import type { LoginSetUp } from './login-set-up.ts';

/** The steps, as the table of docs/clients.md heads its columns. */
export const loginSteps = [
  'logs in',
  'reaches the server',
  'calls a tool',
  'shows a refusal',
  'refreshes',
  'is out when ended',
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
  return result;
}
