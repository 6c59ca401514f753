import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parsePolicy } from '../../../../common/policy/policy-file.ts';
import { createLog } from '../../../../common/service/log.ts';
import { type UpstreamSecrets, watchUpstreamSecrets } from '../../../../common/upstream-secrets/watch.ts';
import { scopesOfGroups } from '../../../../policy/policy.ts';
import { createUpstreamAuth } from '../../../../registry/routing/upstream-auth.ts';
import { parseServers } from '../../../../registry/store/servers-file.ts';
import { openStore } from '../../../../registry/store/store.ts';
import { admin, publicUrl, signer, startRegistry, storeOf } from '../../../support/registry/registry-fixture.ts';

const policy = parsePolicy(readFileSync(new URL('../../../../scopes.yml', import.meta.url), 'utf8'));
const inGroup = (username: string, group: string) => ({
  ...admin,
  sub: `sub-of-${username}`,
  username,
  groups: [group],
  scopes: scopesOfGroups(policy, [group]),
});
const alice = inGroup('alice', 'mcp-registry-admin');
const carol = inGroup('carol', 'mcp-registry-developer');
const erin = { ...carol, sub: 'sub-of-erin', username: 'erin' };

const folder = mkdtempSync(join(tmpdir(), 'upstream-accounts-'));
const origin = 'https://mcp.example.com';
const entries = `
notion:
  account: { issuer: ${origin}, title: Notion }
  for: [${origin}/mcp]
tenant:
  account: { issuer: ${origin} }
  for: [${origin}/tenants/a]
  servers: [notes]
ours: { for: ['${origin}'], value: S3cret }
elsewhere: { for: ['https://other.example.com'], value: S3cret }
`;
let secrets: UpstreamSecrets;
let registry: Awaited<ReturnType<typeof startRegistry>>;
beforeAll(async () => {
  const path = join(folder, 'secrets.yml');
  writeFileSync(path, entries, { mode: 0o600 });
  secrets = await watchUpstreamSecrets({ path, env: {}, log: createLog('test', 'silent') });
  const upstreamAuth = createUpstreamAuth(secrets);
  registry = await startRegistry(signer.keys, {
    policy: () => policy,
    store: await storeOf('[]'),
    upstreamAuth,
    edits: { examine: async (server) => upstreamAuth.problem(server)?.reason },
  });
});
afterAll(async () => {
  secrets.stop();
  await registry.close();
  rmSync(folder, { recursive: true });
});
afterEach(async () => {
  for (const { name } of registry.store.list()) await send(alice, 'DELETE', `/servers/${name}`);
});

const server = {
  name: 'notes',
  title: 'Notes',
  description: 'Pages',
  upstream: origin,
  transports: { 'streamable-http': '/mcp' },
};
const withAccount = { ...server, auth: { account: 'notion' } };
interface Body {
  error?: { code: string; message: string; faults?: { path: string }[] };
  warnings?: string[];
  account?: string | null;
  location?: object;
  changes?: { fields: { field: string; from?: unknown; to?: unknown }[] }[];
}
const send = async (who: object, method: string, path: string, body?: unknown) => {
  const answer = await fetch(`${registry.url}/api${path}`, {
    method,
    headers: { 'X-Mcp-Assertion': await signer.sign(who), 'Content-Type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  return { status: answer.status, body: (await answer.json()) as Body };
};
const change = (of: object) =>
  send(alice, 'PATCH', '/servers/notes', { ...of, revision: registry.store.get('notes')?.revision });

test("Who sees a server sees where people connect; the names of the operator's entries are for those who may change it", async () => {
  const auth = { account: 'notion', checks: 'ours' };
  expect((await send(carol, 'POST', '/servers', { ...server, auth })).status).toBe(201);
  const seen = (await send(erin, 'GET', '/servers/notes')).body;
  expect(seen.account).toBe(`${publicUrl}/accounts/connect/notes`);
  const listed = await fetch(`${registry.url}/v0.1/servers`, {
    headers: { 'X-Mcp-Assertion': await signer.sign(carol) },
  });
  expect(JSON.stringify(await listed.json())).toContain(`"account":"${seen.account}"`);
  expect(JSON.stringify(seen)).not.toMatch(/"notion"|"ours"/);
  expect((await send(alice, 'GET', '/servers/notes')).body.location).toMatchObject({ auth });
  await change({ auth: { account: 'notion' } });
  expect((await send(alice, 'GET', '/changes')).body.changes?.[0]?.fields).toEqual([
    { field: 'auth', from: auth, to: { account: 'notion' } },
  ]);
  await change({ auth: null });
  expect((await send(carol, 'GET', '/servers/notes')).body.account).toBeNull();
});

test.each([
  ['the entry does not exist', { auth: { account: 'gitlab' } }],
  ['it is a secret', { auth: { account: 'ours' } }],
  ['the server is at another origin', { upstream: 'https://evil.example' }],
  ['another path is registered', { transports: { 'streamable-http': '/other' } }],
  ['one of its two endpoints is elsewhere', { transports: { 'streamable-http': '/mcp', sse: '/sse' } }],
  ['its path only begins like the prefix', { transports: { 'streamable-http': '/mcp-of-others' } }],
  ['the entry is for other servers', { name: 'x', auth: { account: 'tenant' } }],
])('A server cannot have accounts if %s, and the answer is the same', async (_why, differs) => {
  const body = { ...withAccount, ...differs };
  const answer = await send(carol, 'POST', '/servers', body);
  expect([answer.status, answer.body.error?.code]).toEqual([422, 'upstream_refused']);
  expect(answer.body.error?.message).toContain(`There are no accounts called "${body.auth.account}" for it.`);
  expect(registry.store.list()).toEqual([]);
});

test.each([
  ['a Host header of its own', { host_header: 'other.example.com' }, 'host_header'],
  ['a longer address than a ticket can take', longPaths(), 'at most 2048 characters'],
  ['a secret for checks that may not go there', { auth: { account: 'notion', checks: 'elsewhere' } }, 'no secret'],
])('A server with accounts cannot have %s', async (_what, differs, reason) => {
  const answer = await send(alice, 'POST', '/servers', { ...withAccount, ...differs });
  expect([answer.status, answer.body.error?.message]).toEqual([422, expect.stringContaining(reason)]);
});

function longPaths() {
  const path = `/mcp?${'a'.repeat(1_100)}`;
  return { transports: { 'streamable-http': path, sse: path } };
}

test.each([
  ['a secret besides', { account: 'notion', secret: 'ours' }],
  ['checks without an account', { checks: 'ours' }],
  ['an issuer', { account: 'notion', issuer: 'https://evil.example' }],
  ['a name with a directive', { account: 'a;b' }],
  ['a name that is none for checks', { account: 'notion', checks: '$host' }],
])('Accounts with %s are refused, and nothing is stored', async (_what, auth) => {
  const { status, body } = await send(alice, 'POST', '/servers', { ...server, auth });
  expect([status, body.error?.code, body.error?.faults?.[0]?.path]).toEqual([
    400,
    'input_invalid',
    expect.stringMatching(/^auth/),
  ]);
  expect(registry.store.list()).toEqual([]);
});

test('A new address must be covered too, and the editor is told that people have to connect again', async () => {
  await send(alice, 'POST', '/servers', withAccount);
  expect((await change({ upstream: 'https://evil.example' })).body.error?.code).toBe('upstream_refused');
  expect((await change({ title: 'Our notes' })).body.warnings).toEqual([]);
  const moved = await change({ transports: { 'streamable-http': '/mcp/v2' } });
  expect([moved.status, moved.body.warnings]).toEqual([200, [expect.stringContaining('they have to connect again')]]);
  await send(alice, 'DELETE', '/servers/notes');
  const again = await send(alice, 'POST', '/servers', { ...withAccount, upstream: 'https://evil.example' });
  expect(again.body.error?.code).toBe('upstream_refused');
});

test("The registry's own requests carry the credential of the operator for checks, or none", () => {
  const { headersFor, headersOf, titleOf, accountsFor } = createUpstreamAuth(secrets);
  const entry = { ...withAccount, tags: [] };
  const checked = { ...entry, auth: { account: 'notion', checks: 'ours' } };
  expect([headersFor(entry), headersFor(checked)]).toEqual([{}, { Authorization: 'Bearer S3cret' }]);
  expect(headersFor({ ...entry, auth: { account: 'notion', checks: 'gone' } })).toBeUndefined();
  expect(headersOf(checked)).toEqual([]);
  expect([titleOf(entry), titleOf({ ...entry, upstream: 'https://evil.example' })]).toEqual(['Notion', undefined]);
  expect([accountsFor(entry), accountsFor({ ...entry, transports: { sse: '/tenants/a/sse' } })]).toEqual([
    ['notion'],
    ['tenant'],
  ]);
});

test('Accounts come from a servers file, stay over a restart', async () => {
  const [parsed] = parseServers(
    `- { name: notes, title: N, description: D, upstream: '${origin}', transports: { sse: /mcp/sse }, auth: { account: notion, checks: ours } }`,
  );
  expect(parsed?.auth).toEqual({ account: 'notion', checks: 'ours' });
  if (!parsed) throw new Error('no server');
  const where = join(folder, 'registry.db');
  const by = { sub: 's', username: 'u' };
  const store = await openStore(where);
  await store.change({ name: 'notes', revision: undefined, next: parsed, action: 'register', by });
  await store.close();
  const again = await openStore(where);
  expect(again.get('notes')?.auth).toEqual(parsed.auth);
  const kept = again.get('notes');
  await again.change({
    name: 'notes',
    revision: kept?.revision,
    next: { ...parsed, auth: { account: 'notion' } },
    action: 'edit',
    by,
  });
  await again.close();
  const last = await openStore(where);
  expect(last.get('notes')?.auth).toEqual({ account: 'notion' });
  await last.close();
});
