import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAddressCheck, parseCidr } from '../../../../common/network/addresses.ts';
import { parsePolicy } from '../../../../common/policy/policy-file.ts';
import { createLog } from '../../../../common/service/log.ts';
import { scopesOfGroups } from '../../../../policy/policy.ts';
import { createUpstreams } from '../../../../registry/routing/upstreams.ts';
import { openStore, type RegistryStore } from '../../../../registry/store/store.ts';
import { admin, signer, startRegistry, stranger } from '../../../support/registry/registry-fixture.ts';

const policy = parsePolicy(readFileSync('scopes.yml', 'utf8'));
const alice = { ...admin, scopes: scopesOfGroups(policy, admin.groups) };
const folder = mkdtempSync(join(tmpdir(), 'hostile-input-'));
const log = createLog('test', 'silent');
const loopback = parseCidr('127.0.0.0/8');
const check = createAddressCheck({ allowPrivate: loopback ? [loopback] : [], ownPorts: new Set([8888]) });

let store: RegistryStore;
let registry: Awaited<ReturnType<typeof startRegistry>>;
let benign: string;
let benignRoutes: string;
const routes = () => readFileSync(join(folder, 'routes'), 'utf8');
/** nginx's configuration as `nginx/reload` builds it from the routes; throws if it refuses them. */
const configuration = () => {
  execFileSync('nginx/reload', ['build'], {
    env: { ...process.env, CONF_DIR: folder, ROUTES: join(folder, 'routes') },
  });
  return readFileSync(join(folder, 'routes.conf'), 'utf8');
};
beforeAll(async () => {
  store = await openStore(':memory:');
  const resolve = async (host: string) => (/^[0-9.]+$/.test(host) ? [host] : ['127.0.0.1']);
  const upstreams = createUpstreams({ servers: store.list, resolve, check, routesDir: folder, log });
  registry = await startRegistry(signer.keys, {
    policy: () => policy,
    store,
    edits: {
      examine: async (server) => (await upstreams.find(server)).problem,
      async publish() {
        await upstreams.refresh();
        return { state: 'ok' };
      },
    },
  });
  expect((await send('POST', '/servers', server)).status).toBe(201);
  benign = configuration();
  benignRoutes = routes();
});
afterAll(async () => {
  await registry.close();
  rmSync(folder, { recursive: true });
});

const server = {
  name: 'notes',
  title: 'Notes',
  description: 'Notes',
  upstream: 'http://127.0.0.1:9000',
  transports: { 'streamable-http': '/mcp', sse: '/sse' },
};
interface Body {
  error?: { code: string; message: string; faults?: { path: string }[] };
  server?: Record<string, unknown>;
}
async function send(method: string, path: string, body: unknown, who: object = alice) {
  const answer = await fetch(`${registry.url}/api${path}`, {
    method,
    headers: { 'X-Mcp-Assertion': await signer.sign(who), 'Content-Type': 'application/json' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return { status: answer.status, body: (await answer.json()) as Body };
}

test.each(['judge', 'replay', 'changes', 'drift', 'proposals/1'])(
  'what a person without edit_policy sends to /policy/%s is not even read',
  async (path) => {
    expect(await send('POST', `/policy/${path}`, '{', stranger)).toMatchObject({
      status: 403,
      body: { error: { code: 'not_permitted' } },
    });
  },
);

const hostile = [
  'x; return 200 pwned',
  'x { } location /pwned { return 200; } #',
  'x"; deny all; "',
  "x'",
  'x\\',
  'x\nlisten 1234;',
  'x\r\nX-Evil: 1',
  'x\0y',
  'x\ty',
  '$host',
  '$\u007bPUBLIC_URL}',
  '`id`',
  '$(id)',
  '| id',
  '../../etc/passwd',
  '-',
  '#',
  '<script>alert(1)</script>',
  "'; DROP TABLE server; --",
  '{{7*7}}',
  '<%= 7 * 7 %>',
  '\u202enimda',
  'ad\u200bmin',
  'x\u2028y',
  'x\ufeffy',
  '\u{e0041}\u{e0042}',
  'nоtes',
  'ｎｏｔｅｓ',
  '\ud800',
];
const structural: [string, (text: string) => object][] = [
  ['name', (text) => ({ name: text })],
  ['upstream', (text) => ({ upstream: text })],
  ['upstream, as the host', (text) => ({ upstream: `http://${text}:9000` })],
  ['upstream, as the user', (text) => ({ upstream: `http://${text}@127.0.0.1:9000` })],
  ['upstream, as the port', (text) => ({ upstream: `http://127.0.0.1:${text}` })],
  ['upstream, as the path', (text) => ({ upstream: `http://127.0.0.1:9000/${text}` })],
  ['path', (text) => ({ transports: { 'streamable-http': text } })],
  ['path, after a good one', (text) => ({ transports: { 'streamable-http': `/mcp${text}` } })],
  ['path of SSE', (text) => ({ transports: { sse: `/sse/${text}` } })],
  ['transport', (text) => ({ transports: { 'streamable-http': '/mcp', [text]: '/x' } })],
  ['secret', (text) => ({ auth: { secret: text } })],
  ['field', (text) => ({ [text]: 'x' })],
];
/** The characters that a path or a host may contain because they have no meaning in the configuration. */
const harmless = new Set(['-', '#', 'nоtes', 'ｎｏｔｅｓ']);

test.each(structural)('A hostile %s of a server reaches neither nginx nor the store', async (_field, change) => {
  for (const text of hostile) {
    const before = store.list();
    const { status, body } = await send('POST', '/servers', { ...server, name: 'evil', ...change(text) });
    if (status === 201) {
      expect([text, harmless.has(text)]).toEqual([text, true]);
      // Parsed and rebuilt: the stored value is plain ASCII without special meaning.
      const kept = store.get('evil');
      expect(`${kept?.upstream} ${JSON.stringify(kept?.transports)}`).toMatch(/^[ -~]*$/);
      expect(configuration()).toMatch(/^[ -~\n]*$/);
      await send('DELETE', '/servers/evil', {});
    } else {
      expect([text, [400, 422].includes(status)]).toEqual([text, true]);
      expect(body.error?.code).toMatch(/^(input_invalid|upstream_refused)$/);
    }
    expect(store.list()).toEqual(before);
    expect(routes()).toBe(benignRoutes);
  }
  expect(configuration()).toBe(benign);
});

const texts: [string, (text: string) => object][] = [
  ['title', (text) => ({ title: text })],
  ['description', (text) => ({ description: text })],
  ['tag', (text) => ({ tags: [text] })],
  ['version', (text) => ({ version: text })],
  ['license', (text) => ({ license: text })],
  ['repository', (text) => ({ repository: `https://example.com/${text}` })],
  ['icon', (text) => ({ icons: [{ src: `https://example.com/${text}` }] })],
];
test.each(texts)('The %s of a server changes no byte of what nginx reads', async (_field, change) => {
  for (const text of hostile) {
    const revision = store.get('notes')?.revision;
    const { status } = await send('PATCH', '/servers/notes', { ...change(text), revision });
    expect([text, [200, 400].includes(status)]).toEqual([text, true]);
    expect(routes()).toBe(benignRoutes);
  }
  expect(configuration()).toBe(benign);
});

test.each(texts.slice(0, 5))('A %s with invisible or bidirectional characters is rejected', async (_field, change) => {
  for (const text of [
    'a\u202eb',
    'a\u2066b',
    'a\u200bb',
    'a\u2028b',
    'a\ufeffb',
    'a\u{e0041}b',
    'a\u00adb',
    '\u200d',
    'a\nb',
    'a\x7fb',
  ]) {
    const revision = store.get('notes')?.revision;
    const { status, body } = await send('PATCH', '/servers/notes', { ...change(text), revision });
    expect([text, status, body.error?.code]).toEqual([text, 400, 'input_invalid']);
  }
  for (const text of ['Größe', '時刻', 'می‌خواهم', '👩‍💻 tools', 'a & b <c>']) {
    const revision = store.get('notes')?.revision;
    expect((await send('PATCH', '/servers/notes', { ...change(text), revision })).status).toBe(200);
  }
});

test.each([
  ['full-width digits', 'http://１２７.0.0.1:8888', "gateway's own port"],
  ['ideographic full stops', 'http://127。0。0。1:8888', "gateway's own port"],
  ['letters in circles', 'http://①②⑦.0.0.1:8888', "gateway's own port"],
  ['a number', 'http://2130706433:8888', "gateway's own port"],
  ['octal digits', 'http://0177.0.0.1:8888', "gateway's own port"],
  ['hexadecimal digits', 'http://0x7f.1:8888', "gateway's own port"],
  ['a full-width metadata address', 'http://１６９.254.169.254', 'metadata'],
])('An address written with %s is normalised, and vetted', async (_how, upstream, reason) => {
  const { status, body } = await send('POST', '/servers', { ...server, name: 'other', upstream });
  expect([status, body.error?.code]).toEqual([422, 'upstream_refused']);
  expect(body.error?.message).toContain(reason);
});

test('A host that looks like another is shown in its ASCII form', async () => {
  const upstream = 'http://nоtes.example';
  expect((await send('POST', '/servers', { ...server, name: 'lookalike', upstream })).status).toBe(201);
  expect(store.get('lookalike')?.upstream).toBe('http://xn--ntes-55d.example');
  await send('DELETE', '/servers/lookalike', {});
});

test('If many people register the same name at once, one succeeds and the others get 409', async () => {
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, i) => send('POST', '/servers', { ...server, name: 'wanted', title: `T${i}` })),
  );
  const statuses = answers.map(({ status }) => status);
  expect(statuses.filter((status) => status === 201)).toHaveLength(1);
  expect(answers.filter(({ body }) => body.error?.code === 'name_taken')).toHaveLength(19);
  const first = answers.find(({ status }) => status === 201);
  expect(store.get('wanted')?.title).toBe(first?.body.server?.title);
  await send('DELETE', '/servers/wanted', {});
});

test.each([
  ['10 MB of text', () => JSON.stringify({ ...server, description: 'x'.repeat(10_000_000) })],
  ['a million nested empty lists', () => '['.repeat(1_000_000)],
  ['nested lists, just within the limit', () => `{"tags":${'['.repeat(30_000)}${']'.repeat(30_000)}}`],
  [
    'ten thousand fields',
    () => JSON.stringify(Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`f${i}`, 1]))),
  ],
  [
    'ten thousand tags',
    () => JSON.stringify({ ...server, name: 'large', tags: Array.from({ length: 10_000 }, () => 'a') }),
  ],
  ['a field called __proto__', () => '{"__proto__":{"enabled":true},"name":"large"}'],
])('A registration of %s is rejected quickly, and the registry keeps working', async (_what, body) => {
  const started = performance.now();
  const text = body();
  const { status, body: said } = await send('POST', '/servers', text).catch(() => ({ status: 400, body: {} as Body }));
  expect(status).toBe(400);
  if (said.error) expect(said.error.code).toBe('input_invalid');
  expect(JSON.stringify(said).length).toBeLessThan(5_000);
  expect(performance.now() - started).toBeLessThan(30_000);
  expect(
    (await send('PATCH', '/servers/notes', { title: 'Still', revision: store.get('notes')?.revision })).status,
  ).toBe(200);
});
