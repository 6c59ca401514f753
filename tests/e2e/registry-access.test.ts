import { type Gateway, startGateway } from '../support/gateway/gateway.ts';
import { send } from '../support/gateway/send.ts';

let gateway: Gateway;
beforeAll(async () => {
  gateway = await startGateway();
}, 180_000);
afterAll(() => gateway?.stop());

const get = (path: string, headers: Record<string, string> = {}, port = gateway.ports.gateway) =>
  send(port, { method: 'GET', path, headers });

test.each(['/', '/servers/currenttime'])(
  'A browser without a session that opens %s is led to the login, and back',
  async (path) => {
    const answer = await get(path, { accept: 'text/html,*/*' });
    expect([answer.status, answer.headers.location]).toEqual([302, `/login?redirect_uri=${encodeURIComponent(path)}`]);
  },
);

test.each(['/api/servers', '/api/me', '/v0.1/servers', '/static/icon.svg'])(
  'A program without credentials that asks for %s is answered 401, never led to a login',
  async (path) => {
    const answer = await get(path, { accept: 'application/json' });
    expect(answer.status).toBe(401);
    expect(answer.headers['www-authenticate']).toContain('Bearer resource_metadata=');
  },
);

test.each([
  ['alice', ['currenttime', 'echo', 'echosse', 'fininfo', 'mcpgw', 'realserverfaketools']],
  ['carol', ['currenttime', 'echo', 'echosse', 'fininfo', 'mcpgw', 'realserverfaketools']],
  ['bob', ['currenttime', 'fininfo', 'mcpgw', 'realserverfaketools']],
  ['erin', []],
])('%s sees exactly the servers that the policy lets them list', async (person, expected) => {
  const answer = await get('/api/servers', { cookie: await gateway.sessionCookie(person) });
  const { servers } = JSON.parse(answer.body) as { servers: { name: string }[] };
  expect(servers.map((server) => server.name).sort()).toEqual(expected);
});

test('The registry reached around the gateway believes no header', async () => {
  const forged = { 'x-user': 'alice', 'x-groups': 'mcp-registry-admin', 'x-scopes': 'mcp-registry-admin' };
  expect((await get('/api/servers', forged, gateway.ports.registry)).status).toBe(401);
});

test('A request for the registry with a body is judged at once, without it: nothing waits for a body that does not come', async () => {
  const cookie = await gateway.sessionCookie('alice');
  const post = (headers: Record<string, string>) =>
    send(gateway.ports.gateway, {
      path: '/api/nowhere',
      headers: { origin: gateway.url, 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ pad: 'x'.repeat(50_000) }),
    });
  const started = Date.now();
  expect([(await post({ cookie })).status, (await post({})).status]).toEqual([404, 401]);
  expect(Date.now() - started).toBeLessThan(1_500);
});

test('A page of another site cannot use a session: not by fetch, not by form', async () => {
  const cookie = await gateway.sessionCookie('alice');
  const from = (headers: Record<string, string>) => get('/api/servers', { cookie, ...headers });
  expect((await from({ origin: 'https://evil.example' })).status).toBe(403);
  expect((await from({ 'sec-fetch-site': 'same-site', 'sec-fetch-dest': 'empty' })).status).toBe(403);
  expect((await from({ 'sec-fetch-site': 'cross-site', 'sec-fetch-dest': 'image' })).status).toBe(403);
  expect((await from({ 'sec-fetch-site': 'same-origin' })).status).toBe(200);
});

test('After signing out, the old cookie is refused everywhere', async () => {
  const cookie = await gateway.sessionCookie('dave');
  expect((await get('/api/me', { cookie })).status).toBe(200);
  const out = await send(gateway.ports.gateway, {
    path: '/oauth2/logout/cognito',
    headers: { cookie, origin: gateway.url, 'content-type': 'application/x-www-form-urlencoded' },
    body: '',
  });
  expect(out.status).toBe(200);
  expect((await get('/api/me', { cookie })).status).toBe(401);
});

test('A cookie with a login attempt in it is no session', async () => {
  const start = await get('/oauth2/login/cognito');
  const attempt = String(start.headers['set-cookie']).replace(/^[^=]+=([^;]*).*/s, '$1');
  expect(attempt.length).toBeGreaterThan(100);
  const cookie = `mcp_gateway_session=${attempt}`;
  expect((await get('/api/me', { cookie })).status).toBe(401);
});

test('The callback is built from the configured address, whatever the Host or X-Forwarded-* headers say', async () => {
  const answer = await get('/oauth2/login/cognito', {
    'x-forwarded-host': 'evil.example',
    'x-forwarded-proto': 'https',
  });
  const url = new URL(String(answer.headers.location));
  expect(url.searchParams.get('redirect_uri')).toBe(`${gateway.url}/oauth2/callback/cognito`);
});

test.each(['', '/currenttime/mcp', '/echo/mcp', '/mcpgw/sse'])(
  'Anybody may read the resource metadata of "%s", which names Cognito and this exact address',
  async (path) => {
    const answer = await get(`/.well-known/oauth-protected-resource${path}`, { origin: 'https://any.example' });
    expect(answer).toMatchObject({ status: 200, headers: { 'access-control-allow-origin': '*' } });
    expect(JSON.parse(answer.body)).toMatchObject({
      resource: `${gateway.url}${path}`,
      authorization_servers: ['https://cognito-idp.us-east-1.amazonaws.com/us-east-1_LocalPool'],
    });
  },
);
