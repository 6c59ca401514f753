import { parsePolicy } from '../../../../../common/policy/policy-file.ts';
import type { Health } from '../../../../../registry/servers/server-health.ts';
import {
  admin,
  publicUrl,
  signer,
  startRegistry,
  storeOf,
  user,
} from '../../../../support/registry/registry-fixture.ts';

const policy = parsePolicy(`
group_mappings: {}
UI-Scopes:
  mcp-registry-admin: { list_service: [all], register_service: [all], toggle_service: [all], modify_service: [all], health_check_service: [all] }
  mcp-registry-user: { list_service: [currenttime] }
  blind: { register_service: [all] }
`);
const healthy: Health = {
  status: 'healthy',
  checkedAt: new Date('2026-11-23T04:26:07Z'),
  error: null,
  tools: [
    {
      name: 'now',
      title: null,
      description: 'The time',
      inputSchema: { type: 'object' },
      outputSchema: null,
      annotations: null,
    },
  ],
};
const agent = { ...admin, auth_method: 'jwt' };
const servers = [
  {
    name: 'currenttime',
    title: 'Current time',
    description: 'The time',
    upstream: 'http://127.0.0.1:8000',
    transports: { 'streamable-http': '/mcp', sse: '/sse' },
    tags: ['time'],
  },
  {
    name: 'odd',
    title: 'Odd',
    description: 'Has paths of its own',
    upstream: 'http://127.0.0.1:8001',
    transports: { 'streamable-http': '/api/v2' },
    license: 'MIT',
    enabled: false,
  },
];

let registry: Awaited<ReturnType<typeof startRegistry>>;
beforeEach(async () => {
  registry = await startRegistry(signer.keys, {
    policy: () => policy,
    store: await storeOf(JSON.stringify(servers)),
    healthOf: () => healthy,
    check: async () => healthy,
  });
});
afterEach(() => registry.close());

const ask = async (
  method: string,
  path: string,
  init: { who?: object; body?: URLSearchParams | FormData | string; headers?: object } = {},
) => {
  const { who = agent, body, headers } = init;
  const all = { 'X-Mcp-Assertion': await signer.sign(who), ...headers };
  const answer = await fetch(registry.url + path, {
    method,
    headers: all,
    redirect: 'manual',
    ...(body !== undefined && { body }),
  });
  const text = await answer.text();
  return {
    status: answer.status,
    location: answer.headers.get('location'),
    body: (text.startsWith('{') ? JSON.parse(text) : text) as Record<string, unknown>,
  };
};
const form = (fields: Record<string, string>) => new URLSearchParams(fields);
const notes = {
  name: 'Notes of all',
  description: 'Keeps notes',
  path: '/notes/',
  proxy_pass_url: 'http://127.0.0.1:9000/base/',
  tags: 'text, notes,,text',
  num_tools: '7',
  num_stars: '3',
  is_python: 'true',
  license: 'N/A',
};
const details = {
  server_name: 'Notes of all',
  description: 'Keeps notes',
  path: '/notes',
  proxy_pass_url: 'http://127.0.0.1:9000/base/',
  tags: ['text', 'notes'],
  num_tools: 1,
  num_stars: 0,
  is_python: false,
  license: 'N/A',
  tool_list: [
    {
      name: 'now',
      description: 'The time',
      parsed_description: { main: 'The time', args: null, returns: null, raises: null },
      schema: { type: 'object' },
    },
  ],
  is_enabled: true,
  health_status: 'healthy',
  last_checked_iso: '2026-11-23T04:26:07.000Z',
};

test.each([
  ['urlencoded', () => form(notes)],
  [
    'multipart',
    () => {
      const data = new FormData();
      for (const [name, value] of Object.entries(notes)) data.set(name, value);
      return data;
    },
  ],
])('A server that an old client registers by a form (%s) is registered like any other', async (_kind, body) => {
  const answer = await ask('POST', '/register', { body: body() });
  expect([answer.status, answer.body]).toEqual([201, { message: 'Service registered successfully', service: details }]);
  expect(registry.store.get('notes')).toMatchObject({
    title: 'Notes of all',
    upstream: 'http://127.0.0.1:9000',
    transports: { 'streamable-http': '/base/mcp' },
    tags: ['text', 'notes'],
    license: null,
    enabled: true,
  });
});

test.each([
  ['http://127.0.0.1:9000', { 'streamable-http': '/mcp' }],
  ['http://127.0.0.1:9000/mcp/', { 'streamable-http': '/mcp' }],
  ['http://127.0.0.1:9000/a/sse', { sse: '/a/sse' }],
])('%s is read as the original reads it', async (proxy_pass_url, transports) => {
  await ask('POST', '/register', { body: form({ ...notes, proxy_pass_url }) });
  expect(registry.store.get('notes')?.transports).toEqual(transports);
});

test.each([
  ['a path with a slash inside', { path: '/a/b' }, 400, 'input_invalid'],
  ['a name that the gateway uses', { path: '/api' }, 400, 'input_invalid'],
  ['an address with nginx in it', { proxy_pass_url: 'http://x/; } location / { return 200' }, 400, 'input_invalid'],
  ['no address', { proxy_pass_url: 'nowhere' }, 400, 'input_invalid'],
  ['an address with credentials', { proxy_pass_url: 'http://u:p@127.0.0.1:1/' }, 400, 'input_invalid'],
  ['a name that is taken', { path: '/currenttime' }, 409, 'name_taken'],
])('%s is rejected, with `detail` for old clients', async (_what, change, status, code) => {
  const answer = await ask('POST', '/register', { body: form({ ...notes, ...change }) });
  const { detail, error } = answer.body as { detail: string; error: { code: string; message: string } };
  expect([answer.status, error.code, detail]).toEqual([status, code, error.message]);
  expect(registry.store.list()).toHaveLength(2);
});

test('A missing field is named as in the form', async () => {
  const { name: _, ...rest } = notes;
  const answer = await ask('POST', '/register', { body: form(rest) });
  expect([answer.status, answer.body.error]).toMatchObject([400, { faults: [{ path: 'name' }] }]);
});

test('A form of more than 64 kB, an unreadable form, and another content type are rejected', async () => {
  const large = await ask('POST', '/register', { body: form({ ...notes, description: 'x'.repeat(70_000) }) });
  const headers = { 'content-type': 'multipart/form-data; boundary=x' };
  const broken = await ask('POST', '/register', { body: 'no form', headers });
  const json = await ask('POST', '/register', { body: '{}', headers: { 'content-type': 'application/json' } });
  expect([large.status, broken.status, json.status]).toEqual([400, 400, 415]);
});

const writes: [string, string, Record<string, string>][] = [
  ['POST', '/register', notes],
  ['POST', '/toggle/currenttime', { enabled: 'off' }],
  ['POST', '/edit/currenttime', { name: 'Clock', proxy_pass_url: 'http://127.0.0.1:8000/' }],
  ['POST', '/api/refresh/currenttime', {}],
];

test.each(writes)('%s %s with a session is accepted from our own pages only', async (method, path, fields) => {
  const before = registry.store.list();
  for (const origin of [undefined, 'null', 'https://evil.example', 'http://localhost:80801', 'http://LOCALHOST:8080']) {
    const headers = origin === undefined ? {} : { origin };
    const answer = await ask(method, path, { who: admin, body: form(fields), headers });
    expect([origin, answer.status, answer.body.error]).toMatchObject([origin, 403, { code: 'origin_refused' }]);
  }
  expect(registry.store.list()).toEqual(before);
  const own = await ask(method, path, { who: admin, body: form(fields), headers: { origin: publicUrl } });
  expect(own.status).toBeLessThan(400);
});

test.each(writes)(
  '%s %s requires the permission that the API requires, and an assertion for the registry',
  async (...write) => {
    const [method, path, fields] = write;
    const without = await ask(method, path, { who: { ...user, auth_method: 'jwt' }, body: form(fields) });
    const forMcpgw = await signer.sign(agent, { audience: `${publicUrl}/mcpgw` });
    const other = await ask(method, path, { body: form(fields), headers: { 'X-Mcp-Assertion': forMcpgw } });
    expect([without.status, other.status]).toEqual([403, 401]);
  },
);

test('A person who may register but not see a server gets back what they sent, and no more', async () => {
  const who = { ...agent, scopes: ['blind'] };
  const { status, body } = await ask('POST', '/register', { who, body: form(notes) });
  const { service } = body as { service: object };
  expect([status, service]).toMatchObject([
    201,
    { path: '/notes', num_tools: 0, tool_list: [], health_status: 'checking' },
  ]);
});

test('A server is disabled and enabled by the value of a checkbox', async () => {
  const off = await ask('POST', '/toggle/currenttime/', { body: form({}) });
  expect(off.body).toEqual({
    message: 'Toggle request for /currenttime processed.',
    service_path: '/currenttime',
    new_enabled_state: false,
    status: 'disabled',
    last_checked_iso: null,
    num_tools: 0,
  });
  expect(registry.store.get('currenttime')?.enabled).toBe(false);
  const on = await ask('POST', '/toggle/currenttime', { body: form({ enabled: 'on' }) });
  expect(on.body).toMatchObject({ new_enabled_state: true, status: 'healthy', num_tools: 1 });
  expect(registry.store.get('currenttime')?.enabled).toBe(true);
});

test('An edit changes the fields of the form, and redirects to the list', async () => {
  const fields = { name: 'Clock', description: '', tags: '', proxy_pass_url: 'http://127.0.0.1:8888/', license: 'MIT' };
  const answer = await ask('POST', '/edit/currenttime', { body: form(fields) });
  expect([answer.status, answer.location]).toEqual([303, '/']);
  expect(registry.store.get('currenttime')).toMatchObject({
    title: 'Clock',
    description: 'The time',
    upstream: 'http://127.0.0.1:8888',
    transports: { 'streamable-http': '/mcp' },
    tags: [],
    license: 'MIT',
  });
});

test.each([
  ['currenttime', 'http://127.0.0.1:8000/'],
  ['odd', 'http://127.0.0.1:8001/api/v2'],
])('An edit of %s that sends its address back unchanged leaves its paths alone', async (name, url) => {
  const before = registry.store.get(name)?.transports;
  const shown = await ask('GET', `/api/server_details/${name}`);
  expect(shown.body.proxy_pass_url).toBe(url);
  await ask('POST', `/edit/${name}`, { body: form({ name: 'New', proxy_pass_url: url }) });
  expect(registry.store.get(name)).toMatchObject({ title: 'New', transports: before });
});

test('The edit page redirects to ours, for people who may edit', async () => {
  const answer = await ask('GET', '/edit/currenttime');
  expect([answer.status, answer.location]).toEqual([303, '/servers/currenttime/edit']);
  expect((await ask('GET', '/edit/currenttime', { who: user })).status).toBe(403);
  expect((await ask('GET', '/edit/nowhere')).status).toBe(404);
  expect((await ask('GET', '/edit/%2F%2Fevil.example')).status).toBe(404);
});

test('All servers that the caller may see come by path, with where they run only if the caller may change them', async () => {
  const all = (await ask('GET', '/api/server_details/all')).body;
  expect(Object.keys(all)).toEqual(['/currenttime', '/odd']);
  expect(all['/odd']).toMatchObject({ license: 'MIT', is_enabled: false, health_status: 'disabled' });
  const seen = (await ask('GET', '/api/server_details/all', { who: user })).body;
  expect(Object.keys(seen)).toEqual(['/currenttime']);
  expect(seen['/currenttime']).toMatchObject({ proxy_pass_url: 'http://localhost:8080/currenttime/' });
  const hidden = await ask('GET', '/api/server_details/odd', { who: user });
  expect([hidden.status, hidden.body.detail]).toEqual([404, expect.stringContaining('may not see it')]);
});

test('The tools of one server and of all come in the format of the original', async () => {
  const { tool_list: tools } = details;
  const one = await ask('GET', '/api/tools/currenttime');
  expect(one.body).toEqual({ service_path: '/currenttime', tools, cached: true });
  const more = { ...tools[0], server_path: '/currenttime', server_name: 'Current time' };
  const all = await ask('GET', '/api/tools/all', { who: user });
  expect(all.body).toEqual({ service_path: 'all', tools: [more], servers: { '/currenttime': [more] } });
  expect([(await ask('GET', '/api/tools/odd')).status, (await ask('GET', '/api/tools/none')).status]).toEqual([
    409, 404,
  ]);
});

test('A refresh checks the server now', async () => {
  const { body } = await ask('POST', '/api/refresh/currenttime');
  expect(body).toEqual({
    message: 'Service /currenttime refreshed successfully',
    service_path: '/currenttime',
    status: 'healthy',
    last_checked_iso: '2026-11-23T04:26:07.000Z',
    num_tools: 1,
  });
  expect([(await ask('POST', '/api/refresh/odd')).status, (await ask('POST', '/api/refresh/none')).status]).toEqual([
    409, 404,
  ]);
});
