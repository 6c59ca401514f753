import { send } from '../support/gateway/send.ts';
import { sharedGateway } from '../support/gateway/shared-gateway.ts';

const gateway = await sharedGateway();

const get = (path: string, headers: Record<string, string> = {}, port = gateway.ports.gateway) =>
  send(port, { method: 'GET', path, headers });

test.each(['/', '/servers/currenttime'])(
  'A browser without a session that opens %s is redirected to the login and back',
  async (path) => {
    const answer = await get(path, { accept: 'text/html,*/*' });
    expect([answer.status, answer.headers.location]).toEqual([302, `/login?redirect_uri=${encodeURIComponent(path)}`]);
  },
);

test.each(['/api/servers', '/api/me', '/v0.1/servers', '/static/icon.svg'])(
  'A program without credentials that requests %s gets 401 and no redirect to a login',
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

test('A request that reaches the registry around the gateway cannot authenticate with any header', async () => {
  const forged = { 'x-user': 'alice', 'x-groups': 'mcp-registry-admin', 'x-scopes': 'mcp-registry-admin' };
  expect((await get('/api/servers', forged, gateway.ports.registry)).status).toBe(401);
});

test('A request to the registry is decided at once without waiting for its body', async () => {
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

test('A page of another site cannot use a session, neither by fetch nor by form', async () => {
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

test('The cookie of a login attempt is not a session', async () => {
  const start = await get('/oauth2/login/cognito');
  const attempt = String(start.headers['set-cookie']).replace(/^[^=]+=([^;]*).*/s, '$1');
  expect(attempt.length).toBeGreaterThan(100);
  const cookie = `mcp_gateway_session=${attempt}`;
  expect((await get('/api/me', { cookie })).status).toBe(401);
});

test('The callback is built from the configured address, and Host and X-Forwarded-* headers are ignored', async () => {
  const answer = await get('/oauth2/login/cognito', {
    'x-forwarded-host': 'evil.example',
    'x-forwarded-proto': 'https',
  });
  const url = new URL(String(answer.headers.location));
  expect(url.searchParams.get('redirect_uri')).toBe(`${gateway.url}/oauth2/callback/cognito`);
});

test.each(['/currenttime/mcp', '/echo/mcp', '/mcpgw/sse', '/mcp'])(
  'Any client may read the resource metadata of "%s", which names the gateway and this exact address',
  async (path) => {
    const answer = await get(`/.well-known/oauth-protected-resource${path}`, { origin: 'https://any.example' });
    expect(answer).toMatchObject({ status: 200, headers: { 'access-control-allow-origin': '*' } });
    expect(JSON.parse(answer.body)).toMatchObject({
      resource: `${gateway.url}${path}`,
      authorization_servers: [gateway.url],
    });
  },
);

test('Only files are sent compressed: pages and answers, which hold what one person may see, never are (BREACH)', async () => {
  const cookie = await gateway.sessionCookie('alice');
  const encodingOf = async (path: string) => {
    const { status, headers } = await get(path, { cookie, accept: '*/*', 'accept-encoding': 'gzip, deflate, br' });
    expect([path, status]).toEqual([path, 200]);
    return headers['content-encoding'];
  };
  const page = await get('/', { cookie, accept: 'text/html' });
  const style = /href="(\/static\/design\.[0-9a-f]+\.css)"/.exec(page.body)?.[1] ?? '';
  for (const path of [style, '/static/icon.svg', '/oauth2/static/sign-in.css'])
    expect([path, await encodingOf(path)]).toEqual([path, 'br']);
  for (const path of [
    '/',
    '/servers/currenttime',
    '/api/servers',
    '/rights',
    '/audit',
    '/usage',
    '/.well-known/jwks.json',
  ])
    expect([path, await encodingOf(path)]).toEqual([path, undefined]);
  expect((await get('/login', { 'accept-encoding': 'br' })).headers['content-encoding']).toBeUndefined();
});
