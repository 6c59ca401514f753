import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { run } from '../../agents/program.ts';
import { type Gateway, startGateway } from '../support/gateway/gateway.ts';

let gateway: Gateway;
const folder = mkdtempSync(join(tmpdir(), 'import-command-'));
beforeAll(async () => {
  gateway = await startGateway();
  const [, cookie = ''] = (await gateway.sessionCookie('alice')).split(/=(.*)/s);
  writeFileSync(join(folder, 'cookie'), cookie, { mode: 0o600 });
}, 180_000);
afterAll(async () => {
  await gateway?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const write = (name: string, value: unknown) => {
  writeFileSync(join(folder, name), typeof value === 'string' ? value : JSON.stringify(value));
  return join(folder, name);
};
const type = async (...words: string[]) => {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const signal = new AbortController().signal;
  const context = {
    env: {},
    folder: join(import.meta.dirname, '../../agents'),
    home: folder,
    stdin: new PassThrough(),
  };
  const as = ['--gateway', gateway.url, '--session-cookie-file', join(folder, 'cookie')];
  const code = await run(['import', ...as, ...words], { ...context, stdout, stderr, signal });
  const said = (stream: PassThrough) => String(stream.read() ?? '');
  return { code, out: said(stdout), err: said(stderr) };
};

test('The servers of several files are registered through the gate as the logged-in person', async () => {
  const original = { server_name: 'One', path: '/one', proxy_pass_url: `${gateway.echo.url}/` };
  const published = {
    name: 'com.example/two',
    description: 'Two',
    version: '1.0.0',
    remotes: [{ type: 'streamable-http', url: `${gateway.echo.url}/mcp` }],
  };
  const files = [write('original.json', original), write('page.json', { servers: [{ server: published }] })];
  const outcomes = ({ out }: { out: string }) =>
    (JSON.parse(out).results as { name: string; outcome: string }[]).map(({ name, outcome }) => [name, outcome]);
  const tried = await type('--dry-run', ...files);
  expect([tried.code, outcomes(tried)]).toEqual([
    0,
    [
      ['one', 'registered'],
      ['two', 'registered'],
    ],
  ]);
  const done = await type(...files);
  expect([done.code, outcomes(done)]).toEqual([tried.code, outcomes(tried)]);
  expect(outcomes(await type(...files)).map(([, outcome]) => outcome)).toEqual(['skipped', 'skipped']);
});

test('Twenty servers of a UTF-16 file are routed after one import, and a dry run says the same, also of names that clash', async () => {
  const remotes = [{ type: 'streamable-http', url: `${gateway.echo.url}/mcp` }];
  const server = (name: string) => ({ name, description: 'Many', version: '1.0.0', remotes });
  const names = Array.from({ length: 19 }, (_, n) => `com.example/many-${n}`);
  const page = { servers: ['com.one/many-0', ...names].map((name) => ({ server: server(name) })) };
  writeFileSync(join(folder, 'many.json'), Buffer.from(`\ufeff${JSON.stringify(page)}`, 'utf16le'));
  const told = ({ out }: { out: string }) => JSON.parse(out).results as { name: string; outcome: string }[];
  const tried = await type('--dry-run', join(folder, 'many.json'));
  const done = await type(join(folder, 'many.json'));
  expect([done.code, told(done)]).toEqual([0, told(tried)]);
  expect(told(done).slice(0, 2)).toMatchObject([{ name: 'many-0' }, { name: 'example-many-0' }]);
  expect(told(done).every(({ outcome }) => outcome === 'registered')).toBe(true);
  const routes = readFileSync(join(gateway.dataDir, 'nginx', 'routes'), 'utf8');
  for (const { name } of told(done)) expect(routes).toContain(`\n${name} http `);
});

test('A refused server is reported with the reason, and the exit code shows it', async () => {
  const stdio = { name: 'com.example/local', description: 'x', version: '1', packages: [{ registryType: 'npm' }] };
  const { code, out } = await type(write('stdio.json', [stdio]));
  expect([code, out]).toEqual([1, expect.stringContaining('bridge to streamable HTTP')]);
});

test.each([
  ['does not exist', () => join(folder, 'nowhere.json'), 'cannot be read (ENOENT)'],
  ['is not JSON', () => write('text.json', 'hello'), 'is not JSON'],
])('A file that %s is reported by name, and no request is sent', async (_what, file, words) => {
  const { code, err } = await type(file());
  expect([code, err]).toEqual([2, expect.stringContaining(words)]);
});
