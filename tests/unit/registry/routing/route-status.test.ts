import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cksum, routeOutcome } from '../../../../registry/routing/route-status.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'route-status-'));
});
afterEach(() => rmSync(folder, { recursive: true }));
const write = (name: string, text: string) => writeFileSync(join(folder, name), text);
const routes = 'a http a:1 127.0.0.1:1 /mcp - -\n';
const sum = cksum(Buffer.from(routes));

test.each([0, 1, 2, 255, 256, 257, 70_000])('The checksum of %i bytes equals that of cksum', (length) => {
  const bytes = randomBytes(length);
  const [crc, size] = execFileSync('cksum', { input: bytes, encoding: 'utf8' }).split(' ');
  expect(cksum(bytes)).toBe(`${crc}-${Number(size)}`);
});

test.each([
  ['took these routes', `ok ${sum}\n`, { state: 'ok' }],
  ['refused these routes', `refused ${sum} host not found\n`, { state: 'refused', reason: 'host not found' }],
  ['refused these routes without a word', `refused ${sum} \n`, { state: 'refused', reason: 'it gave no reason' }],
  ['has only said something about other routes', 'refused 1-1 host not found\n', { state: 'unknown' }],
  ['took other routes', 'ok 1-1\n', { state: 'unknown' }],
  ['said something else', 'hello\n', { state: 'unknown' }],
])('The outcome is known when nginx %s', async (_what, status, expected) => {
  write('routes', routes);
  write('routes.status', status);
  expect(await routeOutcome(folder, 0)).toEqual(expected);
});

test('The routes that nginx started with count as accepted until it reports otherwise', async () => {
  write('routes', routes);
  write('routes.built', `${sum}\n`);
  expect(await routeOutcome(folder, 0)).toEqual({ state: 'ok' });
  write('routes.status', 'ok 1-1\n');
  expect(await routeOutcome(folder, 0)).toEqual({ state: 'unknown' });
});

test('The registry waits for an answer within the time limit', async () => {
  write('routes', routes);
  setTimeout(() => write('routes.status', `ok ${sum}\n`), 150);
  expect(await routeOutcome(folder, 5_000)).toEqual({ state: 'ok' });
});
