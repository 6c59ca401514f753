import { parsePolicy } from '../../../../common/policy/policy-file.ts';
import type { Health } from '../../../../registry/servers/server-health.ts';
import {
  admin,
  neverChecked,
  policyText,
  signer,
  startRegistry,
  stranger,
  toolOf,
  user,
} from '../../../support/registry/registry-fixture.ts';

let registry: Awaited<ReturnType<typeof startRegistry>>;

const up: Health = {
  status: 'healthy',
  checkedAt: new Date('2026-11-23T04:26:07Z'),
  error: null,
  tools: [toolOf('current_time_by_timezone', { description: 'Current time' })],
};

beforeAll(async () => {
  registry = await startRegistry(signer.keys, { healthOf: (name) => (name === 'currenttime' ? up : neverChecked) });
});
afterAll(() => registry.close());

const get = async (path: string, who: object) => {
  const answer = await fetch(registry.url + path, { headers: { 'X-Mcp-Assertion': await signer.sign(who) } });
  return { status: answer.status, headers: answer.headers, body: (await answer.json()) as Record<string, unknown> };
};

const currenttime = {
  name: 'currenttime',
  kind: 'server',
  title: 'Current time',
  description: 'The current time in any IANA time zone.',
  tags: ['time', 'demo'],
  transports: ['streamable-http', 'sse'],
  endpoints: {
    'streamable-http': 'http://localhost:8080/currenttime/mcp',
    sse: 'http://localhost:8080/currenttime/sse',
  },
  enabled: true,
  status: 'healthy',
  checked_at: '2026-11-23T04:26:07.000Z',
  account: null,
};
const secretPlans = {
  name: 'secret-plans',
  kind: 'server',
  title: 'Secret plans',
  description: 'Plans that only some may know of.',
  tags: [],
  transports: ['streamable-http'],
  endpoints: { 'streamable-http': 'http://localhost:8080/secret-plans/mcp' },
  enabled: true,
  status: 'unknown',
  checked_at: null,
  account: null,
};

test.each([
  ['an admin', 'all servers', admin, [currenttime, secretPlans]],
  ['a user', 'the one that list_service names', user, [currenttime]],
  ['a person without groups', 'none', stranger, []],
  ['a person whose group has the name of a scope', 'none', { ...stranger, groups: ['mcp-registry-admin'] }, []],
  ['a person with an unknown scope', 'none', { ...stranger, scopes: ['constructor', '__proto__'] }, []],
])('%s lists %s', async (_who, _what, claims, servers) => {
  const { status, body, headers } = await get('/api/servers', claims);
  expect([status, body]).toEqual([200, { servers }]);
  expect(headers.get('cache-control')).toBe('no-store');
});

test('The answer for one server has its tools, its last error and its settings', async () => {
  const { status, body } = await get('/api/servers/currenttime', user);
  const about = {
    version: null,
    repository: null,
    license: null,
    icons: [],
    alias: null,
    owner: null,
    awaits: false,
    members: null,
    may: [],
    revision: 1,
  };
  const updated_at = expect.stringMatching(/^\d{4}-.*Z$/);
  expect([status, body]).toEqual([200, { ...currenttime, error: null, tools: up.tools, ...about, updated_at }]);
});

test('A server that may not be seen answers exactly like one that does not exist', async () => {
  const hidden = await get('/api/servers/secret-plans', user);
  const missing = await get('/api/servers/no-such-plans', user);
  expect(hidden.status).toBe(404);
  expect(hidden.body).toEqual({ error: { code: 'not_found', message: expect.any(String) } });
  expect([missing.status, missing.body]).toEqual([hidden.status, hidden.body]);
  expect((await get('/api/servers/secret-plans', admin)).status).toBe(200);
});

test('The API never reveals where a server runs', async () => {
  const all = JSON.stringify([
    (await get('/api/servers', admin)).body,
    (await get('/api/servers/currenttime', admin)).body,
    (await get('/api/servers/secret-plans', admin)).body,
  ]);
  expect(all).toContain('secret-plans');
  expect(all).not.toMatch(/127\.0\.0\.1|plans\.internal|:8000|:9000|\/deep/);
});

test('A person asks who they are', async () => {
  expect((await get('/api/me', user)).body).toEqual({
    username: 'bob',
    groups: ['mcp-registry-user'],
    scopes: ['mcp-registry-user'],
    auth_method: 'session_cookie',
  });
});

test.each(['/api', '/api/', '/api/nowhere', '/api/servers/', '/api/servers/%E0%A4%A', '/api/me/x'])(
  '%s is 404 in JSON, even for a browser',
  async (path) => {
    const headers = { 'X-Mcp-Assertion': await signer.sign(admin), Accept: 'text/html' };
    const answer = await fetch(registry.url + path, { headers });
    expect([answer.status, await answer.json()]).toEqual([
      404,
      { error: { code: 'not_found', message: expect.any(String) } },
    ]);
  },
);

test('A permission that the policy removes is gone with the next request', async () => {
  const nothing = parsePolicy('group_mappings: {}\n');
  let policy = parsePolicy(policyText);
  const own = await startRegistry(signer.keys, { policy: () => policy });
  try {
    const list = async () => {
      const answer = await fetch(`${own.url}/api/servers`, { headers: { 'X-Mcp-Assertion': await signer.sign(user) } });
      return ((await answer.json()) as { servers: unknown[] }).servers.length;
    };
    expect(await list()).toBe(1);
    policy = nothing;
    expect(await list()).toBe(0);
  } finally {
    await own.close();
  }
});
