import { get } from 'node:http';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { rpc, type Sent, send } from '../support/gateway/send.ts';
import { sharedGateway } from '../support/gateway/shared-gateway.ts';

const gateway = await sharedGateway();
let admin: Record<string, string>;
const body = rpc('tools/call', { name: 'look' });
const json = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };

beforeAll(async () => {
  admin = { ...json, authorization: `Bearer ${await gateway.agentToken()}` };
}, 180_000);
beforeEach(() => gateway.echo.reset());

const ask = (sent: Partial<Sent> = {}) =>
  send(gateway.ports.gateway, { path: '/echo/mcp', body, ...sent, headers: { ...admin, ...sent.headers } });
const arrived = async (sent: Partial<Sent>) => {
  expect((await ask(sent)).status).toBe(200);
  return gateway.echo.seen[0] ?? { headers: {}, rawHeaders: [] as string[], method: '', url: '', body: '' };
};

describe('What an upstream receives', () => {
  test("is the caller's identity, in headers and in an assertion for this server and tool only", async () => {
    const { headers } = await arrived({ headers: { cookie: await gateway.sessionCookie('alice') } });
    expect(headers).toMatchObject({
      'x-user': '3agentclient000000000000000',
      'x-auth-method': 'jwt',
      'x-client-id': '3agentclient000000000000000',
      'x-scopes': 'mcp-servers-unrestricted/read mcp-servers-unrestricted/execute',
      'x-server-name': 'echo',
      'x-tool-name': 'look',
    });
    const keys = createRemoteJWKSet(new URL(`${gateway.url}/.well-known/jwks.json`));
    const options = { issuer: gateway.url, audience: `${gateway.url}/echo`, algorithms: ['EdDSA'] };
    const { payload } = await jwtVerify(String(headers['x-mcp-assertion']), keys, options);
    expect(payload).toMatchObject({ sub: '3agentclient000000000000000', tool: 'look', auth_method: 'jwt' });
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBeLessThanOrEqual(120);
  });

  test("is never the caller's token or cookie", async () => {
    const { headers } = await arrived({ headers: { cookie: 'mcp_gateway_session=x; other=y' } });
    expect(headers.authorization).toBeUndefined();
    expect(headers.cookie).toBeUndefined();
  });

  test.each([
    'x-user',
    'X-USER',
    'X_User',
    'x-username',
    'x-groups',
    'x-scopes',
    'x-tool-name',
    'x-mcp-assertion',
    'x-auth-method',
    'x-server-name',
    'x-client-id',
  ])("is the gateway's value under %s, not what the client sent", async (name) => {
    const { headers, rawHeaders } = await arrived({ headers: { [name]: ['root', 'admin'] } });
    expect(JSON.stringify(headers)).not.toMatch(/"root|admin"/);
    expect(rawHeaders.filter((text) => text.toLowerCase() === 'x-user')).toHaveLength(1);
  });

  test('still names the caller if the client declares the identity headers hop-by-hop', async () => {
    const { headers } = await arrived({ headers: { connection: 'close, X-User, X-Scopes, X-Mcp-Assertion' } });
    expect(headers['x-user']).toBe('3agentclient000000000000000');
    expect(headers['x-mcp-assertion']).toBeDefined();
  });

  test.each(['Mcp-Session-Id', 'MCP-Protocol-Version', 'Last-Event-ID'])(
    'is exactly one %s line, even if the client sent several',
    async (name) => {
      const answer = await ask({ headers: { [name]: ['one', 'two'] } });
      const seen = gateway.echo.seen[0];
      if (answer.status === 200) {
        const lines = seen?.rawHeaders.filter((text, i) => i % 2 === 0 && text.toLowerCase() === name.toLowerCase());
        expect(lines).toHaveLength(1);
      } else expect(seen).toBeUndefined();
    },
  );

  test('is a constant content type and the headers of the protocol', async () => {
    const { headers } = await arrived({
      headers: {
        'content-type': 'Application/JSON; charset="UTF-8"',
        'mcp-method': 'tools/call',
        'mcp-name': 'look',
      },
    });
    expect(headers).toMatchObject({
      'content-type': 'application/json',
      'mcp-method': 'tools/call',
      'mcp-name': 'look',
    });
  });

  test('is nothing if Mcp-Method or Mcp-Name contradict the body', async () => {
    for (const headers of [{ 'mcp-method': 'tools/list' }, { 'mcp-name': 'other' }]) {
      expect((await ask({ headers })).status).toBe(400);
    }
    expect(gateway.echo.seen).toEqual([]);
  });
});

/** Headers that act on the origin of an answer, on the connection, or on caches and proxies in front, and made-up ones. */
const acts = `
  set-cookie2 set-login activate-storage-access onion-location speculation-rules sourcemap origin-trial accept-ch report-to nel
  referrer-policy permissions-policy integrity-policy cross-origin-opener-policy timing-allow-origin upgrade keep-alive via etag
  last-modified cdn-cache-control surrogate-key expires age x-sendfile x-user x-mcp-assertion x-relay x-relay-error x-deny-status
  x-upstream-authorization x-api-key authorization x-of-tomorrow browsers-will-obey-this
`
  .trim()
  .split(/\s+/);

describe("What a client receives of an upstream's answer", () => {
  test('is the headers of a list only, none that acts on the gateway or on what stands in front of it', async () => {
    const acting = {
      'set-cookie': 'mcp_gateway_session=stolen',
      location: 'https://evil.example',
      refresh: '0; url=https://evil.example',
      link: '</x>; rel=preload',
      'clear-site-data': '"*"',
      'service-worker-allowed': '/',
      'alt-svc': 'h3=":443"',
      'strict-transport-security': 'max-age=1',
      'www-authenticate': 'Basic',
      'access-control-allow-origin': '*',
      'access-control-allow-credentials': 'true',
      'x-powered-by': 'x',
      'content-security-policy': 'default-src *',
      ...Object.fromEntries(acts.map((name) => [name, 'from-the-server'])),
    };
    gateway.echo.answer = (res) =>
      void res
        .writeHead(200, { ...acting, 'content-type': 'text/html', 'content-length': 25, 'mcp-session-id': 's1' })
        .end('<script>alert(1)</script>');
    const { headers } = await ask();
    expect(headers).toEqual({
      'content-type': 'text/html',
      'content-length': '25',
      'mcp-session-id': 's1',
      'cache-control': 'no-store',
      'content-security-policy': "sandbox; default-src 'none'",
      'x-content-type-options': 'nosniff',
      'x-accel-buffering': 'no',
      'x-request-id': expect.stringMatching(/^[0-9a-f]{32}$/),
      vary: 'Origin',
      connection: expect.any(String),
      date: expect.any(String),
      server: 'nginx',
    });
  });

  test.each(['/validate', '/-/unavailable', '/mirror-nothing', '/login'])(
    'is not another page of the gateway by X-Accel-Redirect: %s',
    async (target) => {
      gateway.echo.answer = (res) =>
        void res.writeHead(200, { 'x-accel-redirect': target, 'content-type': 'application/json' }).end('"mine"');
      expect(await ask()).toMatchObject({ status: 200, body: '"mine"' });
    },
  );

  test('is 502 upstream_needs_authentication for its 401, so that no client discards its good token', async () => {
    gateway.echo.answer = (res) => void res.writeHead(401, { 'www-authenticate': 'Bearer' }).end('{}');
    const { status, body: text } = await ask();
    expect(status).toBe(502);
    expect(JSON.parse(text)).toMatchObject({ error: { data: { reason: 'upstream_needs_authentication' } } });
  });

  test.each([400, 403, 404, 405, 500, 503])(
    "is the upstream's own body, byte for byte, for status %i",
    async (status) => {
      const text = '{ "jsonrpc":"2.0","id":1, "error":{"code":-32020,"message":"héllo"}}';
      gateway.echo.answer = (res) => void res.writeHead(status, { 'content-type': 'application/json' }).end(text);
      expect(await ask()).toMatchObject({ status, body: text });
    },
  );

  test('is 502 in JSON if the upstream breaks the connection', async () => {
    gateway.echo.answer = (res) => void res.destroy();
    const answer = await ask();
    expect(answer.status).toBe(502);
    expect(JSON.parse(answer.body)).toMatchObject({ error: { data: { reason: 'upstream_unavailable' } } });
  });

  test("is each event at once, and the upstream's stream ends when the client disconnects", async () => {
    let closed = () => {};
    const end = new Promise<void>((resolve) => {
      closed = resolve;
    });
    gateway.echo.answer = (res) => {
      res.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: {"first":1}\n\n');
      res.on('close', closed);
    };
    const first = await new Promise<string>((resolve) => {
      const req = get(`${gateway.url}/echo/mcp`, { headers: admin }, (res) => {
        res.setEncoding('utf8').once('data', (chunk: string) => {
          resolve(chunk);
          req.destroy();
        });
      });
      req.on('error', () => {});
    });
    expect(first).toBe('data: {"first":1}\n\n');
    await end;
  });
});
