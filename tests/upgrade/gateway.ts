import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseEnv } from 'node:util';
import { bundledServerNames } from '../../common/settings/bundled-servers.ts';
import { freePorts } from '../support/gateway/gateway.ts';
import { type Answer, send } from '../support/gateway/send.ts';
import { codeOf, type Release } from './release.ts';
import type { Order } from './run.ts';
import type { World } from './world.ts';

/** A gateway of a release, in processes of its own: auth-server, registry, relay and nginx. */
export interface ReleasedGateway {
  release: Release;
  /** nginx's port. People know the gateway by the address of the world's front. */
  port: number;
  ports: Readonly<Record<string, number>>;
  dataDir: string;
  /** When it was started: ISO 8601. */
  startedAt: string;
  /** Every line of every service, as `service | line`. */
  log: string[];
  /** Sends a request to this gateway, as the load balancer in front would. */
  ask(path: string, init?: { method?: string; headers?: Record<string, string>; json?: unknown }): Promise<Answer>;
  /** Runs a command of the release to which the auth-server belongs. @returns what it printed, and its exit code */
  command(program: 'revoke' | 'backup', ...words: string[]): Promise<{ code: number; text: string }>;
  stop(): Promise<void>;
}

/** See {@link startReleased}. */
interface Options {
  dataDir: string;
  /** As in `.env`. */
  settings?: Record<string, string>;
  /** Services of another release, by their names. */
  of?: Record<string, Release>;
}

/**
 * Starts a gateway over `dataDir`, or over the database of `settings`.
 * @throws with its last lines if it does not come up
 */
export async function startReleased(release: Release, world: World, options: Options): Promise<ReleasedGateway> {
  for (let tries = 1; ; tries++) {
    try {
      return await tryToStart(release, world, options);
    } catch (error) {
      // Another program has taken a port that was free.
      if (tries === 3 || !String(error).includes('is taken')) throw error;
    }
  }
}

async function tryToStart(
  release: Release,
  world: World,
  { dataDir, settings = {}, of = {} }: Options,
): Promise<ReleasedGateway> {
  const code = codeOf(release);
  const env = {
    ...parseEnv(readFileSync(join(code, '.env.example'), 'utf8')),
    ...{ REGISTRY_URL: world.url, SERVERS_FILE: world.serversFile, SCOPES_FILE: world.scopesFile },
    ...{ SECRET_KEY: world.secretKey, OAUTH_CLIENT_HOSTS: 'none', HEALTH_INTERVAL_SECONDS: '5', ...settings },
  } as Record<string, string>;
  const [gateway = 0, ...free] = await freePorts(25);
  if (world.ledTo() === 0) world.leadTo(gateway);
  const order: Order = {
    ...{ code, launch: release.launch, dataDir, env, ports: { gateway, cognito: world.standInPort }, free },
    without: ['cognito', ...bundledServerNames],
    of: Object.fromEntries(Object.entries(of).map(([name, other]) => [name, codeOf(other)])),
  };
  const words = ['--disable-warning=ExperimentalWarning', join(import.meta.dirname, 'run.ts'), JSON.stringify(order)];
  const startedAt = new Date().toISOString();
  const child = spawn(process.execPath, words, { cwd: code, stdio: ['pipe', 'pipe', 'inherit'] });
  const log: string[] = [];
  const ended = once(child, 'close');
  const ports = await new Promise<Record<string, number>>((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      log.push(line);
      if (line.startsWith('up ')) resolve(JSON.parse(line.slice(3)));
    });
    void ended.then(() => reject(new Error(`${release.version} has not come up:\n${log.slice(-20).join('\n')}`)));
  });
  const { host } = new URL(world.url);
  return {
    ...{ release, port: gateway, ports, dataDir, startedAt, log },
    ask(path, { method, headers = {}, json } = {}) {
      const body = json === undefined ? undefined : JSON.stringify(json);
      const all = { host, ...(body !== undefined && { 'content-type': 'application/json' }), ...headers };
      return send(gateway, {
        method: method ?? (body === undefined ? 'GET' : 'POST'),
        path,
        headers: all,
        ...(body && { body }),
      });
    },
    async command(program, ...rest) {
      const own = { ...process.env, ...env, DATA_DIR: dataDir, UP_DATA_DIR: dataDir };
      const ofAuthServer = of['auth-server'] ?? release;
      const cwd = codeOf(ofAuthServer);
      const started = spawn(process.execPath, [join(cwd, ofAuthServer[program]), ...rest], { cwd, env: own });
      let text = '';
      for (const stream of [started.stdout, started.stderr])
        stream.setEncoding('utf8').on('data', (chunk) => (text += chunk));
      started.stdin.end();
      const [exit] = await once(started, 'close');
      return { code: exit as number, text };
    },
    async stop() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}
