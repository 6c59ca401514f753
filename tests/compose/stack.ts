import { execFile } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { bundledServerNames } from '../../common/settings/bundled-servers.ts';
import { composeCommand, newProject, type Project, portNear } from './engine.ts';
import { type Answer, agentToken, ask, callClock, type Place, signIn } from './visit.ts';

const command = composeCommand();
if (!command) {
  // Do not use the console: Jest hides its output for a file whose tests are all skipped.
  process.stderr.write('\nNOT TESTED: no Docker engine answers here, so docker-compose.yml was not tested.\n');
}

/** `describe` if a Docker engine answers; otherwise the tests are listed as skipped. Each test file has a `describe` of its own. */
export function withDocker(name: string, tests: () => void): void {
  (command ? describe : describe.skip)(name, tests);
}

/** The containers of the demo. */
export const demoServices = [
  ...['nginx', 'auth-server', 'registry', 'relay', 'policy'],
  ...bundledServerNames,
  'cognito',
];

/** A gateway in containers, with the actions that the tests share. */
export interface Stack {
  /** The checkout from which the gateway runs. */
  readonly project: Project;
  /** The addresses of the gateway. A test that changes them must update this. */
  place: Place;
  readonly httpsPort: number;
  /** The headers with the demo agent's token, available after {@link login}. */
  bearer: object;
  /** Waits until `/health` is 200. */
  up(): Promise<void>;
  /** Gets the agent a new token and waits until it may call the clock with it. */
  login(): Promise<void>;
  /** Waits until the agent's token is accepted and the tool answers. */
  agentCalls(): Promise<void>;
  /** Waits until a person can sign in. Returns the value of the Cookie header. */
  personSignsIn(username: string): Promise<string>;
  /** Runs the attack against the gateway. Returns its output. */
  attack(env?: NodeJS.ProcessEnv): Promise<string>;
}

/**
 * Starts everything from a clean checkout before the first test of the file, and removes it after the last one.
 * @param settings settings for .env in addition to those of `.env.example`
 */
export function useStack(settings: Readonly<Record<string, string>> = {}): Stack {
  let project: Project | undefined;
  let httpsPort = 0;
  const stack: Stack = {
    place: { url: '', standIn: '' },
    bearer: {},
    get project() {
      if (!project) throw new Error('the stack was not started');
      return project;
    },
    get httpsPort() {
      return httpsPort;
    },
    up: () => until('the gateway is up', async () => (await ask(`${stack.place.url}/health`, trust())).status === 200),
    async login() {
      await until('the stand-in gives out a token', async () => {
        stack.bearer = { authorization: `Bearer ${await agentToken(stack.place)}` };
        return true;
      });
      await stack.agentCalls();
    },
    agentCalls: () => until('the agent may call', async () => tellsTime(await callClock(stack.place, stack.bearer))),
    async personSignsIn(username) {
      let cookie = '';
      await until(`${username} can sign in`, async () => {
        cookie = await signIn(stack.place, username);
        return true;
      });
      return cookie;
    },
    async attack(env = process.env) {
      await serversAreHealthy(stack);
      const args = ['attack/main.ts', '--url', stack.place.url, '--stand-in', stack.place.standIn];
      const options = { maxBuffer: 16_000_000, env };
      // A failed attack still returns its output, because the tests check it.
      const { stdout, stderr } = await promisify(execFile)(process.execPath, args, options).catch((error) => error);
      stack.project.note(`\n$ npm run attack\n${stdout}${stderr}`);
      return `${stdout}${stderr}`;
    },
  };
  const trust = () => (stack.place.ca ? { ca: stack.place.ca } : {});

  beforeAll(async () => {
    if (!command) return;
    project = newProject(command);
    const [httpPort, standInPort] = [await portNear(8080), await portNear(9500)];
    httpsPort = await portNear(8443);
    stack.place = { url: `http://localhost:${httpPort}`, standIn: `http://localhost:${standInPort}` };
    // Use the ports of .env.example unless they are taken.
    project.set('HTTP_PORT', String(httpPort));
    project.set('HTTPS_PORT', String(httpsPort));
    project.set('COGNITO_PORT', String(standInPort));
    project.set('REGISTRY_URL', stack.place.url);
    for (const [name, value] of Object.entries(settings)) project.set(name, value);
    await project.compose('up -d --build');
  });
  afterAll(async () => {
    if (!project) return;
    await project.compose('ps').catch(() => undefined);
    await project.compose('logs --no-color --tail=400').catch(() => undefined);
    await project.compose('down -v');
    project.remove();
  });
  return stack;
}

/** Whether the answer contains the time in Tokyo. */
export const tellsTime = ({ status, text }: Answer): boolean =>
  status === 200 && /JST \(UTC\+09:00\) in Asia\/Tokyo/.test(text);

/** Checks the condition twice a second until it is true. A check that throws counts as false. */
export async function until(what: string, done: () => Promise<boolean>): Promise<void> {
  let last: unknown;
  for (const end = performance.now() + 180_000; performance.now() < end; await sleep(500)) {
    try {
      if (await done()) return;
      last = undefined;
    } catch (error) {
      last = error;
    }
  }
  throw new Error(`not within three minutes: ${what}`, { cause: last });
}

/** Every process in a container except init, which cannot be killed from inside. */
const killAll = 'for p in $(ls /proc | grep "^[0-9]"); do [ $p -eq 1 ] || [ $p -eq $$ ] || kill -9 $p; done';

/** Kills the processes in the container of a service, and waits until the container has restarted. */
export async function killProcesses({ project }: Stack, service: string): Promise<void> {
  const before = await project.inspect(service);
  await project.compose(['exec', '-T', service, 'sh', '-c', killAll]).catch(() => undefined);
  await until(`${service} was restarted`, async () => {
    const { RestartCount, State } = await project.inspect(service);
    return RestartCount > before.RestartCount && State.Running;
  });
}

/** Waits for stable health: the attack compares answers, and a changing state would look like a successful attack. */
function serversAreHealthy({ place, bearer }: Stack): Promise<void> {
  return until('all servers are healthy', async () => {
    const { text } = await ask(`${place.url}/api/servers`, { headers: bearer, ...(place.ca && { ca: place.ca }) });
    return text.includes('"healthy"') && !/"(unhealthy|degraded|unknown)"|"unstable":true/.test(text);
  });
}
