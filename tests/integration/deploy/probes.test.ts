import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual, parseEnv } from 'node:util';
import { defaultPorts } from '../../../launch/services.ts';
import { secretKey, temporaryDirectory } from '../../support/auth-server/auth-fixture.ts';
import { freePorts, writeServersFile } from '../../support/gateway/gateway.ts';

const home = temporaryDirectory();
const children: ChildProcess[] = [];
let ports: Record<
  'auth' | 'metrics' | 'registry' | 'registryMetrics' | 'relay' | 'relayMetrics' | 'time' | 'mcpgw',
  number
>;
let env: NodeJS.ProcessEnv;
beforeAll(async () => {
  const found = await freePorts(8);
  const names = ['auth', 'metrics', 'registry', 'registryMetrics', 'relay', 'relayMetrics', 'time', 'mcpgw'] as const;
  ports = Object.fromEntries(names.map((name, index) => [name, found[index]])) as typeof ports;
  env = {
    ...parseEnv(readFileSync('.env.example', 'utf8')),
    SECRET_KEY: secretKey,
    DATA_DIR: join(home.directory, 'data'),
    ROUTES_DIR: join(home.directory, 'routes'),
    SERVERS_FILE: writeServersFile(home.directory, defaultPorts),
    AUTH_SERVER_PORT: String(ports.auth),
    METRICS_PORT: String(ports.metrics),
    REGISTRY_PORT: String(ports.registry),
    REGISTRY_METRICS_PORT: String(ports.registryMetrics),
    RELAY_PORT: String(ports.relay),
    RELAY_METRICS_PORT: String(ports.relayMetrics),
    CURRENTTIME_PORT: String(ports.time),
    MCPGW_PORT: String(ports.mcpgw),
    AUTH_SERVER_INTERNAL_URL: `http://127.0.0.1:${ports.auth}`,
    AUTH_SERVER_WORKERS: '1',
    AUTH_SERVER_STOP_LEAD_SECONDS: '1',
  };
});
afterAll(async () => {
  await Promise.all(children.map(ended));
  home.remove();
});

function start(file: string, more: NodeJS.ProcessEnv = {}): ChildProcess {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', file], {
    env: { ...env, ...more },
    stdio: 'ignore',
  });
  children.push(child);
  return child;
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

async function ask(port: number, path: string): Promise<{ status: number; body: unknown }> {
  try {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`);
    return { status: answer.status, body: await answer.json() };
  } catch {
    return { status: 0, body: undefined };
  }
}

async function until(port: number, path: string, status: number): Promise<unknown> {
  for (let tries = 0; tries < 800; tries++) {
    const answer = await ask(port, path);
    if (answer.status === status) return answer.body;
    await sleep(25);
  }
  throw new Error(`${path} never answered ${status}; at last ${JSON.stringify(await ask(port, path))}`);
}

async function untilBody(port: number, expected: object): Promise<void> {
  for (let tries = 0; tries < 800; tries++) {
    if (isDeepStrictEqual((await ask(port, '/health/ready')).body, expected)) return;
    await sleep(25);
  }
  expect((await ask(port, '/health/ready')).body).toEqual(expected);
}

test('Every service of the manifests answers its probes, and reports what it waits for and when it stops', async () => {
  start('relay/main.ts');
  await until(ports.relay, '/health/live', 200);
  const routes = 'not read: no server can be reached';
  // It has not yet received the revocation feed, and there are no routes.
  expect(await ask(ports.relay, '/health/ready')).toEqual({
    status: 503,
    body: { status: 'not ready', policy: 'in force', 'auth-server': 'does not answer', routes },
  });

  const authServer = start('container/auth-server/main.ts');
  expect(await until(ports.auth, '/health/ready', 200)).toEqual({
    status: 'ready',
    policy: 'in force',
    store: 'answers',
  });
  expect(await ask(ports.auth, '/health/live')).toEqual({ status: 200, body: { status: 'alive' } });
  // The health of the whole gateway differs: there is no registry yet.
  expect((await ask(ports.auth, '/health')).status).toBe(503);
  await untilBody(ports.relay, { status: 'not ready', policy: 'in force', 'auth-server': 'answers', routes });

  start('container/registry/main.ts');
  expect(await until(ports.registry, '/health/ready', 200)).toEqual({
    status: 'ready',
    policy: 'in force',
    store: 'answers',
  });
  expect((await ask(ports.registry, '/health/live')).status).toBe(200);
  // Ready means that nginx may read the routes.
  expect(readFileSync(join(home.directory, 'routes', 'routes'), 'utf8')).toMatch(/^currenttime http /m);
  // Otherwise the relay answered the first calls after a start with 502.
  expect(await until(ports.relay, '/health/ready', 200)).toMatchObject({ 'auth-server': 'answers', routes: 'read' });

  for (const [file, port] of [
    ['servers/currenttime/main.ts', ports.time],
    ['servers/mcpgw/main.ts', ports.mcpgw],
  ] as const) {
    start(file);
    expect(await until(port, '/health/ready', 200)).toEqual({ status: 'ready' });
    expect((await ask(port, '/health/live')).status).toBe(200);
  }

  authServer.kill('SIGTERM');
  expect(await until(ports.auth, '/health/ready', 503)).toMatchObject({ status: 'stopping' });
  expect((await ask(ports.auth, '/health/live')).status).toBe(200);
  if (authServer.exitCode === null) await once(authServer, 'exit');
  expect(authServer.exitCode).toBe(0);
}, 180_000);
