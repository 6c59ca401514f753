import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';

const running: ChildProcess[] = [];
afterEach(() => {
  for (const child of running.splice(0)) child.kill('SIGKILL');
});

/** A program that runs the code `what` with a log. */
function program(what: string, output: 'pipe' | number = 'pipe'): ChildProcess & { stdout: Readable } {
  const source = `
    import { createLog } from './common/service/log.ts';
    const log = createLog('test', 'info');
    const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
    ${what}`;
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', source], {
    stdio: ['ignore', output, 'pipe', 'ipc'],
  });
  running.push(child);
  return child as ChildProcess & { stdout: Readable };
}

const numbers = (output: string) =>
  output
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line).n);

test('Every line arrives complete and in order, even if many are written at the same time', async () => {
  const child = program("for (let n = 0; n < 100_000; n++) log.info({ n }, 'x'.repeat(n % 100));");
  const output = await text(child.stdout);
  expect(numbers(output)).toEqual(Array.from({ length: 100_000 }, (_, n) => n));
});

test('The last lines are written when a process exits normally, and when a fatal error stops it', async () => {
  expect(numbers(await text(program("log.info({ n: 1 }, 'a'); process.exit(0);").stdout))).toEqual([1]);
  expect(numbers(await text(program("log.info({ n: 1 }, 'a'); log.fatal({ n: 2 }, 'b');").stdout))).toEqual([1, 2]);
});

test('A slow reader gets everything, in order', async () => {
  const child = program(
    "for (let n = 0; n < 5_000; n++) { log.info({ n }, 'x'.repeat(100)); if (n % 50 === 0) await sleep(1); }",
  );
  child.stdout.pause();
  await sleep(700);
  expect(numbers(await text(child.stdout))).toEqual(Array.from({ length: 5_000 }, (_, n) => n));
});

test('A process that has nothing more to do waits for a slow reader, for longer than it would at exit', async () => {
  const child = program("for (let n = 0; n < 5_000; n++) log.info({ n }, 'x'.repeat(100));");
  child.stdout.pause();
  await sleep(2_500);
  expect(numbers(await text(child.stdout))).toEqual(Array.from({ length: 5_000 }, (_, n) => n));
});

test('A process keeps working, and still exits, after its reader is gone', async () => {
  const child = program(
    "process.on('message', () => { log.info('after'); process.send('works'); process.exit(0); }); log.info('up');",
  );
  await once(child.stdout, 'data');
  child.stdout.destroy();
  await sleep(100);
  child.send('go');
  const [[answer], [code]] = await Promise.all([once(child, 'message'), once(child, 'exit')]);
  expect([answer, code]).toEqual(['works', 0]);
});

test('A process keeps working after its reader has stopped reading, and can exit within two seconds', async () => {
  const child = program(`
    for (let n = 0; n < 3_000; n++) log.info({ n }, 'x'.repeat(1_000));
    process.on('message', () => { process.send('works'); process.exit(0); });
    process.send('up');
  `);
  child.stdout.pause();
  await once(child, 'message');
  // Long enough for everything that can be written.
  await sleep(300);
  const began = performance.now();
  child.send('go');
  const [[answer], [code]] = await Promise.all([once(child, 'message'), once(child, 'exit')]);
  expect([answer, code]).toEqual(['works', 0]);
  expect(performance.now() - began).toBeLessThan(2_500);
}, 20_000);

test('Lines that are still buffered when a process exits are written completely and in order', async () => {
  const child = program(`
    for (let n = 0; n < 3_000; n++) log.info({ n }, 'x'.repeat(100));
    await sleep(100);
    for (let n = 3_000; n < 3_100; n++) log.info({ n }, 'x'.repeat(100));
    process.send('ending');
    process.exit(0);
  `);
  child.stdout.pause();
  await once(child, 'message');
  expect(numbers(await text(child.stdout))).toEqual(Array.from({ length: 3_100 }, (_, n) => n));
}, 20_000);

test('While the disk is full, lines wait until there is space again', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'log-')), 'log');
  const fd = openSync(file, 'a');
  const child = program(
    `for (let n = 0; n < 100; n++) { log.info({ n }, 'x'.repeat(1_000)); await sleep(5); if (n === 50) process.send('half'); }`,
    fd,
  );
  await once(child, 'spawn');
  execFileSync('prlimit', [`--pid=${child.pid}`, '--fsize=10000:unlimited']);
  await once(child, 'message');
  execFileSync('prlimit', [`--pid=${child.pid}`, '--fsize=unlimited:unlimited']);
  await once(child, 'exit');
  closeSync(fd);
  expect(numbers(readFileSync(file, 'utf8'))).toEqual(Array.from({ length: 100 }, (_, n) => n));
}, 20_000);

test('The buffer for a reader that has stopped is limited, and a line reports how many lines were dropped', async () => {
  const child = program(`
    const line = 'x'.repeat(20_000);
    for (let n = 0; n < 1_000; n++) log.info({ n }, line);
    await sleep(100);
    for (let n = 1_000; n < 4_000; n++) log.info({ n }, line);
    process.send(process.memoryUsage().rss / 1e6);
  `);
  child.stdout.pause();
  const [megabytes] = await once(child, 'message');
  expect(megabytes).toBeLessThan(250);
  const lines = (await text(child.stdout))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const lost = lines.filter(({ level }) => level === 'error');
  expect(lost.length).toBeGreaterThan(0);
  const dropped = lost.reduce((sum, { lines }) => sum + lines, 0);
  expect(lines.length - lost.length + dropped).toBe(4_000);
});
