import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAddressCheck, parseCidr } from '../../../../common/network/addresses.ts';
import { type Resolver, systemResolver } from '../../../../common/network/resolve.ts';
import { createUpstreams } from '../../../../registry/routing/upstreams.ts';
import type { ServerEntry } from '../../../../registry/servers/server.ts';
import { until } from '../../../support/listen.ts';
import { recordingLog } from '../../../support/registry/registry-fixture.ts';

const allowPrivate = ['127.0.0.0/8', '::1/128', '10.0.0.0/8'].flatMap((text) => parseCidr(text) ?? []);
const check = createAddressCheck({ allowPrivate, ownPorts: new Set([8888]) });
const entry = (name: string, upstream: string): ServerEntry => ({
  name,
  title: name,
  description: name,
  upstream,
  transports: { 'streamable-http': '/mcp' },
  tags: [],
});

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'upstreams-'));
});
afterEach(() => rm(folder, { recursive: true }));

const written = async () => (await readFile(join(folder, 'routes'), 'utf8')).split('\n').filter(Boolean);
const failing = (code: string) => Promise.reject(Object.assign(new Error(code), { code }));

const make = (servers: ServerEntry[], resolve: Resolver, timeoutMs = 5_000) => {
  const { log, lines } = recordingLog();
  return {
    lines,
    upstreams: createUpstreams({ servers: () => servers, resolve, check, routesDir: folder, log, timeoutMs }),
  };
};

test('Every server is resolved, and its addresses are sorted without duplicates', async () => {
  const { upstreams } = make([entry('time', 'http://time.test:8000')], async () => [
    '10.0.0.2',
    '::1',
    '10.0.0.1',
    '10.0.0.2',
  ]);
  await upstreams.refresh();
  expect(await written()).toEqual(['time http time.test:8000 10.0.0.1:8000,10.0.0.2:8000,[::1]:8000 /mcp - -']);
  expect(upstreams.of('time')).toMatchObject({ addresses: ['10.0.0.1:8000', '10.0.0.2:8000', '[::1]:8000'] });
});

test('A server whose name was reserved by an upgrade is left out, and log and page say what to do', async () => {
  const servers = [entry('mcp', 'http://a.test'), entry('time', 'http://b.test')];
  const { upstreams, lines } = make(servers, async () => ['10.0.0.1']);
  await upstreams.refresh();
  expect(await written()).toEqual(['time http b.test 10.0.0.1:80 /mcp - -']);
  const todo = 'rename it: npm run -s servers:rename -- mcp my-mcp';
  expect(lines.map((line) => JSON.parse(line))).toContainEqual(
    expect.objectContaining({ level: 'warn', server: 'mcp', todo }),
  );
  expect(upstreams.of('mcp')?.problem).toBe(`Its name is reserved. An operator has to ${todo}`);
});

test("An upstream without a port gets its scheme's", async () => {
  const servers = [entry('plain', 'http://plain.test'), entry('safe', 'https://safe.test')];
  await make(servers, async () => ['93.184.215.14']).upstreams.refresh();
  expect(await written()).toEqual([
    'plain http plain.test 93.184.215.14:80 /mcp - -',
    'safe https safe.test 93.184.215.14:443 /mcp - -',
  ]);
});

test.each([
  ['cannot be resolved', () => failing('ENOTFOUND'), /cannot be resolved/],
  ['resolves to nothing', async () => [], /no address that is allowed/],
  ['takes too long to resolve', () => new Promise<string[]>(() => undefined), /cannot be resolved/],
  [
    'resolves to hundreds of addresses',
    async () => Array.from({ length: 200 }, (_, i) => `10.0.0.${i}`),
    /too many addresses/,
  ],
  ['resolves to a metadata service', async () => ['169.254.169.254'], /metadata/],
  ['resolves to something that is no address', async () => ['1.2.3.4;include'], /not a plain IP address/],
  ["resolves to the gateway's own port", async () => ['127.0.0.1'], /own port 8888/],
  ['resolves to a private network that is not allowed', async () => ['192.168.0.9'], /private/],
] as [string, () => Promise<string[]>, RegExp][])(
  'A server whose name %s is left out with a warning that names it, and the others stay',
  async (_why, answer, reason) => {
    const servers = [entry('bad', 'http://bad.test:8888'), entry('good', 'http://good.test:1')];
    const { upstreams, lines } = make(
      servers,
      (host) => (host === 'bad.test' ? answer() : Promise.resolve(['10.0.0.1'])),
      50,
    );
    await upstreams.refresh();
    expect(await written()).toEqual(['good http good.test:1 10.0.0.1:1 /mcp - -']);
    const warnings = lines.filter((line) => line.includes('"level":"warn"'));
    expect(warnings.length).toBeGreaterThan(0);
    for (const warning of warnings) expect(warning).toContain('"server":"bad"');
    expect(warnings.join('')).toMatch(reason);
    expect(upstreams.of('bad')?.addresses).toEqual([]);
    expect(upstreams.of('bad')?.problem).toBeTruthy();
  },
);

test('A set is written without an address, because the hub serves it, and one of a bad name is left out', async () => {
  const { log } = recordingLog();
  const servers = () => [entry('good', 'http://good.test:1')];
  const sets = () => [{ name: 'team' }, { name: 'mcp' }, { name: 'a b' }];
  const options = { resolve: async () => ['10.0.0.1'], check, routesDir: folder, log };
  await createUpstreams({ servers, sets, ...options }).refresh();
  expect(await written()).toEqual(['good http good.test:1 10.0.0.1:1 /mcp - -', 'team set']);
});

test('An entry that is no valid line is left out, and the others stay', async () => {
  const servers = [entry('a;b', 'http://x.test:1'), entry('good', 'http://good.test:1')];
  const { upstreams, lines } = make(servers, async () => ['10.0.0.1']);
  await upstreams.refresh();
  expect(await written()).toEqual(['good http good.test:1 10.0.0.1:1 /mcp - -']);
  expect(lines.join('')).toContain('"server":"a;b"');
});

test('A name is refused if one of its addresses is, and an editor sees which rule refused it', async () => {
  const mixed = entry('mixed', 'http://mixed.test:1');
  const { upstreams } = make([mixed], async () => ['10.0.0.1', 'fd00:ec2::254']);
  await upstreams.refresh();
  expect(await written()).toEqual([]);
  expect(upstreams.of('mixed')).toMatchObject({
    addresses: [],
    problem: 'One of its addresses is not one that the gateway may reach.',
  });
  expect((await upstreams.find(mixed)).problem).toBe(
    'One of its addresses is not one that the gateway may reach. It is a link-local or cloud metadata address.',
  );
});

test('A temporary resolver failure keeps the old addresses; a name that no longer exists loses its route', async () => {
  let answer: () => Promise<readonly string[]> = async () => ['10.0.0.1'];
  const { upstreams } = make([entry('time', 'http://time.test:1')], () => answer());
  await upstreams.refresh();
  answer = () => failing('EAI_AGAIN');
  await upstreams.refresh();
  expect(await written()).toEqual(['time http time.test:1 10.0.0.1:1 /mcp - -']);
  answer = () => failing('ENOTFOUND');
  await upstreams.refresh();
  expect(await written()).toEqual([]);
});

test('An address that becomes forbidden loses its route', async () => {
  let ip = '10.0.0.1';
  const { upstreams } = make([entry('rebind', 'http://rebind.test:1')], async () => [ip]);
  await upstreams.refresh();
  ip = '169.254.169.254';
  await upstreams.refresh();
  expect(await written()).toEqual([]);
  expect(upstreams.of('rebind')?.addresses).toEqual([]);
});

test('Changed addresses reach the file without a refresh by the caller', async () => {
  let ip = '10.0.0.1';
  const { upstreams } = make([entry('time', 'http://time.test:1')], async () => [ip]);
  await upstreams.refresh();
  upstreams.start(10);
  try {
    ip = '10.0.0.2';
    await expect(until(async () => (await written())[0]?.includes('10.0.0.2:1'), 10_000)).resolves.toBe(true);
  } finally {
    upstreams.stop();
    await upstreams.refresh();
  }
});

test('Concurrent refreshes run one after another', async () => {
  let running = 0;
  let most = 0;
  const { upstreams } = make([entry('time', 'http://time.test:1')], async () => {
    most = Math.max(most, ++running);
    await new Promise((resolve) => setTimeout(resolve, 10));
    running--;
    return ['10.0.0.1'];
  });
  await Promise.all([upstreams.refresh(), upstreams.refresh(), upstreams.refresh()]);
  expect(most).toBe(1);
});

test('A refresh fails while the folder cannot be written, and works again later', async () => {
  const { upstreams } = make([entry('time', 'http://time.test:1')], async () => ['10.0.0.1']);
  await rm(folder, { recursive: true });
  await writeFile(folder, 'a file in the way');
  await expect(upstreams.refresh()).rejects.toThrow(/ENOTDIR|EEXIST/);
  await rm(folder);
  await mkdir(folder);
  await upstreams.refresh();
  expect(await written()).toHaveLength(1);
});

test('The system resolver resolves localhost, and returns an address unchanged', async () => {
  expect(await systemResolver('localhost')).toContain('127.0.0.1');
  expect(await systemResolver('127.0.0.1')).toEqual(['127.0.0.1']);
});

test.each([
  ['a metadata address', async () => ['169.254.169.254'], /metadata/],
  ["the gateway's own port", async () => ['127.0.0.1', '::1'], /own port 8888\. It is the gateway's own port 8888\./],
  ['a name that cannot be resolved', () => failing('ENOTFOUND'), /^Its host name cannot be resolved\.$/],
])('A server at %s is refused with a reason without its address, and no route changes', async (...given) => {
  const [, resolve, reason] = given;
  const { upstreams } = make([], resolve);
  const said = (await upstreams.find(entry('x', 'http://x.test:8888'))).problem;
  expect(said).toMatch(reason);
  expect(said).not.toMatch(/\d+\.\d+\.\d+|::1/);
  expect(upstreams.of('x')).toBeUndefined();
  await expect(written()).rejects.toThrow('ENOENT');
});
