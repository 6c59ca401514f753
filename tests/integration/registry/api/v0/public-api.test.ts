import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import addFormats from 'ajv-formats';
import { parsePolicy } from '../../../../../common/policy/policy-file.ts';
import type { ServerList, ServerResponse } from '../../../../../registry/api/v0/schemas.ts';
import {
  admin,
  publicUrl,
  signer,
  startRegistry,
  storeOf,
  stranger,
  user,
} from '../../../../support/registry/registry-fixture.ts';

const schema = readFileSync(new URL('../../../../support/server-json-2025-12-11.schema.json', import.meta.url), 'utf8');
const ajv = new Ajv({ allErrors: true });
addFormats.default(ajv);
const isServerJson = ajv.compile(JSON.parse(schema));
const official = 'io.modelcontextprotocol.registry/official';

const long = `${'words that say what it does, '.repeat(10)}and more 😀`;
const about = (name: string, more: object = {}) => ({
  name,
  title: `The ${name}`,
  description: 'Short',
  upstream: 'http://127.0.0.1:8000',
  transports: { 'streamable-http': '/mcp' },
  ...more,
});
const servers = [
  about('currenttime', { transports: { 'streamable-http': '/mcp', sse: '/sse' }, tags: ['time'], license: 'MIT' }),
  about('wordy', { description: long, title: '😀'.repeat(50), version: '>=1.0' }),
  about('known', {
    version: '2.1.0-beta+build.7',
    repository: 'https://github.com/example/known',
    icons: [{ src: 'https://example.com/i.png', mimeType: 'image/png', sizes: ['48x48', 'any'] }],
    alias: 'io.github.example/Known.Server',
  }),
  about('off', { enabled: false, repository: 'https://git.example.org/off', version: 'latest' }),
  about('thief', { alias: 'localhost/currenttime' }),
];

let registry: Awaited<ReturnType<typeof startRegistry>>;
beforeEach(async () => {
  registry = await startRegistry(signer.keys, { store: await storeOf(JSON.stringify(servers)) });
});
afterEach(() => registry.close());

const ask = async (path: string, who: object = admin, init: RequestInit = {}) => {
  const headers = { 'X-Mcp-Assertion': await signer.sign(who), ...init.headers };
  const answer = await fetch(registry.url + path, { ...init, headers });
  return { status: answer.status, body: (await answer.json()) as ServerList & ServerResponse & { error?: unknown } };
};
const namesOf = ({ body }: { body: ServerList }) => body.servers.map(({ server }) => server.name);
const all = [
  'io.github.example/Known.Server',
  'localhost/currenttime',
  'localhost/off',
  'localhost/thief',
  'localhost/wordy',
];

test.each(['/v0.1', '/v0'])('%s lists every server by name, each one valid against the published schema', async (v) => {
  const answer = await ask(`${v}/servers`);
  expect([answer.status, namesOf(answer), answer.body.metadata]).toEqual([200, all, { count: 5 }]);
  for (const { server } of answer.body.servers) {
    isServerJson(server);
    expect({ name: server.name, errors: isServerJson.errors ?? [] }).toEqual({ name: server.name, errors: [] });
  }
});

test('The schema in the tests rejects what the published one rejects', () => {
  const good = { name: 'a.b/c', description: 'x', version: '1' };
  expect(isServerJson(good)).toBe(true);
  for (const bad of [
    { ...good, name: 'a/b/c' },
    { ...good, description: 'x'.repeat(101) },
    { ...good, remotes: [{ type: 'stdio' }] },
    { ...good, repository: { url: 'https://x.example' } },
    { name: 'a.b/c', description: 'x' },
  ])
    expect(isServerJson(bad)).toBe(false);
});

test('A server is described with its addresses at the gateway, never with its upstream', async () => {
  const { body } = await ask('/v0.1/servers/localhost%2Fcurrenttime/versions/latest');
  expect(body).toEqual({
    server: {
      $schema: 'https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json',
      name: 'localhost/currenttime',
      title: 'The currenttime',
      description: 'Short',
      version: '1.0.0',
      remotes: [
        { type: 'streamable-http', url: 'http://localhost:8080/currenttime/mcp' },
        { type: 'sse', url: 'http://localhost:8080/currenttime/sse' },
      ],
    },
    _meta: {
      [official]: {
        status: 'active',
        publishedAt: expect.any(String),
        updatedAt: expect.any(String),
        isLatest: true,
      },
      'localhost/gateway': { name: 'currenttime', enabled: true, health: 'unknown', tags: ['time'], license: 'MIT' },
    },
  });
  expect(JSON.stringify((await ask('/v0.1/servers')).body)).not.toContain('127.0.0.1');
});

test('A server keeps the name, version, repository and icons of its makers', async () => {
  const { body } = await ask('/v0.1/servers/io.github.example%2FKnown.Server/versions/2.1.0-beta%2Bbuild.7');
  expect(body.server).toMatchObject({
    name: 'io.github.example/Known.Server',
    version: '2.1.0-beta+build.7',
    repository: { url: 'https://github.com/example/known', source: 'github' },
    icons: [{ src: 'https://example.com/i.png', mimeType: 'image/png', sizes: ['48x48', 'any'] }],
    remotes: [{ type: 'streamable-http', url: 'http://localhost:8080/known/mcp' }],
  });
});

test('An alias in the namespace of the gateway does not hide another server', async () => {
  const { body } = await ask('/v0.1/servers/localhost%2Fcurrenttime/versions/latest');
  expect(body._meta['localhost/gateway']).toMatchObject({ name: 'currenttime' });
});

test('Two servers cannot have the same alias', async () => {
  const taken = { ...about('second'), alias: 'io.github.example/Known.Server' };
  const person = { sub: 'x', username: 'x' };
  const next = { ...registry.store.get('known'), ...taken, enabled: true } as never;
  const change = registry.store.change({ name: 'second', revision: undefined, next, action: 'register', by: person });
  await expect(change).rejects.toMatchObject({ code: 'name_taken' });
});

test('A long description is cut to what the format allows, between words', async () => {
  const { body } = await ask('/v0.1/servers/localhost%2Fwordy/versions/latest');
  expect([...body.server.description].length).toBeLessThanOrEqual(100);
  expect(body.server.description).toMatch(/^words that say .*[a-z,]…$/);
});

test('A range, and the word latest, are answered as version 1.0.0', async () => {
  const of = async (name: string) =>
    (await ask(`/v0.1/servers/localhost%2F${name}/versions/1.0.0`)).body.server.version;
  expect([await of('wordy'), await of('off'), await of('currenttime')]).toEqual(['1.0.0', '1.0.0', '1.0.0']);
});

test('A disabled server is deprecated, with the reason, and an unknown source is named by its host', async () => {
  const { body } = await ask('/v0.1/servers/localhost%2Foff/versions/latest');
  expect(body._meta[official]).toMatchObject({ status: 'deprecated', statusMessage: expect.stringContaining('404') });
  expect(body.server.repository).toEqual({ url: 'https://git.example.org/off', source: 'git.example.org' });
});

test('A change of a server changes updatedAt, not publishedAt', async () => {
  const path = '/v0.1/servers/localhost%2Fcurrenttime/versions/latest';
  const before = (await ask(path)).body._meta[official];
  const now = registry.store.get('currenttime');
  if (!now) throw new Error('no server');
  const { revision, updatedAt: _, ...settings } = now;
  await new Promise((resolve) => setTimeout(resolve, 5));
  const next = { ...settings, title: 'Clock' };
  await registry.store.change({ name: 'currenttime', revision, next, action: 'edit', by: { sub: 'x', username: 'x' } });
  const after = (await ask(path)).body._meta[official];
  expect(after.publishedAt).toBe(before.publishedAt);
  expect(Date.parse(after.updatedAt)).toBeGreaterThan(Date.parse(before.updatedAt));
});

test('A server has one version', async () => {
  const answer = await ask('/v0.1/servers/localhost%2Foff/versions');
  expect([answer.status, namesOf(answer), answer.body.metadata.count]).toEqual([200, ['localhost/off'], 1]);
});

test.each([1, 2, 3, 5, 100])('Pages of %d lead through all servers, each one once', async (limit) => {
  const seen: string[] = [];
  let cursor = '';
  for (let pages = 0; pages < 10; pages++) {
    const answer = await ask(`/v0.1/servers?limit=${limit}${cursor && `&cursor=${cursor}`}`);
    expect(answer.body.metadata.count).toBeLessThanOrEqual(limit);
    seen.push(...namesOf(answer));
    cursor = answer.body.metadata.nextCursor ?? '';
    if (!cursor) break;
  }
  expect(seen).toEqual(all);
});

test('A cursor stays valid after its server is deleted, and nothing is skipped or repeated', async () => {
  const first = await ask('/v0.1/servers?limit=2');
  const gone = registry.store.get('currenttime');
  const by = { sub: 'x', username: 'x' };
  await registry.store.change({ name: 'currenttime', revision: gone?.revision, next: undefined, action: 'delete', by });
  const second = await ask(`/v0.1/servers?cursor=${first.body.metadata.nextCursor}`);
  expect(namesOf(second)).toEqual(all.slice(2));
});

test.each([
  ['a foreign cursor', 'cursor=abc'],
  ['a cursor with something added', `cursor=${Buffer.from('1:localhost/off').toString('base64url')}=`],
  ['a cursor twice', 'cursor=a&cursor=b'],
  ['no servers at all', 'limit=0'],
  ['more than a hundred', 'limit=101'],
  ['a limit in words', 'limit=ten'],
  ['a day without a time', 'updated_since=2026-11-23'],
  ['an invalid time', 'updated_since=yesterday'],
  ['an invalid flag', 'include_deleted=perhaps'],
])('%s is rejected with a sentence', async (_what, query) => {
  const { status, body } = await ask(`/v0.1/servers?${query}`);
  expect([status, body]).toEqual([400, { error: expect.stringMatching(/^\w+: .+/) }]);
});

test('A limit that is too large is rejected with the largest one', async () => {
  expect(await ask('/v0.1/servers?limit=500')).toMatchObject({
    status: 400,
    body: { error: 'limit: must be 100 or less' },
  });
});

test.each([
  ['search=TIME', ['localhost/currenttime']],
  ['search=the+known', ['io.github.example/Known.Server']],
  ['search=nothing-like-it', []],
  ['version=latest', all],
  ['version=2.1.0-beta%2Bbuild.7', ['io.github.example/Known.Server']],
  ['version=1.0.0&limit=1', ['localhost/currenttime']],
  ['updated_since=2001-01-01T00:00:00Z', all],
  ['updated_since=2001-01-01T00:00:00%2B01:00&include_deleted=true', all],
  ['updated_since=2999-01-01T00:00:00Z', []],
])('The list for %s has %j', async (query, names) => {
  expect(namesOf(await ask(`/v0.1/servers?${query}`))).toEqual(names);
});

test('A person who may see one server finds no trace of the others', async () => {
  expect(namesOf(await ask('/v0.1/servers', user))).toEqual(['localhost/currenttime']);
  expect(namesOf(await ask('/v0.1/servers', stranger))).toEqual([]);
  const hidden = await ask('/v0.1/servers/localhost%2Foff/versions', user);
  const missing = await ask('/v0.1/servers/localhost%2Fnowhere/versions', user);
  expect([hidden.status, hidden.body]).toEqual([404, { error: 'Server not found' }]);
  expect(missing.body).toEqual(hidden.body);
});

test.each(['/servers/localhost%2Foff/versions/9.9.9', '/servers/localhost/off', '/servers/localhost%2Foff', '/health'])(
  'There is nothing at %s',
  async (path) => {
    const { status, body } = await ask(`/v0.1${path}`);
    expect([status, body]).toEqual([404, { error: expect.any(String) }]);
  },
);

test.each([
  ['POST', '/publish'],
  ['PUT', '/servers/localhost%2Foff/versions/1.0.0'],
  ['DELETE', '/servers/localhost%2Foff/versions/1.0.0'],
  ['PATCH', '/servers/localhost%2Foff/versions/1.0.0/status'],
  ['PATCH', '/servers/localhost%2Foff/status'],
])('%s %s is not implemented, and the answer says where to go', async (method, path) => {
  const { status, body } = await ask(`/v0.1${path}`, admin, { method });
  expect([status, body]).toEqual([501, { error: expect.stringContaining('POST /api/servers') }]);
});

test('Without an assertion, or with one for mcpgw, the API is closed', async () => {
  const none = await fetch(`${registry.url}/v0.1/servers`);
  expect([none.status, await none.json()]).toEqual([401, { error: expect.any(String) }]);
  const headers = { 'X-Mcp-Assertion': await signer.sign(admin, { audience: 'http://localhost:8080/mcpgw' }) };
  expect((await ask('/v0.1/servers', admin, { headers })).status).toBe(401);
});

test("An agent's scopes say what it sees", async () => {
  const policy = parsePolicy('group_mappings: {}\nUI-Scopes:\n  reader/read:\n    list_service: ["off"]\n');
  const other = await startRegistry(signer.keys, {
    policy: () => policy,
    store: await storeOf(JSON.stringify(servers)),
  });
  const agent = { ...admin, groups: [], scopes: ['reader/read'], auth_method: 'jwt' };
  const headers = { 'X-Mcp-Assertion': await signer.sign(agent) };
  const answer = await fetch(`${other.url}/v0.1/servers`, { headers });
  expect(namesOf({ body: (await answer.json()) as ServerList })).toEqual(['localhost/off']);
  await other.close();
});

test("An assertion for a public registry's visitors reads this API, and opens no other address", async () => {
  const visitor = { ...admin, sub: '#public', username: 'public', auth_method: 'public' };
  const token = await signer.sign(visitor, { audience: `${publicUrl}/#public` });
  const at = async (path: string, method = 'GET') =>
    (await fetch(registry.url + path, { method, headers: { 'X-Mcp-Assertion': token } })).status;
  expect([await at('/v0.1/servers'), await at('/v0.1/publish', 'POST')]).toEqual([200, 501]);
  const paths = ['/', '/api/servers', '/api/me', '/servers/currenttime', '/-/live', '/-/palette', '/rights'];
  for (const path of paths) expect([path, await at(path)]).toEqual([path, 401]);
  for (const method of ['DELETE', 'PATCH']) expect(await at('/api/servers/currenttime', method)).toBe(401);
});
