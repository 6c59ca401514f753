import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parsePolicy } from '../../../../common/policy/policy-file.ts';
import { scopesOfGroups } from '../../../../policy/policy.ts';
import type { RouteOutcome } from '../../../../registry/routing/route-status.ts';
import { openStore } from '../../../../registry/store/store.ts';
import { admin, publicUrl, signer, startRegistry, storeOf } from '../../../support/registry/registry-fixture.ts';

const policyText = readFileSync(new URL('../../../../scopes.yml', import.meta.url), 'utf8').replace(
  /\n {2}mcp-registry-user:\n {4}list_service:.*\n/,
  '\n  mcp-registry-user:\n    list_service: [currenttime, mcpgw]\n',
);
const policy = parsePolicy(policyText);
const inGroup = (username: string, group: string) => ({
  ...admin,
  sub: `sub-of-${username}`,
  username,
  groups: [group],
  scopes: scopesOfGroups(policy, [group]),
});
const alice = inGroup('alice', 'mcp-registry-admin');
const dave = inGroup('dave', 'mcp-registry-operator');
const carol = inGroup('carol', 'mcp-registry-developer');
const bob = inGroup('bob', 'mcp-registry-user');
const erin = inGroup('erin', 'nothing');

const transports = { 'streamable-http': '/mcp' };
const servers = ['currenttime', 'secret', 'mcpgw'].map((name, index) => ({
  name,
  title: name,
  description: name,
  upstream: `http://127.0.0.1:${8000 + index}`,
  transports,
}));
const notes = { ...servers[0], name: 'notes', upstream: 'http://127.0.0.1:9000/' };

let registry: Awaited<ReturnType<typeof startRegistry>>;
let outcome: RouteOutcome;
let refusal: string | undefined;
beforeEach(async () => {
  outcome = { state: 'ok' };
  refusal = undefined;
  registry = await startRegistry(signer.keys, {
    policy: () => policy,
    store: await storeOf(JSON.stringify(servers)),
    check: async () => ({ status: 'healthy', checkedAt: new Date(0), error: null, tools: [] }),
    edits: { publish: async () => outcome, examine: async () => refusal },
  });
});
afterEach(() => registry.close());

interface Body {
  error?: { code: string; message: string; faults?: { path: string; message: string }[] };
  server?: Record<string, unknown> | null;
  route?: string;
  warnings?: string[];
  changes?: { server: string; action: string; by: string; fields: { field: string; to?: unknown }[] }[];
  next?: number | null;
}
const send = async (
  who: object,
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
) => {
  const answer = await fetch(`${registry.url}/api${path}`, {
    method,
    headers: { 'X-Mcp-Assertion': await signer.sign(who), 'Content-Type': 'application/json', ...headers },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  return { status: answer.status, headers: answer.headers, body: (await answer.json()) as Body };
};
const revisionOf = (name: string) => registry.store.get(name)?.revision;

const wants: [string, string, string, () => unknown][] = [
  ['register', 'POST', '/servers', () => notes],
  ['edit', 'PATCH', '/servers/currenttime', () => ({ title: 'Clock', revision: revisionOf('currenttime') })],
  ['disable', 'POST', '/servers/currenttime/disable', () => undefined],
  ['enable', 'POST', '/servers/currenttime/enable', () => undefined],
  ['check', 'POST', '/servers/currenttime/check', () => undefined],
  ['delete', 'DELETE', '/servers/currenttime', () => undefined],
];
test.each([
  ['alice, an admin,', alice, [201, 200, 200, 200, 200, 200]],
  ['dave, an operator,', dave, [403, 403, 200, 200, 200, 403]],
  ['carol, a developer,', carol, [201, 403, 403, 403, 200, 403]],
  ['bob, a user,', bob, [403, 403, 403, 403, 403, 403]],
  ['erin, who is in no group,', erin, [403, 404, 404, 404, 404, 404]],
])('%s may do exactly what UI-Scopes allow', async (_who, person, expected) => {
  const statuses: number[] = [];
  for (const [, method, path, body] of wants) statuses.push((await send(person, method, path, body())).status);
  expect(statuses).toEqual(expected);
});

test.each(wants.slice(1))(
  'A server that bob may not see is indistinguishable from one that does not exist: %s',
  async (...want) => {
    const [, method, path, body] = want;
    const at = (name: string) => send(bob, method, path.replace('currenttime', name), body());
    const [hidden, missing] = [await at('secret'), await at('nowhere')];
    expect([hidden.status, hidden.body.error?.code]).toEqual([404, 'not_found']);
    expect(missing.body).toEqual(hidden.body);
  },
);

test.each(wants)(
  'Without a valid assertion for the registry itself, a caller may not %s',
  async (_what, method, path, body) => {
    const before = registry.store.list();
    const none = await send(alice, method, path, body(), { 'X-Mcp-Assertion': '' });
    const forMcpgw = await signer.sign(alice, { audience: `${publicUrl}/mcpgw` });
    const other = await send(alice, method, path, body(), { 'X-Mcp-Assertion': forMcpgw });
    expect([none.status, other.status]).toEqual([401, 401]);
    expect(registry.store.list()).toEqual(before);
  },
);

test.each(
  wants.flatMap(([what, method, path, body]) =>
    ['application/x-www-form-urlencoded', 'text/plain', 'multipart/form-data', 'application/jsonp', ''].map(
      (type) => [type, what, method, path, body] as const,
    ),
  ),
)('A content type that a form of another site can send (%j) does not %s', async (type, _what, method, path, body) => {
  const before = registry.store.list();
  const { status, body: said } = await send(alice, method, path, body(), { 'Content-Type': type });
  expect([status, said.error?.code]).toEqual([415, 'content_type_unsupported']);
  expect(registry.store.list()).toEqual(before);
});

test('A registration at loopback brings a warning where the services run in containers, and an address there does not', async () => {
  await registry.close();
  const edits = { apart: true };
  registry = await startRegistry(signer.keys, {
    policy: () => policy,
    store: await storeOf(JSON.stringify(servers)),
    edits,
  });
  const warned = async (name: string, upstream: string) =>
    (await send(alice, 'POST', '/servers', { ...notes, name, upstream })).body.warnings;
  for (const [i, upstream] of ['http://127.0.0.1:9000', 'http://localhost:9000', 'http://[::1]:9000'].entries())
    expect(await warned(`notes${i}`, upstream)).toEqual([expect.stringContaining('use host.docker.internal')]);
  expect(await warned('there', 'http://host.docker.internal:9000')).toEqual([]);
  const revision = revisionOf('there');
  const moved = await send(alice, 'PATCH', '/servers/there', { upstream: 'http://127.0.0.1:9000', revision });
  expect(moved.body.warnings).toEqual([expect.stringContaining('docs/docker.md')]);
});

test('A registration answers with the stored server, which is listed and shows its location only to people who may change it', async () => {
  const full = {
    ...notes,
    tags: ['a'],
    version: '1.0',
    repository: 'https://example.com/notes',
    license: 'MIT',
    icons: [{ src: 'https://example.com/i.png' }],
    host_header: 'MCP.internal:8000',
    may: ['sampling'],
  };
  const { status, headers, body } = await send(carol, 'POST', '/servers', full);
  expect([status, headers.get('location'), body.route, body.warnings]).toEqual([201, '/api/servers/notes', 'ok', []]);
  const { upstream: _, transports: __, host_header: ___, ...shown } = full;
  expect(body.server).toMatchObject({
    ...shown,
    enabled: true,
    endpoints: { 'streamable-http': `${publicUrl}/notes/mcp` },
  });
  expect((await send(dave, 'GET', '/servers/notes')).body).not.toHaveProperty('location');
  expect((await send(alice, 'GET', '/servers/notes')).body).toMatchObject({
    location: { upstream: 'http://127.0.0.1:9000', transports, host_header: 'mcp.internal:8000' },
  });
  expect((await send(bob, 'GET', '/servers/notes')).status).toBe(404);
});

test.each([
  ['no JSON', '{', ''],
  ['a list', [], ''],
  ['a word', '"notes"', ''],
  ['no body', undefined, 'name'],
  ['a reserved name', { ...notes, name: 'api' }, 'name'],
  ['an upstream with a path', { ...notes, upstream: 'http://127.0.0.1:9000/mcp' }, 'upstream'],
  ['directives in the upstream', { ...notes, upstream: 'http://a;b{}:1' }, 'upstream'],
  ['a Host with a path', { ...notes, host_header: 'mcp.internal/x' }, 'host_header'],
  ['an unknown permission', { ...notes, may: ['sampling', 'everything'] }, 'may.1'],
  ['directives in the Host', { ...notes, host_header: 'a;b' }, 'host_header'],
  ['dots in the path', { ...notes, transports: { sse: '/a/../b' } }, 'transports.sse'],
  ['a revision, which it cannot have', { ...notes, revision: 1 }, ''],
  ['a body of 100 kB', { ...notes, description: 'x'.repeat(100_000) }, ''],
])('A registration with %s is rejected with the place of the fault', async (_what, body, path) => {
  const { status, body: said } = await send(alice, 'POST', '/servers', body);
  expect([status, said.error?.code, said.error?.faults?.[0]?.path]).toEqual([400, 'input_invalid', path]);
});

test('A taken name is rejected', async () => {
  const { status, body } = await send(alice, 'POST', '/servers', { ...notes, name: 'secret' });
  expect([status, body.error?.code]).toEqual([409, 'name_taken']);
});

test('An edit changes the named settings, a replacement changes all, and neither enables or disables the server', async () => {
  await send(alice, 'POST', '/servers/secret/disable');
  const patched = await send(alice, 'PATCH', '/servers/secret', { tags: ['x'], revision: revisionOf('secret') });
  expect(patched.body.server).toMatchObject({ title: 'secret', tags: ['x'], enabled: false });
  const { name: _, ...all } = { ...notes, title: 'New', revision: revisionOf('secret') };
  const put = await send(alice, 'PUT', '/servers/secret', all);
  expect(put.body.server).toMatchObject({ name: 'secret', title: 'New', tags: [], enabled: false });
  for (const more of [{ name: 'other' }, { enabled: true }])
    expect((await send(alice, 'PUT', '/servers/secret', { ...all, ...more })).status).toBe(400);
});

test('A change or deletion of an outdated revision is rejected', async () => {
  const revision = revisionOf('secret');
  expect((await send(alice, 'PATCH', '/servers/secret', { title: 'A', revision })).status).toBe(200);
  for (const late of [
    await send(alice, 'PATCH', '/servers/secret', { title: 'B', revision }),
    await send(alice, 'PATCH', '/servers/secret', { title: 'A', revision }),
    await send(alice, 'DELETE', '/servers/secret', { revision }),
    await send(dave, 'POST', '/servers/secret/disable', { revision }),
  ])
    expect([late.status, late.body.error?.code]).toEqual([409, 'changed_meanwhile']);
  expect(registry.store.get('secret')).toMatchObject({ title: 'A', enabled: true });
  expect((await send(alice, 'PATCH', '/servers/secret', { title: 'C' })).body.error?.faults?.[0]?.path).toBe(
    'revision',
  );
});

test('Changes at two registries right after each other are both kept', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'edit-'));
  const open = async () =>
    await startRegistry(signer.keys, { policy: () => policy, store: await openStore(join(folder, 'registry.db')) });
  await registry.close();
  registry = await open();
  const here = registry;
  const there = await open();
  try {
    expect((await send(alice, 'POST', '/servers', notes)).status).toBe(201);
    await there.store.refresh();
    await send(alice, 'PATCH', '/servers/notes', { title: 'Here', revision: here.store.get('notes')?.revision });
    registry = there;
    const { revision } = here.store.get('notes') ?? {};
    expect((await send(alice, 'PATCH', '/servers/notes', { tags: ['there'], revision })).body.server).toMatchObject({
      title: 'Here',
      tags: ['there'],
    });
  } finally {
    registry = here;
    await there.close();
    rmSync(folder, { recursive: true });
  }
});

test('Enabling an enabled server is no change', async () => {
  const revision = revisionOf('secret');
  const { status, body } = await send(dave, 'POST', '/servers/secret/enable');
  expect([status, body.route, revisionOf('secret')]).toEqual([200, 'ok', revision]);
});

test('A disabled server is not checked', async () => {
  await send(dave, 'POST', '/servers/secret/disable');
  const { status, body } = await send(dave, 'POST', '/servers/secret/check');
  expect([status, body.error?.code]).toEqual([409, 'server_disabled']);
});

test.each([
  ['registered', 'POST', '/servers', () => notes],
  ['moved', 'PATCH', '/servers/secret', () => ({ upstream: 'http://10.0.0.1', revision: revisionOf('secret') })],
  ['enabled', 'POST', '/servers/secret/enable', () => undefined],
])('A server whose upstream is refused is not %s, and the answer has the reason', async (_what, method, path, body) => {
  await send(dave, 'POST', '/servers/secret/disable');
  const before = registry.store.list();
  refusal = 'It is a link-local address.';
  const { status, body: said } = await send(alice, method, path, body());
  expect([status, said.error?.code]).toEqual([422, 'upstream_refused']);
  expect(said.error?.message).toContain('It is a link-local address.');
  expect(registry.store.list()).toEqual(before);
});

test.each([
  ['registration', 'POST', '/servers', () => notes],
  ['move', 'PATCH', '/servers/secret', () => ({ upstream: 'http://127.0.0.1:1', revision: revisionOf('secret') })],
  ['disabling', 'POST', '/servers/secret/disable', () => undefined],
  ['deletion', 'DELETE', '/servers/secret', () => undefined],
])('If nginx rejects the routes after a %s, it is undone, and the answer has the reason', async (...step) => {
  const [, method, path, body] = step;
  const states = () => registry.store.list().map(({ revision: _, updatedAt: __, ...settings }) => settings);
  const before = states();
  outcome = { state: 'refused', reason: 'host not found in upstream' };
  const { status, body: said } = await send(alice, method, path, body());
  expect([status, said.error?.code]).toEqual([422, 'route_refused']);
  expect(said.error?.message).toContain('host not found in upstream');
  expect(states()).toEqual(before);
  const { changes } = (await send(alice, 'GET', '/changes?limit=1')).body;
  expect(changes).toMatchObject([{ action: 'undo', by: 'alice' }]);
});

test('While nginx rejects the routes for another reason, changes that leave them alone succeed', async () => {
  outcome = { state: 'refused', reason: 'another server' };
  const patch = { title: 'X', revision: revisionOf('secret') };
  expect((await send(alice, 'PATCH', '/servers/secret', patch)).body).toMatchObject({ server: { title: 'X' } });
  expect((await send(alice, 'POST', '/servers', { ...notes, enabled: false })).status).toBe(201);
  expect((await send(alice, 'DELETE', '/servers/notes')).status).toBe(200);
});

test('If nginx does not answer in time, the change stays, and the answer says that its route is unknown', async () => {
  outcome = { state: 'unknown' };
  expect((await send(alice, 'POST', '/servers', notes)).body).toMatchObject({
    route: 'unknown',
    server: { name: 'notes' },
  });
});

test('A registration of a name that was used before warns that its rules still apply', async () => {
  const deleted = await send(alice, 'DELETE', '/servers/secret', { revision: revisionOf('secret') });
  expect(deleted.body).toEqual({ server: null, route: 'ok', warnings: [] });
  const { status, body } = await send(alice, 'POST', '/servers', { ...notes, name: 'secret' });
  expect([status, body.warnings]).toEqual([201, [expect.stringMatching(/"secret" before.*policy/)]]);
});

test('mcpgw, whose assertions the registry accepts, cannot be moved or deleted; it can be described and disabled', async () => {
  const revision = () => revisionOf('mcpgw');
  for (const answer of [
    await send(alice, 'DELETE', '/servers/mcpgw'),
    await send(alice, 'POST', '/servers', { ...notes, name: 'mcpgw' }),
    await send(alice, 'PATCH', '/servers/mcpgw', { upstream: 'http://127.0.0.1:9000', revision: revision() }),
    await send(alice, 'PATCH', '/servers/mcpgw', { transports: { sse: '/x' }, revision: revision() }),
  ])
    expect([answer.status, answer.body.error?.code]).toEqual([403, 'name_fixed']);
  expect((await send(alice, 'PATCH', '/servers/mcpgw', { title: 'Ours', revision: revision() })).status).toBe(200);
  expect((await send(alice, 'POST', '/servers/mcpgw/disable')).status).toBe(200);
});

test('The change log covers servers that the caller may see, with their location only if the caller may change them', async () => {
  await send(alice, 'PATCH', '/servers/currenttime', { title: 'Clock', revision: revisionOf('currenttime') });
  await send(alice, 'PATCH', '/servers/secret', { title: 'Plans', revision: revisionOf('secret') });
  const seenBy = async (who: object, query = '') => (await send(who, 'GET', `/changes${query}`)).body;
  const bobs = await seenBy(bob);
  expect(bobs.changes?.map(({ server, action, by }) => [server, action, by])).toEqual([
    ['currenttime', 'edit', 'alice'],
    ['mcpgw', 'seed', 'SERVERS_FILE'],
    ['currenttime', 'seed', 'SERVERS_FILE'],
  ]);
  expect(bobs.changes?.[0]?.fields).toEqual([{ field: 'title' }]);
  expect(JSON.stringify(bobs)).not.toMatch(/127\.0\.0\.1|secret|sub-of/);
  expect((await seenBy(erin)).changes).toEqual([]);
  const first = await seenBy(alice, '?limit=1');
  expect(first.changes).toMatchObject([{ server: 'secret', fields: [{ from: 'secret', to: 'Plans' }] }]);
  expect((await seenBy(alice, `?limit=1&before=${first.next}`)).changes).toMatchObject([{ server: 'currenttime' }]);
  expect((await seenBy(alice, '?server=secret')).changes).toHaveLength(2);
  expect((await seenBy(bob, '?server=secret')).changes).toEqual([]);
  expect((await send(alice, 'GET', '/changes?limit=x')).body.error?.code).toBe('input_invalid');
});

test('With an access token a server is deleted without a body and without a content type, and with a session it is not', async () => {
  const remove = async (auth_method: string) => {
    const headers = { 'X-Mcp-Assertion': await signer.sign({ ...alice, auth_method }) };
    return (await fetch(`${registry.url}/api/servers/currenttime`, { method: 'DELETE', headers })).status;
  };
  expect(await remove('session_cookie')).toBe(415);
  expect(await remove('jwt')).toBe(200);
});
