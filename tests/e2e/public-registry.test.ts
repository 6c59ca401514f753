import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Gateway, startGateway } from '../support/gateway/gateway.ts';
import { rpc, send } from '../support/gateway/send.ts';

const folder = mkdtempSync(join(tmpdir(), 'public-registry-'));
const foreign = 'https://vscode.example';
const own = 'https://tools.example';
let gateway: Gateway;
let alice: string;
let token: string;
beforeAll(async () => {
  const policy = readFileSync(new URL('../../scopes.yml', import.meta.url), 'utf8')
    .replace(/^group_mappings:/m, 'group_mappings:\n  everyone: [public-servers]')
    .replace(/^UI-Scopes:/m, 'UI-Scopes:\n  public-servers: { list_service: [currenttime, fininfo] }');
  writeFileSync(join(folder, 'scopes.yml'), policy);
  gateway = await startGateway({
    ...{ PUBLIC_REGISTRY: 'true', PUBLIC_REGISTRY_GROUP: 'everyone', ALLOWED_ORIGINS: own },
    SCOPES_FILE: join(folder, 'scopes.yml'),
  });
  alice = await gateway.sessionCookie('alice');
  token = `Bearer ${await gateway.agentToken()}`;
}, 180_000);
afterAll(async () => {
  await gateway?.stop();
  rmSync(folder, { recursive: true });
});

const ask = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
  send(gateway.ports.gateway, { method, path, headers });
const namesIn = (body: string) =>
  (JSON.parse(body) as { servers: { server: { name: string } }[] }).servers.map(({ server }) => server.name);
const list = '/v0.1/servers';
const shown = ['localhost/currenttime', 'localhost/fininfo'];

test('Without credentials everyone reads the servers of the public group, from each origin', async () => {
  for (const headers of [
    {},
    { origin: foreign },
    { origin: foreign, 'sec-fetch-site': 'cross-site' },
    { cookie: 'a=b' },
  ]) {
    const answer = await ask(list, headers);
    expect([answer.status, namesIn(answer.body)]).toEqual([200, shown]);
    expect(answer.headers).toMatchObject({ 'access-control-allow-origin': '*', 'cache-control': 'no-store' });
    expect(answer.headers).not.toHaveProperty('access-control-allow-credentials');
    expect(answer.body).not.toContain('upstream');
  }
  const one = await ask(`${list}/localhost%2Ffininfo/versions/latest`, { origin: foreign });
  expect([one.status, JSON.parse(one.body).server.remotes[0].url]).toEqual([200, `${gateway.url}/fininfo/mcp`]);
  for (const name of ['localhost%2Fecho', 'localhost%2Fmcpgw', 'localhost%2Fnowhere'])
    expect(await ask(`${list}/${name}/versions/latest`)).toMatchObject({ status: 404 });
  expect(namesIn((await ask(`${list}?limit=1`)).body)).toEqual([shown[0]]);
});

test('A preflight of any page is answered, for reading only', async () => {
  const asked = { 'access-control-request-method': 'GET', 'access-control-request-headers': 'authorization,x-vs-code' };
  const { status, headers } = await ask(list, { origin: foreign, ...asked }, 'OPTIONS');
  expect([status, headers]).toMatchObject([
    204,
    {
      'access-control-allow-origin': '*',
      'access-control-allow-methods': 'GET, OPTIONS',
      'access-control-allow-headers': 'authorization,x-vs-code',
    },
  ]);
});

test('Credentials that a page of another origin sends do not count', async () => {
  const sent: Record<string, string>[] = [
    { origin: foreign, cookie: alice },
    { origin: foreign, authorization: token },
    { origin: 'null', cookie: alice },
    { 'sec-fetch-site': 'same-site', cookie: alice },
    { origin: own, cookie: alice },
    { origin: foreign, authorization: 'Bearer x' },
  ];
  for (const headers of sent) expect(namesIn((await ask(list, headers)).body)).toEqual(shown);
});

test('Those who show a credential of their own see their own servers, and a bad one is refused', async () => {
  for (const headers of [{ cookie: alice }, { authorization: token }, { origin: own, authorization: token }])
    expect(namesIn((await ask(list, headers as Record<string, string>)).body)).toContain('localhost/mcpgw');
  expect((await ask(list, { authorization: token, origin: own })).headers['access-control-allow-origin']).toBe(own);
  expect((await ask(list, { authorization: 'Bearer x' })).status).toBe(401);
});

test.each([
  ...['/', '/api/servers', '/api/me', '/api/tools/search?q=time', '/v0/servers', '/servers/currenttime', '/audit'],
  ...['/audit/export?format=csv', '/api/decisions/export?format=csv'],
  ...['/-/live', '/static/style.css', '/api/changes', '/rights', '/usage', '/?/v0.1/servers', '/api/servers?x=/v0.1/'],
])('Nothing else is open: %s', async (path) => {
  const answer = await ask(path, { origin: foreign });
  expect([path, answer.status]).toEqual([path, 401]);
  expect(answer.headers['access-control-allow-origin']).toBeUndefined();
});

test.each(['/v0.1/../api/servers', '/v0.1/%2e%2e/api/servers', '/v0.1/..%2fapi/servers', '/v0.1//api/servers'])(
  'No spelling leads out of it: %s',
  async (path) => {
    expect((await ask(path)).status).toBe(400);
  },
);

test('A public registry is read only, and calling a public server needs a credential', async () => {
  const post = (path: string, body: string) =>
    send(gateway.ports.gateway, {
      path,
      body,
      headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
    });
  expect((await post('/v0.1/publish', '{}')).status).toBe(401);
  for (const method of ['PUT', 'DELETE', 'PATCH', 'HEAD'])
    expect((await ask(`${list}/localhost%2Ffininfo/versions/1.0.0`, {}, method)).status).toBe(401);
  expect((await post('/currenttime/mcp', rpc('tools/list', {}))).status).toBe(401);
});
