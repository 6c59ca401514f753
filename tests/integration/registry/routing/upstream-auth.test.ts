import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createPinnedFetch } from '../../../../common/network/pinned-fetch.ts';
import { parsePolicy } from '../../../../common/policy/policy-file.ts';
import { createLog } from '../../../../common/service/log.ts';
import { type UpstreamSecrets, watchUpstreamSecrets } from '../../../../common/upstream-secrets/watch.ts';
import { scopesOfGroups } from '../../../../policy/policy.ts';
import { createUpstreamAuth } from '../../../../registry/routing/upstream-auth.ts';
import { openStore } from '../../../../registry/store/store.ts';
import { listen } from '../../../support/listen.ts';
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

const folder = mkdtempSync(join(tmpdir(), 'upstream-auth-'));
const file = join(folder, 'secrets.yml');
const origin = 'https://mcp.example.com';
let secrets: UpstreamSecrets;
let registry: Awaited<ReturnType<typeof startRegistry>>;
beforeAll(async () => {
  writeFileSync(
    file,
    `github: { for: [${origin}], value: S3cret }\nkey: { for: [${origin}], value: S3cret, header: X-API-Key }\n`,
    {
      mode: 0o600,
    },
  );
  secrets = await watchUpstreamSecrets({ path: file, env: {}, log: createLog('test', 'silent') });
});
afterAll(() => {
  secrets.stop();
  rmSync(folder, { recursive: true });
});
beforeEach(async () => {
  const { problem } = createUpstreamAuth(secrets);
  registry = await startRegistry(signer.keys, {
    policy: () => policy,
    store: await storeOf('[]'),
    edits: { examine: async (server) => problem(server)?.reason },
  });
});
afterEach(() => registry.close());

const server = {
  name: 'github',
  title: 'GitHub',
  description: 'Repositories',
  upstream: origin,
  transports: { 'streamable-http': '/mcp' },
};
const withSecret = { ...server, auth: { secret: 'github' } };
interface Body {
  error?: { code: string; message: string; faults?: { path: string }[] };
  server?: object | null;
  changes?: { fields: { field: string; from?: unknown; to?: unknown }[] }[];
  location?: object;
}
const send = async (who: object, method: string, path: string, body?: unknown) => {
  const answer = await fetch(`${registry.url}/api${path}`, {
    method,
    headers: { 'X-Mcp-Assertion': await signer.sign(who), 'Content-Type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  return { status: answer.status, body: (await answer.json()) as Body };
};
const revision = () => registry.store.get('github')?.revision;

test("The name of a server's secret is stored, and only shown to users who may change the server", async () => {
  const registered = await send(carol, 'POST', '/servers', withSecret);
  expect(registered.status).toBe(201);
  expect(JSON.stringify((await send(erin, 'GET', '/servers/github')).body)).not.toContain('"auth"');
  expect((await send(alice, 'GET', '/servers/github')).body.location).toEqual({
    upstream: origin,
    transports: server.transports,
    auth: { secret: 'github' },
    forward_headers: [],
    host_header: null,
    health_seconds: null,
  });
  for (const path of ['/servers/github', '/servers', '/changes']) {
    const shown = JSON.stringify((await send(erin, 'GET', path)).body);
    expect(shown).not.toContain('"secret"');
    expect(shown).not.toContain('S3cret');
  }
});

test('A server without a secret needs none', async () => {
  await send(alice, 'POST', '/servers', server);
  expect((await send(alice, 'GET', '/servers/github')).body.location).toMatchObject({ auth: null });
});

test('The change log shows changes of the secret to users who may change the server', async () => {
  await send(alice, 'POST', '/servers', withSecret);
  await send(alice, 'PATCH', '/servers/github', { auth: { secret: 'key' }, revision: revision() });
  await send(alice, 'PATCH', '/servers/github', { auth: null, revision: revision() });
  const { changes } = (await send(alice, 'GET', '/changes')).body;
  expect(changes?.slice(0, 2).map(({ fields }) => fields)).toEqual([
    [{ field: 'auth', from: { secret: 'key' }, to: null }],
    [{ field: 'auth', from: { secret: 'github' }, to: { secret: 'key' } }],
  ]);
});

test.each([
  ['the secret does not exist', { ...withSecret, auth: { secret: 'gitlab' } }],
  ['the server is at another origin', { ...withSecret, upstream: 'https://evil.example' }],
  ['the origin only looks like it', { ...withSecret, upstream: 'https://mcp.еxample.com' }],
  ['the origin is a part of it', { ...withSecret, upstream: 'https://mcp.example.com.evil.example' }],
  ['it would go there unencrypted', { ...withSecret, upstream: 'http://mcp.example.com' }],
  ['another port listens there', { ...withSecret, upstream: `${origin}:8443` }],
])('A server cannot be registered with a secret if %s, and the answer is the same', async (_why, body) => {
  const answer = await send(carol, 'POST', '/servers', body);
  expect([answer.status, answer.body.error?.code]).toEqual([422, 'upstream_refused']);
  expect(answer.body.error?.message).toContain(`There is no secret called "${body.auth.secret}" for it. The operator`);
  expect(registry.store.get('github')).toBeUndefined();
});

test('An edit cannot send a secret to another server, neither by moving the server nor by naming the secret', async () => {
  await send(alice, 'POST', '/servers', withSecret);
  const moved = await send(alice, 'PATCH', '/servers/github', {
    upstream: 'https://evil.example',
    revision: revision(),
  });
  expect([moved.status, moved.body.error?.code]).toEqual([422, 'upstream_refused']);
  await send(alice, 'POST', '/servers', { ...server, name: 'mine', upstream: 'https://evil.example' });
  const named = await send(alice, 'PATCH', '/servers/mine', {
    auth: { secret: 'github' },
    revision: registry.store.get('mine')?.revision,
  });
  expect([named.status, named.body.error?.code]).toEqual([422, 'upstream_refused']);
  expect(registry.store.get('github')).toMatchObject({ upstream: origin, auth: { secret: 'github' } });
  expect(registry.store.get('mine')).toMatchObject({ auth: null });
});

test.each([
  ['a name with a directive', { secret: 'a;b' }],
  ['a name with a variable', { secret: '$host' }],
  ['a name with a line break', { secret: 'a\nb' }],
  ['a name with a space', { secret: 'a b' }],
  ['a name with a Cyrillic letter', { secret: 'githuЬ' }],
  ['a hyphen, which means none in the routes', { secret: '-' }],
  ['an empty name', { secret: '' }],
  ['a name without end', { secret: 'a'.repeat(64) }],
  ['the secret itself', { secret: 'ghp_AbCdEf0123' }],
  ['a header of its own', { secret: 'github', header: 'Cookie' }],
  ['a value', { value: 'S3cret' }],
  ['a word', 'github'],
  ['a list', ['github']],
])('A registration with %s for a secret is rejected, and nothing is stored', async (_what, auth) => {
  const { status, body } = await send(alice, 'POST', '/servers', { ...server, auth });
  expect([status, body.error?.code]).toEqual([400, 'input_invalid']);
  expect(body.error?.faults?.[0]?.path).toMatch(/^auth/);
  expect(JSON.stringify(body)).not.toContain('AbCdEf');
  expect(registry.store.list()).toEqual([]);
});

test('A database of an older version gets the column, and its servers have no secret', async () => {
  const where = join(folder, 'old.db');
  const store = await openStore(where);
  const by = { sub: 's', username: 'u' };
  const next = {
    ...server,
    tags: [],
    version: null,
    repository: null,
    license: null,
    icons: [],
    forward_headers: [],
    host_header: null,
    health_seconds: null,
    may: [],
    members: null,
    enabled: true,
    auth: null,
    alias: null,
  };
  await store.change({ name: 'github', revision: undefined, next, action: 'register', by });
  await store.close();
  const again = await openStore(where);
  expect(again.get('github')).toMatchObject({ auth: null });
  await again.close();
});

test('A server with a Host header of its own cannot name a secret, which another site at its address could get', async () => {
  const { problem, headersFor } = createUpstreamAuth(secrets);
  const both = { ...server, tags: [], auth: { secret: 'github' }, host_header: 'other.example.com' };
  expect([problem(both), headersFor(both)]).toEqual([
    { field: 'secret', reason: expect.stringContaining('host_header') },
    undefined,
  ]);
  expect(problem({ ...both, auth: null })).toBeUndefined();
  expect(problem({ ...both, host_header: null })).toBeUndefined();
});

/** An upstream that records its requests, and answers with `status` and `headers`. */
async function startUpstream(status: number, headers: Record<string, string> = {}) {
  const seen: IncomingMessage['headers'][] = [];
  const { port, close } = await listen((req, res) => {
    seen.push(req.headers);
    res.writeHead(status, headers).end();
  });
  return { seen, address: `127.0.0.1:${port}`, close };
}

test("A health check sends the credential to the server's origin only: redirects are not followed, other origins are refused", async () => {
  const elsewhere = await startUpstream(200);
  const upstream = await startUpstream(307, { location: `http://${elsewhere.address}/` });
  try {
    const to = { origin: `http://${upstream.address}`, addresses: [upstream.address], maxBytes: 1_000 };
    const signal = AbortSignal.timeout(5_000);
    const ask = createPinnedFetch({ ...to, headers: { Authorization: 'Bearer S3cret' }, signal });
    const answer = await ask(`${to.origin}/mcp`, { headers: { authorization: 'Bearer other', accept: 'x/y' } });
    expect([answer.status, answer.headers.get('location')]).toEqual([307, null]);
    expect(upstream.seen).toMatchObject([{ authorization: 'Bearer S3cret', accept: 'x/y' }]);
    await expect(ask(`http://${elsewhere.address}/`)).rejects.toThrow('would have left the server');
    expect(elsewhere.seen).toEqual([]);
  } finally {
    await upstream.close();
    await elsewhere.close();
  }
});

test('The headers for a server are empty, its credential, or undefined if the secret is not available', () => {
  const { headersFor } = createUpstreamAuth(secrets);
  const entry = { ...server, tags: [] };
  expect(headersFor(entry)).toEqual({});
  expect(headersFor({ ...entry, auth: { secret: 'github' } })).toEqual({ Authorization: 'Bearer S3cret' });
  expect(headersFor({ ...entry, auth: { secret: 'key' } })).toEqual({ 'X-API-Key': 'S3cret' });
  expect(headersFor({ ...entry, auth: { secret: 'gone' } })).toBeUndefined();
  expect(headersFor({ ...entry, auth: { secret: 'github' }, upstream: publicUrl })).toBeUndefined();
});
