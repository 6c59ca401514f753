import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseEnv } from 'node:util';
import { nodeServices } from '../../launch/services.ts';
import { callersOf } from '../faults/callers.ts';
import { startLoad, wronglyAllowed } from '../faults/load.ts';
import { freePorts, type Gateway, startGateway } from '../support/gateway/gateway.ts';

const noLimits = { AUTH_FAILURES_PER_CREDENTIAL: '0', AUTH_FAILURES_PER_ADDRESS: '0' };
let gateway: Gateway;
const children: ChildProcess[] = [];
beforeAll(async () => {
  gateway = await startGateway(noLimits, [], { processes: ['auth-server'] });
}, 120_000);
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  await gateway?.stop();
});

interface AuthServer {
  child: ChildProcess;
  port: number;
  health(): Promise<{ status: number; body: Record<string, string> }>;
}

/** A second auth-server on the same database, as on another machine. */
async function startAuthServer(): Promise<AuthServer> {
  const [port = 0, metrics = 0] = await freePorts(2);
  const env = {
    ...parseEnv(readFileSync('.env.example', 'utf8')),
    ...noLimits,
    REGISTRY_URL: gateway.url,
    SECRET_KEY: readFileSync(join(gateway.dataDir, 'secret-key'), 'utf8'),
    AUTH_SERVER_STOP_LEAD_SECONDS: '1',
  };
  const ports = { ...gateway.ports, authServer: port, metrics };
  const services = nodeServices({ ports, dataDir: gateway.dataDir, env, standIn: true });
  const service = services.find(({ name }) => name === 'auth-server');
  if (!service) throw new Error('there is no auth-server among the services');
  const child = spawn(service.command, service.args, { env: { ...process.env, ...service.env }, stdio: 'ignore' });
  children.push(child);
  const health = async () => {
    const answer = await fetch(service.healthUrl);
    return { status: answer.status, body: (await answer.json()) as Record<string, string> };
  };
  for (let tries = 0; tries < 1_200; tries++) {
    if ((await health().catch(() => undefined))?.status === 200) return { child, port, health };
    await sleep(50);
  }
  throw new Error('the auth-server did not start');
}

/** Makes nginx send requests to these auth-servers, as nginx/reload does for several of them. */
async function pointNginxAt(servers: readonly number[]): Promise<void> {
  const file = join(gateway.dataDir, 'nginx', 'services.conf');
  const upstream = `upstream auth_server { ${servers.map((port) => `server 127.0.0.1:${port} max_fails=0;`).join(' ')} keepalive 64; }`;
  writeFileSync(file, readFileSync(file, 'utf8').replace(/^upstream auth_server .*$/m, upstream));
  const pid = gateway.supervisor.pid('nginx');
  if (pid === undefined) throw new Error('nginx does not run');
  process.kill(pid, 'SIGHUP');
  await sleep(1_000);
}

test('When two auth-servers are restarted one after the other under load, no request fails', async () => {
  // Stop the watcher, because it would restore its own list of auth-servers.
  await gateway.kill('nginx-reload').catch(() => undefined);
  gateway.echo.answer = (res) => res.writeHead(200, { 'content-type': 'application/json' }).end('{}');
  const { kinds } = await callersOf(gateway, {});
  const first = await startAuthServer();
  const second = await startAuthServer();
  await pointNginxAt([first.port, second.port]);

  const load = startLoad(gateway.ports.gateway, kinds, 20);
  await sleep(1_000);
  let other = second;
  for (const leaving of [first, second]) {
    leaving.child.kill('SIGTERM');
    await sleep(300);
    // It reports not ready before it stops answering, so that a load balancer can notice.
    expect(await leaving.health()).toMatchObject({ status: 503, body: { 'auth-server': 'stopping' } });
    const [code] = leaving.child.exitCode === null ? await once(leaving.child, 'exit') : [leaving.child.exitCode];
    expect(code).toBe(0);
    if (leaving === first) {
      other = await startAuthServer();
      await pointNginxAt([second.port, other.port]);
    }
  }
  await sleep(500);
  await load.stop();
  expect(load.results.length).toBeGreaterThan(100);
  expect(wronglyAllowed(load.results)).toEqual([]);
  expect(load.unexpected(0).map(({ kind, got }) => `${kind.name}: ${got}`)).toEqual([]);
}, 180_000);
