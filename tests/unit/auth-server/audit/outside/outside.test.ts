import { appendFileSync, mkdtempSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createJoin } from '../../../../../auth-server/audit/outside/join.ts';
import { readCallLine } from '../../../../../auth-server/audit/outside/line.ts';
import { createTail, type Tail } from '../../../../../auth-server/audit/outside/tail.ts';

const id = '0123456789abcdef0123456789abcdef';

test.each([
  ['a call', `${id}\t200\t200\t0.021\t0.012\t345`, 200, 12],
  ['a refusal of another server before the answer', `${id}\t200\t502, 200\t0.021\t0.002, 0.012\t345`, 200, 12],
  ['one that was sent on', `${id}\t502\t401 : 502\t0.021\t0.002 : 0.003\t345`, 502, 3],
  ['one without a server', `${id}\t503\t-\t0.021\t-\t345`, 503, 21],
  ['a server that did not answer', `${id}\t499\t-\t60.021\t-\t0`, 499, 60_021],
])('The line about %s tells status and time', (_what, line, status, milliseconds) => {
  expect(readCallLine(line)).toEqual({ requestId: id, status, milliseconds });
});

test.each([
  '',
  'half a line',
  `${id}\t200\t200\t0.021`,
  `${id}\t000\t-\t0.021\t-\t0`,
  `${id.toUpperCase()}\t200\t200\t0.021\t0.012\t345`,
  `x${id}\t200\t200\t0.021\t0.012\t345`,
  `${id}\t200\t200\t0.021\t0.012\t345 and more`,
])('A broken line is skipped: %j', (line) => {
  expect(readCallLine(line)).toBeUndefined();
});

describe('A tail', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tail-'));
  const path = join(folder, 'calls.log');
  let tail: Tail;
  beforeEach(() => {
    rmSync(path, { force: true });
    tail = createTail(path, 100_000);
  });
  afterEach(() => tail.close());
  afterAll(() => rmSync(folder, { recursive: true }));

  test('A tail starts at the end of the file, and returns lines only when they are whole', async () => {
    writeFileSync(path, 'old\n');
    expect(await tail.read()).toEqual([]);
    appendFileSync(path, 'one\ntw');
    expect(await tail.read()).toEqual(['one']);
    appendFileSync(path, 'o\n');
    expect(await tail.read()).toEqual(['two']);
    expect(await tail.read()).toEqual([]);
  });

  test('A tail returns all of a file that appears later', async () => {
    expect(await tail.read()).toEqual([]);
    writeFileSync(path, 'one\n');
    expect(await tail.read()).toEqual(['one']);
  });

  test('A tail loses no line when the file is moved, also one that is written to the moved file later', async () => {
    writeFileSync(path, '');
    await tail.read();
    for (const round of [1, 2, 3, 4]) {
      appendFileSync(path, `last of ${round}\n`);
      renameSync(path, `${path}.1`);
      writeFileSync(path, `first after ${round}\n`);
      appendFileSync(`${path}.1`, `late of ${round}\n`);
      expect(await tail.read()).toEqual([`last of ${round}`, `late of ${round}`, `first after ${round}`]);
      appendFileSync(`${path}.1`, `very late of ${round}\n`);
      expect(await tail.read()).toEqual([`very late of ${round}`]);
    }
  });

  test('A tail begins again when the file is cut', async () => {
    writeFileSync(path, '');
    await tail.read();
    appendFileSync(path, 'one\ntwo\nhalf');
    await tail.read();
    truncateSync(path);
    appendFileSync(path, '3\n');
    expect(await tail.read()).toEqual(['3']);
  });

  test('A tail reads a bounded part at a time, and keeps no line without an end', async () => {
    writeFileSync(path, '');
    await tail.read();
    const lines = Array.from({ length: 3_000 }, (_, index) => `${index}`.padStart(100, '.'));
    appendFileSync(path, `${'x'.repeat(200_000)}\n${lines.join('\n')}\n`);
    const parts: string[][] = [];
    for (let read = ['']; read.length > 0 || parts.length < 3; parts.push(read)) read = await tail.read();
    expect(Math.max(...parts.map((part) => part.join('\n').length))).toBeLessThan(200_000);
    expect(parts.flat().slice(-3_000)).toEqual(lines);
  });
});

describe('The join', () => {
  let time = 0;
  const call = (requestId: string) => ({ requestId, status: 200, milliseconds: 1 });
  const small = () =>
    createJoin<string>({ mostOpen: 3, openMilliseconds: 1_000, mostEarly: 2, earlyMilliseconds: 100 }, () => time);

  test('A decision and a line are joined once, whichever comes first', () => {
    const both = small();
    expect(both.decided('a', 'A')).toBeUndefined();
    expect(both.seen(call('a'))).toBe('A');
    expect(both.seen(call('a'))).toBeUndefined();
    expect(both.seen(call('b'))).toBeUndefined();
    expect(both.decided('b', 'B')).toEqual(call('b'));
    expect(both.seen(call('b'))).toBeUndefined();
    expect(both.unseen()).toBe(0);
  });

  test('Requests without a line are given up and counted when they are too old or too many', () => {
    const both = small();
    for (const name of ['a', 'b', 'c', 'd']) both.decided(name, name);
    expect(both.unseen()).toBe(1);
    expect([both.seen(call('a')), both.seen(call('b'))]).toEqual([undefined, 'b']);
    time += 1_000;
    both.decided('e', 'e');
    expect(both.unseen()).toBe(3);
  });

  test('Lines about requests that this process has not decided are forgotten', () => {
    const both = small();
    for (const name of ['a', 'b', 'c']) both.seen(call(name));
    expect(both.decided('a', 'a')).toBeUndefined();
    expect(both.decided('b', 'b')).toBeDefined();
    time += 100;
    both.seen(call('d'));
    expect(both.decided('c', 'c')).toBeUndefined();
    expect(both.unseen()).toBe(0);
  });
});
