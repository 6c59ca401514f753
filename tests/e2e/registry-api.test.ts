import { type Gateway, startGateway } from '../support/gateway/gateway.ts';
import { send } from '../support/gateway/send.ts';

let gateway: Gateway;
let alice: string;
const page = 'https://pages.example';
beforeAll(async () => {
  gateway = await startGateway({ ALLOWED_ORIGINS: page });
  alice = await gateway.sessionCookie('alice');
}, 180_000);
afterAll(() => gateway?.stop());

interface List {
  servers: { server: { name: string; remotes: { url: string }[] } }[];
  metadata: { nextCursor?: string };
}
const get = async (path: string, headers: Record<string, string>) => {
  const { status, body } = await send(gateway.ports.gateway, { method: 'GET', path, headers });
  return { status, body: JSON.parse(body) as List & { server?: { name: string }; error?: unknown } };
};
const bearer = async (which: 'agent' | 'reader') => ({ authorization: `Bearer ${await gateway.agentToken(which)}` });
const namesOf = ({ servers }: List) => servers.map(({ server }) => server.name);
const form = (path: string, body: string, headers: Record<string, string>) =>
  send(gateway.ports.gateway, {
    path,
    body,
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
  });

test.each(['%2F', '%2f'])('A name with %s reaches the registry unchanged', async (slash) => {
  const path = `/v0.1/servers/localhost${slash}currenttime/versions`;
  for (const end of ['', '/latest', '/1.0.0']) {
    const { status, body } = await get(`${path}${end}`, { cookie: alice });
    const { name } = body.server ?? body.servers[0]?.server ?? {};
    expect([end, status, name]).toEqual([end, 200, 'localhost/currenttime']);
  }
});

test('A version with a plus sign can be requested, and other encoded characters are refused', async () => {
  const path = '/v0.1/servers/localhost%2Fcurrenttime/versions';
  expect((await get(`${path}/1.0.0%2Bbuild`, { cookie: alice })).status).toBe(404);
  expect((await get(`${path}/1.0.0+build`, { cookie: alice })).status).toBe(404);
  expect((await get(`${path}/%2e%2e`, { cookie: alice })).status).toBe(400);
  expect((await get('/api/servers%2Fcurrenttime', { cookie: alice })).status).toBe(400);
});

test.each(['/v0.1', '/v0', '/api'])(
  '%s without a slash is answered with JSON that names the right address',
  async (path) => {
    const { status, body } = await get(path, { cookie: alice });
    expect([status, JSON.stringify(body)]).toEqual([404, expect.stringContaining(`${path}/servers`)]);
  },
);

test('A change by DELETE or POST with an access token needs neither a body nor a content type', async () => {
  const headers = { authorization: (await bearer('agent')).authorization };
  const by = (method: string, path: string, more: Record<string, string>) =>
    send(gateway.ports.gateway, { method, path, headers: more });
  // The agent may not: what matters is that it is not the content type that is refused.
  for (const [method, path] of [
    ['DELETE', '/api/servers/nowhere'],
    ['POST', '/api/servers/nowhere/enable'],
  ] as const) {
    expect((await by(method, path, headers)).status).not.toBe(415);
    expect((await by(method, path, { cookie: alice, origin: gateway.url })).status).toBe(415);
  }
});

test('An agent pages through the servers that its scopes let it list, and calls them at the listed addresses', async () => {
  const names: string[] = [];
  const urls: string[] = [];
  for (let path = '/v0.1/servers?limit=2'; path; ) {
    const { status, body } = await get(path, await bearer('reader'));
    expect(status).toBe(200);
    names.push(...namesOf(body));
    urls.push(...body.servers.flatMap(({ server }) => server.remotes.map(({ url }) => url)));
    path = body.metadata.nextCursor ? `/v0.1/servers?limit=2&cursor=${body.metadata.nextCursor}` : '';
  }
  const visible = ['currenttime', 'fininfo', 'mcpgw', 'realserverfaketools'];
  expect(names).toEqual(visible.map((name) => `localhost/${name}`));
  expect(urls).toContain(`${gateway.url}/currenttime/mcp`);
  const all = namesOf((await get('/v0.1/servers', await bearer('agent'))).body);
  expect(all).toEqual(expect.arrayContaining(['localhost/echo', 'localhost/currenttime']));
  expect((await get('/v0.1/servers/localhost%2Fecho/versions', await bearer('reader'))).status).toBe(404);
});

test('Without credentials the list is refused at both addresses', async () => {
  for (const path of ['/v0.1/servers', '/v0/servers', '/v0.1/servers/localhost%2Fcurrenttime/versions'])
    expect((await get(path, {})).status).toBe(401);
});

test('Only a page of an allowed origin may read the list with its own token', async () => {
  const path = '/v0.1/servers';
  const preflight = (origin: string) =>
    send(gateway.ports.gateway, {
      method: 'OPTIONS',
      path,
      headers: { origin, 'access-control-request-method': 'GET', 'access-control-request-headers': 'authorization' },
    });
  const allowed = await preflight(page);
  expect([allowed.status, allowed.headers['access-control-allow-origin']]).toEqual([204, page]);
  expect((await preflight('https://evil.example')).headers['access-control-allow-origin']).toBeUndefined();
  const token = await bearer('agent');
  const read = await send(gateway.ports.gateway, { method: 'GET', path, headers: { ...token, origin: page } });
  expect([read.status, read.headers['access-control-allow-origin']]).toEqual([200, page]);
  const evil = { ...token, origin: 'https://evil.example' };
  expect((await send(gateway.ports.gateway, { method: 'GET', path, headers: evil })).status).toBe(403);
  const withCookie = { cookie: alice, origin: page };
  expect((await send(gateway.ports.gateway, { method: 'GET', path, headers: withCookie })).status).toBe(403);
});

test("A client of the original registers, toggles, edits and reads a server with the original's forms", async () => {
  const own = { cookie: alice, origin: gateway.url };
  const fields = new URLSearchParams({
    name: 'Old friend',
    description: 'Registered by a form',
    path: '/friend',
    proxy_pass_url: `${gateway.echo.url}/`,
    tags: 'old,friend',
  });
  const registered = await form('/register', String(fields), own);
  expect([registered.status, JSON.parse(registered.body).service.path]).toEqual([201, '/friend']);
  const toggled = await form('/toggle/friend', 'enabled=off', own);
  expect([toggled.status, JSON.parse(toggled.body)]).toMatchObject([
    200,
    { new_enabled_state: false, status: 'disabled' },
  ]);
  const edited = await form('/edit/friend', 'name=Older+friend', own);
  expect([edited.status, edited.headers.location]).toEqual([303, '/']);
  const { body } = await get('/api/server_details/friend', { cookie: alice });
  expect(body).toMatchObject({ server_name: 'Older friend', path: '/friend', is_enabled: false });
});

const forms: [string, string][] = [
  ['/register', 'name=x&description=x&path=stolen&proxy_pass_url=http://127.0.0.1:1/'],
  ['/toggle/echo', 'enabled=off'],
  ['/edit/echo', 'name=stolen'],
  ['/api/refresh/echo', ''],
];
test.each(forms)('A form of another site that is posted to %s with the session is refused', async (path, body) => {
  const other = 'http://localhost:9999';
  for (const headers of [
    { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' },
    { origin: other, 'sec-fetch-site': 'same-site' },
    { origin: 'null' },
    { 'sec-fetch-site': 'cross-site', 'sec-fetch-dest': 'document', 'sec-fetch-mode': 'navigate' },
    { 'sec-fetch-site': 'same-site' },
    // These two name no origin. No current browser sends such a form, but the gateway must still refuse it.
    {},
    { 'sec-fetch-site': 'none' },
  ] as Record<string, string>[]) {
    const { status } = await form(path, body, { cookie: alice, ...headers });
    expect([headers, status]).toEqual([headers, 403]);
  }
  expect((await form(path, body, {})).status).toBe(401);
  const { body: echo } = await get('/api/servers/echo', { cookie: alice });
  expect(echo).toMatchObject({ enabled: true, title: 'The "echo" <server>' });
  expect((await get('/api/servers/stolen', { cookie: alice })).status).toBe(404);
});

test('Every authenticated caller may read the description of the API', async () => {
  const { status, body } = await get('/api/openapi.json', await bearer('reader'));
  expect([status, body]).toMatchObject([200, { openapi: '3.1.0', servers: [{ url: gateway.url }] }]);
  expect((await get('/api/openapi.json', {})).status).toBe(401);
});

test('An import goes through the gate with the rights of its sender', async () => {
  const headers = { cookie: alice, origin: gateway.url, 'content-type': 'application/json' };
  const entry = { server_name: 'Imported', path: '/imported', proxy_pass_url: `${gateway.echo.url}/` };
  const sendIt = (more: object) =>
    send(gateway.ports.gateway, { path: '/api/import', body: JSON.stringify([entry]), ...more });
  const done = await sendIt({ headers });
  expect([done.status, JSON.parse(done.body)]).toMatchObject([200, { registered: 1 }]);
  const agent = { ...(await bearer('reader')), 'content-type': 'application/json' };
  expect(JSON.parse((await sendIt({ headers: agent })).body).results[0]).toMatchObject({ code: 'not_permitted' });
});

test('A person exports the audit with a session, from no page of another site, and the export is in it', async () => {
  const ask = (path: string, headers: Record<string, string> = {}) =>
    send(gateway.ports.gateway, { method: 'GET', path, headers: { cookie: alice, ...headers } });
  const elsewhere = { 'sec-fetch-site': 'cross-site', 'sec-fetch-dest': 'document', 'sec-fetch-mode': 'navigate' };
  expect((await ask('/audit/export?format=csv', elsewhere)).status).toBe(403);
  const csv = await ask('/audit/export?format=csv&tool=audit/start', { 'sec-fetch-site': 'same-origin' });
  expect([csv.status, csv.headers['content-disposition']]).toEqual([200, expect.stringContaining('audit_')]);
  expect(csv.body.split('\r\n').filter((line) => line.includes(',audit/start,')).length).toBeGreaterThan(0);
  const { body } = await ask('/api/decisions/export?format=ndjson&tool=audit/export');
  const records = body
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(records).toMatchObject([
    { username: 'alice', method: 'audit/export', detail: 'csv: tool=audit/start' },
    { username: 'alice', method: 'audit/export', detail: 'csv: tool=audit/start', count: expect.any(Number) },
    { username: 'alice', method: 'audit/export', detail: 'ndjson: tool=audit/export' },
  ]);
});
