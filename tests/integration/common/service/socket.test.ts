import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { freePorts } from '../../../support/gateway/gateway.ts';

const service = new URL('../../../../common/service/service.ts', import.meta.url).href;
let folder: string;
let socket: string;
const children: ChildProcess[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'socket-'));
  socket = join(folder, 's');
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

/** A service on a socket; as two processes if `workers`. The answer is the process. */
const program = (port: number, workers: boolean) => `
  import cluster from 'node:cluster';
  import { runService } from ${JSON.stringify(service)};
  if (${workers} && cluster.isPrimary) {
    process.once('SIGTERM', () => Object.values(cluster.workers).forEach((each) => each.kill()));
    for (let i = 0; i < 2; i++) await new Promise((done) => cluster.fork().once('listening', done));
  } else {
    const listener = (req, res) => void setTimeout(() => res.end(String(process.pid)), 300);
    const where = { host: '127.0.0.1', port: ${port}, portVariable: 'PORT', socket: ${JSON.stringify(socket)} };
    await runService('mcpgw', process.env, () => ({ listener, ...where }));
  }
  if (cluster.isPrimary) process.stderr.write('up');
`;

async function start({ workers = false } = {}): Promise<{ child: ChildProcess; log: Promise<string> }> {
  const [port = 0] = await freePorts(1);
  // In a file: node:cluster starts the same program again.
  const file = join(folder, `${port}.mjs`);
  writeFileSync(file, program(port, workers));
  const child = spawn(process.execPath, [file]);
  children.push(child);
  const log = text(child.stdout);
  await Promise.race([once(child.stderr, 'data'), once(child, 'exit')]);
  return { child, log };
}

function ask(): Promise<string> {
  return new Promise((resolve, reject) => {
    request({ socketPath: socket, agent: false }, (res) => text(res).then(resolve, reject))
      .on('error', reject)
      .end();
  });
}

test('A service answers on its socket, for each user who reaches the folder, and removes it at its end', async () => {
  const { child } = await start();
  expect(statSync(socket).mode & 0o777).toBe(0o666);
  const exit = once(child, 'exit');
  const answer = ask();
  await new Promise((resolve) => setTimeout(resolve, 100));
  child.kill('SIGTERM');
  expect(await answer).toBe(String(child.pid));
  expect(await exit).toEqual([0, null]);
  expect(existsSync(socket)).toBe(false);
});

test('After a service was killed, the next one takes its socket over', async () => {
  const { child } = await start();
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(existsSync(socket)).toBe(true);
  const next = await start();
  expect(await ask()).toBe(String(next.child.pid));
});

test('A second service does not start while the first answers at the socket, and says why', async () => {
  const first = await start();
  const { child, log } = await start();
  if (child.exitCode === null) await once(child, 'exit');
  expect(child.exitCode).toBe(1);
  expect(await log).toContain(`the socket ${socket} is taken: stop the program that has it, or`);
  expect(await ask()).toBe(String(first.child.pid));
});

test('A service whose socket is set to another file leaves that file as it is, and does not start', async () => {
  writeFileSync(socket, 'a database');
  const { child, log } = await start();
  if (child.exitCode === null) await once(child, 'exit');
  expect(child.exitCode).toBe(1);
  expect(await log).toContain(`the socket ${socket} is taken`);
  expect(readFileSync(socket, 'utf8')).toBe('a database');
});

test('The processes of a cluster share a socket, also one that killed processes have left', async () => {
  const before = await start();
  before.child.kill('SIGKILL');
  await once(before.child, 'exit');
  await start({ workers: true });
  const answers = await Promise.all(Array.from({ length: 8 }, ask));
  expect(new Set(answers).size).toBe(2);
});
