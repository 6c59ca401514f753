import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { nodeServices } from '../launch/services.ts';
import { gateSocket } from '../launch/socket.ts';
import type { BenchStack } from './stack.ts';

/** A process started for a measurement. */
export type Started = { port: number; child: ChildProcess; pid: number; socket?: string | undefined };

let nextPort = 23_000;

/** Starts a server for comparison. */
export async function startSubject(file: string): Promise<Started> {
  const port = nextPort++;
  const socket = gateSocket(port);
  if (socket) rmSync(socket, { force: true });
  const args = [join(import.meta.dirname, 'subjects', file), String(port), ...(socket ? [socket] : [])];
  return { ...(await started(port, process.execPath, args)), socket };
}

/**
 * Starts one more auth-server over the stack's database.
 * @param change settings of its own
 */
export async function startAuthServer(stack: BenchStack, change: NodeJS.ProcessEnv = {}): Promise<Started> {
  const ports = { ...stack.ports, authServer: nextPort++, metrics: nextPort++ };
  const env = { ...stack.env, AUTH_SERVER_WORKERS: '1', ...change };
  const socket = gateSocket(ports.authServer);
  const services = nodeServices({ ports, dataDir: stack.dataDir, env, standIn: true, socket });
  const service = services.find(({ name }) => name === 'auth-server');
  if (!service) throw new Error('there is no auth-server among the services');
  const one = await started(ports.authServer, service.command, service.args, { ...process.env, ...service.env });
  return { ...one, socket };
}

/**
 * Starts the stack's nginx once more, with its configuration, on a port of its own.
 * @param authServer the service that answers `/validate`; undefined for nginx without a gate
 */
export async function startGate(stack: BenchStack, authServer: Started | undefined): Promise<Started> {
  const port = nextPort++;
  const brokerPort = nextPort++;
  const from = join(stack.dataDir, 'nginx');
  const to = `${from}-${port}`;
  cpSync(from, to, { recursive: true });
  const edit = (file: string, change: (text: string) => string) =>
    writeFileSync(join(to, file), change(readFileSync(join(to, file), 'utf8')));
  for (const file of ['nginx.conf', 'gateway.conf']) {
    edit(file, (text) =>
      text
        .replaceAll(from, to)
        .replaceAll(`:${stack.ports.gateway}`, `:${port}`)
        .replaceAll(`:${stack.ports.brokerGate}`, `:${brokerPort}`),
    );
  }
  if (authServer === undefined) edit('gate/mcp.conf', (text) => text.replace(/^\s*auth_request .*$/gm, ''));
  else {
    const where = authServer.socket ? `unix:${authServer.socket}` : `127.0.0.1:${authServer.port}`;
    edit('services.conf', (text) => text.replace(/(?<=^upstream auth_server \{ server )\S+/m, where));
  }
  const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` };
  return await started(port, 'nginx', ['-c', join(to, 'nginx.conf'), '-e', 'stderr'], env);
}

async function started(port: number, file: string, args: readonly string[], env = process.env): Promise<Started> {
  const child = spawn(file, args, { env, stdio: ['ignore', process.env.BENCH_SHOW ? 'inherit' : 'ignore', 'inherit'] });
  const until = performance.now() + 60_000;
  for (;;) {
    const isUp = await answers(port);
    if (isUp && child.pid !== undefined) return { port, child, pid: child.pid };
    if (child.exitCode !== null || performance.now() > until)
      throw new Error(`${file} ${args.join(' ')} did not start`);
    await sleep(2);
  }
}

/** Checks by connecting: an attempt to listen would take the port away from the process that is about to use it. */
function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
