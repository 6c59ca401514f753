import { type ChildProcess, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { nodeServices } from '../launch/services.ts';
import { gateSocket } from '../launch/socket.ts';
import type { BenchStack } from './stack.ts';

/** A process started for a measurement. */
export interface Started {
  port: number;
  child: ChildProcess;
  pid: number;
  socket?: string | undefined;
}

/** An auth-server, and the port of its metrics. */
export type StartedAuthServer = Started & { metrics: number };

/** Elsewhere than another bench on this machine. */
let nextPort = 23_000 + 100 * randomInt(90);
const started: ChildProcess[] = [];
process.once('exit', endStarted);

/** Ends what was started here. */
export function endStarted(): void {
  for (const child of started.splice(0)) child.kill('SIGTERM');
}

/** Starts the least gate: it parses the body and says yes. */
export async function startFloor(): Promise<Started> {
  const port = nextPort++;
  const socket = gateSocket(port);
  if (socket) rmSync(socket, { force: true });
  const args = [join(import.meta.dirname, 'calls', 'floor.ts'), String(port), ...(socket ? [socket] : [])];
  return { ...(await start(port, process.execPath, args)), socket };
}

/**
 * Starts one more auth-server over the stack's database.
 * @param change settings of its own
 * @param node the program that runs it
 */
export async function startAuthServer(
  stack: BenchStack,
  change: NodeJS.ProcessEnv = {},
  node = process.execPath,
): Promise<StartedAuthServer> {
  const ports = { ...stack.ports, authServer: nextPort++, metrics: nextPort++ };
  const env = { ...stack.env, AUTH_SERVER_WORKERS: '1', ...change };
  const services = nodeServices({ ports, dataDir: stack.dataDir, env, standIn: true });
  const service = services.find(({ name }) => name === 'auth-server');
  if (!service) throw new Error('there is no auth-server among the services');
  const one = await start(ports.authServer, node, service.args, { ...process.env, ...service.env });
  return { ...one, metrics: ports.metrics };
}

/** Starts the stack's nginx once more, with its configuration, on a port of its own. @param gate what answers `/validate` */
export async function startNginxWith(stack: BenchStack, gate: Started): Promise<Started> {
  const [port, brokerPort] = [nextPort++, nextPort++];
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
  const where = gate.socket ? `unix:${gate.socket}` : `127.0.0.1:${gate.port}`;
  edit('services.conf', (text) => text.replace(/(?<=^upstream auth_server \{ server )\S+/m, where));
  return await startNginx(port, join(to, 'nginx.conf'));
}

/** Starts an nginx that passes everything on to one server, as it is used without a gate. @param origin of the server */
export async function startPlainNginx({ dataDir }: BenchStack, origin: string): Promise<Started> {
  const port = nextPort++;
  const folder = join(dataDir, `nginx-${port}`);
  mkdirSync(folder);
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (of) => `${of}_temp_path ${folder}/${of};`,
  );
  const conf = `
worker_processes auto;
pid ${folder}/pid;
daemon off;
error_log stderr warn;
events { worker_connections 1024; }
http {
  ${temporary.join('\n  ')}
  access_log ${folder}/access.log;
  client_body_buffer_size 64k;
  upstream server { server ${new URL(origin).host}; keepalive 32; }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://server;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
    }
  }
}
`;
  writeFileSync(join(folder, 'nginx.conf'), conf);
  return await startNginx(port, join(folder, 'nginx.conf'));
}

function startNginx(port: number, conf: string): Promise<Started> {
  const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` };
  return start(port, 'nginx', ['-c', conf, '-e', 'stderr'], env);
}

async function start(port: number, file: string, args: readonly string[], env = process.env): Promise<Started> {
  const output = process.env.BENCH_SHOW ? 'inherit' : 'ignore';
  const child = spawn(file, args, { env, stdio: ['ignore', output, 'inherit', 'ipc'] });
  started.push(child);
  for (const until = performance.now() + 60_000; performance.now() < until && child.exitCode === null; await sleep(2))
    if ((await answers(port)) && child.pid !== undefined) return { port, child, pid: child.pid };
  throw new Error(`${file} ${args.join(' ')} did not start`);
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
