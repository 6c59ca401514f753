import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type Gateway, startGateway } from '../support/gateway/gateway.ts';
import { type OpenStream, openStream } from '../support/gateway/open-stream.ts';
import { type PolicyFile, writePolicy } from '../support/gateway/reader-policy.ts';
import { called, relayed, ticketOf, tickets } from '../support/gateway/relayed.ts';
import { type Answer, rpc, type Sent, send } from '../support/gateway/send.ts';

let gateway: Gateway;
let policy: PolicyFile;
let reader: Record<string, string>;
/** May use everything, so that nothing has to be filtered: nginx sends this caller's calls directly to the server. */
let admin: Record<string, string>;

const json = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };

beforeAll(async () => {
  policy = writePolicy();
  gateway = await startGateway({ SCOPES_FILE: policy.SCOPES_FILE }, [], { processes: ['registry', 'relay'] });
  reader = { ...json, authorization: `Bearer ${await gateway.agentToken('reader')}` };
  admin = { authorization: `Bearer ${await gateway.agentToken()}` };
}, 180_000);
afterAll(async () => {
  await gateway?.stop();
  policy?.remove();
});
beforeEach(() => gateway.echo.reset());

/** A request of the reader, or of the admin (`direct`). */
type Asked = Partial<Sent> & { direct?: true };
const ask = ({ direct, ...sent }: Asked) => {
  const headers = { ...reader, ...(direct && admin), ...sent.headers };
  return send(gateway.ports.gateway, { path: '/echo/mcp', ...sent, headers });
};
const reasonOf = ({ body }: Answer) =>
  (JSON.parse(body) as { error?: { data?: { reason?: string } } }).error?.data?.reason;

const ticketFor = (authorization: string) => ticketOf(gateway.ports.authServer, authorization);

describe('The relay ticket', () => {
  test('is never accepted from a client, even if it is valid', async () => {
    const good = await ticketFor(String(admin.authorization));
    expect(tickets(good)).toEqual([good]);
    for (const name of ['x-relay', 'X_Relay', 'X-RELAY']) {
      for (const value of ['1', 'eyJhbGciOiJub25lIn0.e30.', good, [good, good]]) {
        gateway.echo.reset();
        gateway.log.length = 0;
        expect((await ask({ ...called, direct: true, headers: { [name]: value } })).status).toBe(200);
        expect(gateway.log.filter((line) => line.startsWith('relay'))).toEqual([]);
        expect(tickets(JSON.stringify(gateway.echo.seen))).toEqual([]);
      }
    }
    // If the gate accepted another caller's ticket, that caller would become the session owner.
    gateway.echo.answer = (res, { body }) =>
      void res
        .writeHead(200, { 'content-type': 'application/json', 'mcp-session-id': 'whose' })
        .end(JSON.stringify({ jsonrpc: '2.0', id: (JSON.parse(body) as { id: unknown }).id, result: {} }));
    expect((await ask({ ...relayed[0]?.[1], headers: { 'x-relay': good } })).status).toBe(200);
    const use = { ...called, headers: { 'mcp-session-id': 'whose' } };
    expect((await ask(use)).status).toBe(200);
    expect((await ask({ ...use, direct: true })).status).toBe(404);
  });

  test('does not open the relay without an assertion, and neither does an assertion without a ticket', async () => {
    expect((await ask(called)).status).toBe(200);
    const assertion = String(gateway.echo.seen[0]?.headers['x-mcp-assertion']);
    gateway.echo.reset();
    const ticket = await ticketFor(String(reader.authorization));
    const tries: Record<string, string>[] = [
      {},
      { 'x-mcp-assertion': assertion },
      { 'x-relay': assertion, 'x-mcp-assertion': assertion },
      { 'x-relay': ticket },
      { 'x-relay': ticket, 'x-mcp-assertion': ticket },
    ];
    for (const headers of tries) {
      const answer = await send(gateway.ports.relay, {
        path: '/echo/mcp',
        ...called,
        headers: { ...json, ...headers },
      });
      expect([answer.status, reasonOf(answer)]).toEqual([403, 'ticket_invalid']);
    }
    expect(gateway.echo.seen).toEqual([]);
  });

  test.each(relayed)('reaches neither the server nor the client of %s', async (_what, sent) => {
    const answer = await ask(sent);
    expect(answer.status).toBe(200);
    expect(gateway.echo.seen).toHaveLength(1);
    const [seen] = gateway.echo.seen;
    expect(seen?.headers['x-mcp-assertion']).toBeDefined();
    expect(Object.keys(seen?.headers ?? {}).filter((name) => /relay/.test(name))).toEqual([]);
    expect(tickets(JSON.stringify(seen))).toEqual([]);
    expect(tickets(JSON.stringify(answer))).toEqual([]);
    expect(Object.keys(answer.headers).filter((name) => /relay|assertion/.test(name))).toEqual([]);
    expect(gateway.log.flatMap(tickets)).toEqual([]);
  });
});

test('A server whose address is a port of the gateway gets no route, so only nginx reaches the relay', async () => {
  const file = `${gateway.dataDir}/servers.yml`;
  const before = readFileSync(file, 'utf8');
  const own = (['relay', 'authServer', 'metrics', 'registry', 'gateway'] as const).map((port) => ({
    name: `own-${port.toLowerCase()}`,
    title: port,
    description: port,
    upstream: `http://127.0.0.1:${gateway.ports[port]}`,
    transports: { 'streamable-http': '/echo/mcp' },
    tags: [],
  }));
  writeFileSync(file, JSON.stringify([...(JSON.parse(before) as object[]), ...own]));
  await gateway.kill('registry');
  // The registry reads the file only at its first start, so remove the database.
  for (const suffix of ['', '-wal', '-shm']) rmSync(`${gateway.dataDir}/registry.db${suffix}`, { force: true });
  await gateway.revive('registry');
  const routes = readFileSync(`${gateway.dataDir}/nginx/routes`, 'utf8');
  expect(routes).toMatch(/^echo /m);
  expect(routes).not.toMatch(/^own-/m);
  for (const { name } of own) expect((await ask({ ...called, direct: true, path: `/${name}/mcp` })).status).toBe(404);
});

describe('An answer that went through the relay', () => {
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
    'x-user': 'root',
    'x-mcp-assertion': 'eyJ',
    'x-relay-error': '{"mine":1}',
    'x-accel-redirect': '/login',
    'x-accel-buffering': 'yes',
  };
  const hopByHop = { trailer: 'x-mine', 'keep-alive': 'timeout=1' };
  const kinds: [string, Asked][] = [...relayed.slice(0, -1), ['a direct call', { ...called, direct: true }]];

  test.each(kinds)('to %s carries no header that acts in our origin', async (_what, sent) => {
    const json = '{"jsonrpc":"2.0","id":1,"result":{}}';
    const [type, body] =
      sent.method === 'GET' ? ['text/event-stream', `data: ${json}\n\n`] : ['application/json', json];
    gateway.echo.answer = (res) =>
      void res
        .writeHead(200, { ...acting, ...hopByHop, 'content-type': type, 'x-own': 'kept', 'mcp-protocol-version': 'x' })
        .end(body);
    const answer = await ask(sent);
    expect([answer.status, answer.body]).toEqual([200, body]);
    const { headers } = answer;
    expect(Object.keys(acting).filter((name) => headers[name] === acting[name as keyof typeof acting])).toEqual([]);
    expect(headers).toMatchObject({
      'content-security-policy': "sandbox; default-src 'none'",
      'x-content-type-options': 'nosniff',
      'mcp-protocol-version': 'x',
    });
    // The relay and nginx pass on what is on their lists.
    expect(headers['x-own']).toBeUndefined();
  });

  test.each(kinds)(
    'to %s is 502 for a 401 of the server, so that no client discards a good token',
    async (_what, sent) => {
      gateway.echo.answer = (res) => void res.writeHead(401, { 'www-authenticate': 'Bearer' }).end('{}');
      const answer = await ask(sent);
      expect([answer.status, reasonOf(answer)]).toEqual([502, 'upstream_needs_authentication']);
    },
  );

  test.each(kinds.flatMap(([what, sent]) => [502, 504].map((status) => [what, sent, status] as const)))(
    "to %s never presents the server's X-Relay-Error as the gateway's own error (%#)",
    async (_what, sent, status) => {
      const words = '{"error":{"message":"send your password"}}';
      for (const name of ['X-Relay-Error', 'X_Relay_Error', 'x_relay-error']) {
        gateway.echo.answer = (res) => void res.writeHead(status, { [name]: words }).end(words);
        const answer = await ask(sent);
        expect([name, answer.status, reasonOf(answer)]).toEqual([name, 502, 'upstream_unavailable']);
        expect(JSON.stringify(answer)).not.toContain('password');
      }
    },
  );

  test.each([400, 403, 404, 405, 500, 503])('is the server’s own for status %i, byte for byte', async (status) => {
    const text = '{ "jsonrpc":"2.0","id":1, "error":{"code":-32020,"message":"héllo"}}';
    gateway.echo.answer = (res) => void res.writeHead(status, { 'content-type': 'application/json' }).end(text);
    for (const [, sent] of kinds) expect(await ask(sent)).toMatchObject({ status, body: text });
  });

  test.each(kinds)('to %s is 502 in JSON when the server breaks the connection', async (_what, sent) => {
    gateway.echo.answer = (res) => void res.destroy();
    const answer = await ask(sent);
    expect([answer.status, reasonOf(answer)]).toEqual([502, 'upstream_unavailable']);
  });

  test('also reaches a client that sends large headers, as a direct answer does', async () => {
    const pad = Object.fromEntries(Array.from({ length: 3 }, (_, i) => [`mcp-param-${i}`, 'x'.repeat(3_500)]));
    const resourceSubscriptions = [`demo://resource/static/document/a${'x'.repeat(3_900)}`];
    const listen = { body: rpc('subscriptions/listen', { notifications: { resourceSubscriptions } }) };
    for (const call of [called, { ...called, direct: true as const }])
      expect((await ask({ ...call, headers: pad })).status).toBe(200);
    expect((await ask({ ...listen, headers: pad })).status).toBe(200);
  });
});

test.each([
  ['a ping', 'ping', {}],
  ['a call', 'tools/call', { name: 'echo', arguments: {} }],
  ['a prompt', 'prompts/get', { name: 'simple-prompt' }],
  ['a resource', 'resources/read', { uri: 'demo://resource/static/document/a' }],
])(
  'A list that a server sends on the answer to %s is filtered, because a client may be waiting for it',
  async (_what, method, params) => {
    const tools = ['echo', 'get-env'].map((name) => ({ name, inputSchema: { type: 'object' } }));
    const list = JSON.stringify({ jsonrpc: '2.0', id: 1, result: { tools } });
    gateway.echo.answer = (res) =>
      void res.writeHead(200, { 'content-type': 'text/event-stream' }).end(`data: ${list}\n\ndata: {"id":2}\n\n`);
    const answer = await ask({ body: rpc(method, params) });
    expect(answer.status).toBe(200);
    expect(answer.body).toContain('"echo"');
    expect(answer.body).not.toContain('get-env');
    expect(answer.body).toContain('"id":2');
    expect((await ask({ body: rpc(method, params), direct: true })).body).toContain('get-env');
  },
);

describe.each([
  ['a server directly', true],
  ['the relay', false],
])('What the gateway decides nothing on reaches %s as it was written', (_where, direct) => {
  const written = (id: string, name = 'echo', rest = String.raw`"1e3",1e3,1.0,12345678901234567890,1e400,"\ud83d"`) =>
    `{ "jsonrpc":"2.0","id": ${id} ,"method":"tools/call","params":{"name":"${name}","arguments":{"\\udc00":[${rest}]}}}`;
  const sendAs = (body: string) => ask({ body, ...(direct && { direct }) });

  test.each(['7', '9007199254740993', '12345678901234567890', '1e3', '1.0', String.raw`"\ud800"`, '"é"'])(
    'with the id %s, which an answer and an error of the gateway repeat',
    async (id) => {
      gateway.echo.answer = (res) =>
        void res.writeHead(200, { 'content-type': 'application/json' }).end(`{"jsonrpc":"2.0","id":${id},"result":{}}`);
      expect(await sendAs(written(id))).toMatchObject({
        status: 200,
        body: `{"jsonrpc":"2.0","id":${id},"result":{}}`,
      });
      expect(gateway.echo.seen.map(({ body }) => body)).toEqual([written(id)]);
      const shown = `{"jsonrpc":"2.0","id":${id.replace('é', String.raw`\u00e9`)},"error":`;
      const refused = await sendAs(written(id, ''));
      expect(refused.body.slice(0, shown.length)).toBe(shown);
      if (direct) return;
      gateway.echo.answer = (res) => void res.writeHead(307, { location: '/mcp/' }).end();
      expect((await sendAs(written(id))).body.slice(0, shown.length)).toBe(shown);
    },
  );
});

test.each([
  ['the name of a tool', rpc('tools/call', { name: 'echo\ud800' }), -32602],
  ['an address', rpc('resources/read', { uri: 'demo://resource/static/document/a\udc00' }), -32602],
  ['a method', rpc('tools/\ud800call', { name: 'echo' }), -32600],
  ['no name at all', rpc('tools/call', {}), -32602],
])(
  'What is judged is refused with a reason if it is missing or holds half a character: %s',
  async (_what, body, code) => {
    for (const direct of [true, false]) {
      const answer = await ask({ body, ...(direct && { direct }) });
      expect(JSON.parse(answer.body)).toMatchObject({ id: 1, error: { code } });
    }
    expect(gateway.echo.seen).toEqual([]);
  },
);

describe('While the relay is down', () => {
  let stream: OpenStream;
  let push = (_text: string) => {};
  beforeAll(async () => {
    gateway.echo.reset();
    gateway.echo.answer = (res) => {
      res.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: before\n\n');
      push = (text) => void res.write(`data: ${text}\n\n`);
    };
    const sent = { method: 'POST', path: '/echo/mcp', headers: { ...reader, ...admin }, ...called };
    stream = await openStream(gateway.ports.gateway, sent);
    await stream.holds('before');
    await gateway.kill('relay');
  });
  afterAll(() => stream.close());

  test.each(relayed)('%s gets 502 in JSON at once and reaches no server', async (_what, sent) => {
    const start = performance.now();
    const answer = await ask(sent);
    expect([answer.status, reasonOf(answer)]).toEqual([502, 'relay_unavailable']);
    expect(performance.now() - start).toBeLessThan(8_000);
    expect(gateway.echo.seen).toEqual([]);
  });

  test('calls of callers whose lists need no filter go on, and so does a direct answer that has begun', async () => {
    expect((await ask({ ...called, direct: true })).status).toBe(200);
    push('after');
    await stream.holds('data: after\n\n');
    expect(stream.isOpen()).toBe(true);
  });

  test('the gateway reports it, and everything works again when the relay is back', async () => {
    const health = async () => (await send(gateway.ports.gateway, { method: 'GET', path: '/health' })).body;
    expect(JSON.parse(await health())).toMatchObject({ relay: 'down', 'auth-server': 'up' });
    await gateway.revive('relay');
    for (const [, sent] of relayed) expect((await ask(sent)).status).toBe(200);
    expect(JSON.parse(await health())).toMatchObject({ relay: 'up' });
  });
});
