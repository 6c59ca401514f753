import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseEnv } from 'node:util';
import { fetchAgentToken } from '../../../agents/token/token.ts';
import { registeredServerNames } from '../../../common/settings/bundled-servers.ts';
import { nodeServices, type Ports, portNames, portVariables } from '../../../launch/services.ts';
import { startStack } from '../../../launch/stack.ts';
import { signIn } from '../stand-in/hosted-login.ts';
import { type Echo, startEcho } from './echo.ts';
import { StackSupervisor, type StackSupervisorOptions } from './stack-supervisor.ts';

const root = join(import.meta.dirname, '..', '..', '..');

/** A complete gateway with the real nginx, as `npm run up` starts it, on its own ports. */
export interface Gateway {
  url: string;
  ports: Ports;
  dataDir: string;
  supervisor: StackSupervisor;
  /** An upstream called `echo` that records its requests and answers as the test sets it. */
  echo: Echo;
  /** Every log line of every service, as `service | line`. */
  log: string[];
  /** An access token of the demo agent (full permissions), or of the reader agent. */
  agentToken(which?: 'agent' | 'reader'): Promise<string>;
  /** Signs in through the login pages. @returns the value of a Cookie header */
  sessionCookie(person: string): Promise<string>;
  /** Kills a service with SIGKILL, and returns when it is gone. */
  kill(service: string): Promise<void>;
  /** Restarts a killed service with the same settings, and returns when it is healthy. */
  revive(service: string): Promise<void>;
  stop(): Promise<void>;
}

/** The agents of the stand-in's seed. */
export const agents = {
  agent: ['3agentclient000000000000000', 'agentsecretagentsecretagentsecretagentsecret0000000'],
  reader: ['4readeragent0000000000000', 'readersecretreadersecretreadersecretreadersecret000'],
} as const;

/** Ports below the kernel's range for outgoing connections, so that no connection takes one. */
export async function freePorts(count: number): Promise<number[]> {
  const found: number[] = [];
  let port = 12_000 + Number(process.env.JEST_WORKER_ID ?? 0) * 1_000 + Math.floor(Math.random() * 900);
  for (; found.length < count; port++) if (await isFree(port)) found.push(port);
  return found;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

/** Ports for all services of a gateway. */
export async function stackPorts(): Promise<Ports> {
  const free = await freePorts(portNames.length);
  return Object.fromEntries(portNames.map((name, index) => [name, free[index]])) as unknown as Ports;
}

/** The settings that make `npm run up` and the commands use these ports. */
export function portsAsSettings(ports: Ports): NodeJS.ProcessEnv {
  const variables = Object.fromEntries(portNames.map((name) => [portVariables[name], String(ports[name])]));
  return { ...variables, REGISTRY_URL: `http://localhost:${ports.gateway}` };
}

/** The keys of the user pool of this worker's first gateway. Each pool can have them, and new ones take long to make. */
let poolKeys: Buffer | undefined;

/** The registry's first servers, on these ports. */
export function writeServersFile(folder: string, ports: Ports, extra: object[] = []): string {
  const transports = { 'streamable-http': '/mcp', sse: '/sse' };
  const at = (name: string, port: number) => ({
    name,
    title: name,
    description: `The ${name} server`,
    upstream: `http://127.0.0.1:${port}`,
    transports,
    tags: [],
  });
  const file = join(folder, 'servers.yml');
  writeFileSync(file, JSON.stringify([...registeredServerNames.map((name) => at(name, ports[name])), ...extra]));
  return file;
}

/**
 * Starts a gateway.
 * @param overrides settings as in `.env`
 * @param more servers in addition to the bundled ones and the two of the echo, as in `servers.yml`
 * @param options `processes`: the programs that are processes, such as those that the test kills; true for all. Otherwise,
 *   only nginx is. `shared`: see shared-gateway.ts
 */
export async function startGateway(
  overrides: NodeJS.ProcessEnv = {},
  more: object[] = [],
  options: StackSupervisorOptions = {},
): Promise<Gateway> {
  const ports = await stackPorts();
  const dataDir = mkdtempSync(join(tmpdir(), 'gateway-'));
  const keysFile = join(dataDir, 'cognito-keys.json');
  if (poolKeys) writeFileSync(keysFile, poolKeys, { mode: 0o600 });
  const echo = await startEcho();
  if (options.shared) echo.unref();
  const url = `http://localhost:${ports.gateway}`;
  const shown = (name: string, transports: object) => ({
    name,
    title: `The "${name}" <server>`,
    description: 'Shows what reached it',
    upstream: echo.url,
    transports,
    tags: [],
  });
  const echoServers = [shown('echo', { 'streamable-http': '/mcp' }), shown('echosse', { sse: '/sse' })];
  const env = {
    ...parseEnv(readFileSync(join(root, '.env.example'), 'utf8')),
    REGISTRY_URL: url,
    // The answers of a gateway must not depend on the internet.
    OAUTH_CLIENT_HOSTS: 'none',
    // Whenever nginx reads its configuration, the certificates of all authorities take half of the time.
    UPSTREAM_CA_FILE: join(root, 'tests', 'support', 'upstream-cert.pem'),
    SERVERS_FILE: writeServersFile(dataDir, ports, [...echoServers, ...more]),
    ...overrides,
  };
  const log: string[] = [];
  const supervisor = new StackSupervisor((service, line) => log.push(`${service} | ${line}`), options);
  try {
    await startStack({ ports, dataDir, env, supervisor });
  } catch (error) {
    await echo.stop();
    throw new Error(`${error}\n${log.slice(-30).join('\n')}`);
  }
  if (existsSync(keysFile)) poolKeys ??= readFileSync(keysFile);
  return {
    url,
    ports,
    dataDir,
    supervisor,
    echo,
    log,
    agentToken: (which = 'agent') =>
      fetchAgentToken({
        ...env,
        COGNITO_CLIENT_ID: agents[which][0],
        COGNITO_CLIENT_SECRET: agents[which][1],
        COGNITO_LOCAL_ENDPOINT: `http://127.0.0.1:${ports.cognito}`,
      }),
    sessionCookie: (person) => signIn(url, person),
    kill: (service) => supervisor.kill(service),
    async revive(service) {
      const SECRET_KEY = readFileSync(join(dataDir, 'secret-key'), 'utf8');
      const services = nodeServices({ ports, dataDir, env: { ...env, SECRET_KEY }, standIn: true });
      const found = services.find(({ name }) => name === service);
      if (!found) throw new Error(`there is no service ${service}`);
      supervisor.start(found);
      for (const end = performance.now() + 60_000; !(await isWell(found.healthUrl)); await sleep(25)) {
        if (performance.now() > end) throw new Error(`${service} is not well a minute after its start`);
      }
    },
    async stop() {
      await supervisor.stop();
      await echo.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

async function isWell(url: string): Promise<boolean> {
  return await fetch(url).then(
    ({ status }) => status < 500,
    () => false,
  );
}
