import { createServer } from 'node:http';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { listen } from '../../support/listen.ts';
import { json, message, result, taskCall, tools, until } from '../../support/relay/relay-fixture.ts';
import { startScene } from '../../support/relay/scene.ts';

const { relay, upstream, server, alice, bob } = await startScene();
afterAll(() => relay.close());

const initialize = { body: message('initialize', {}) };
const says =
  (status: number, body: string | Buffer = '', headers: Record<string, string> = {}) =>
  (response: Parameters<typeof json>[0]) =>
    void response.writeHead(status, headers).end(body);
const failed = async (asked: { body: object } = initialize, who = bob) => {
  const { status, headers, text } = await relay.read(who, asked);
  const { id, error } = JSON.parse(text) as {
    id: unknown;
    error: { code: number; message: string; data: { reason: string } };
  };
  return { status, headers, id, message: error.message, reason: error.data?.reason };
};

test.each([301, 302, 303, 307, 308])('A redirect with status %d becomes an error that says so', async (status) => {
  server.answer = says(status, 'Moved', { location: '/mcp/' });
  const { headers, ...told } = await failed();
  expect(told).toMatchObject({ status: 502, reason: 'upstream_redirects', id: 1 });
  expect(told.message).toContain('redirects to another address');
  expect(headers.location).toBeUndefined();
});

test.each([
  ['421 of the Python SDK', 421, 'Invalid Host header'],
  ['421 without a word', 421, ''],
  [
    '403 of the TypeScript SDK',
    403,
    '{"jsonrpc":"2.0","error":{"code":-32000,"message":"Invalid Host: one.test"},"id":null}',
  ],
  ['400 of Starlette', 400, 'Invalid host header'],
  ['400 of Django', 400, "DisallowedHost: Invalid HTTP_HOST header: 'x'. Disallowed Host"],
  ['403 of Vite', 403, 'Blocked request. This host ("one.test") is not allowed.'],
])('A %s is told as a Host check', async (_what, status, body) => {
  server.answer = says(status, body);
  expect(await failed()).toMatchObject({
    status: 502,
    reason: 'upstream_refuses_host',
    message: expect.stringContaining('Host header'),
  });
});

test.each([
  [403, 'You may not use this host-independent feature'],
  [400, '{"jsonrpc":"2.0","id":1,"error":{"code":-32600,"message":"no"}}'],
])('Another error with status %d is passed on', async (status, body) => {
  server.answer = says(status, body);
  const { status: passed, text } = await relay.read(bob, initialize);
  expect([passed, text]).toEqual([status, body]);
});

test('A 401 is told as the refusal of the server, with its words and without a challenge', async () => {
  server.answer = says(401, '{"error": "Forbidden: Invalid Jira URL"}', { 'www-authenticate': 'Bearer realm="x"' });
  const { headers, ...told } = await failed();
  expect(told).toMatchObject({ status: 502, reason: 'upstream_needs_authentication' });
  expect(told.message).toMatch(/refuses the credentials in this request.*It says: .*Invalid Jira URL/);
  expect(headers['www-authenticate']).toBeUndefined();

  server.answer = says(401, `${'é\n\u202e'.repeat(9_000)}`);
  expect((await failed()).message.length).toBeLessThan(700);
  server.answer = says(401);
  expect((await failed()).message).not.toContain('It says');
});

test.each([400, 404, 409, 429, 500, 501, 502, 503, 504])(
  'A JSON-RPC error with status %d is passed on, to the header that nginx reads where it replaces the body',
  async (status) => {
    const error = { jsonrpc: '2.0', id: 1, error: { code: -32050, message: 'The model behind it is away: ☂' } };
    server.answer = (response) => says(status, JSON.stringify(error))(response);
    const { status: passed, text, headers } = await relay.read(bob, { body: taskCall() });
    expect([passed, JSON.parse(text)]).toEqual([status, error]);
    const header = headers['x-relay-error'];
    if (status !== 502 && status !== 504) return expect(header).toBeUndefined();
    expect(JSON.parse(String(header))).toEqual(error);
  },
);

test.each([
  ['a page', '<html>Bad Gateway</html>'],
  ['nothing', ''],
  ['an error too large for a header', JSON.stringify({ id: 1, error: { code: 1, message: 'x'.repeat(9_000) } })],
])('A 502 with %s means that the server does not answer, with the id of the request', async (_what, body) => {
  server.answer = says(502, body);
  const asked = { body: { ...message('tools/list'), id: 'mine-7' } };
  expect(await failed(asked)).toMatchObject({ status: 502, reason: 'upstream_unavailable', id: 'mine-7' });
});

test.each([
  ['gzip', gzipSync],
  ['x-gzip', gzipSync],
  ['deflate', deflateSync],
  ['br', brotliCompressSync],
])('An answer in %s, which was not asked for, is read like any other', async (coding, compress) => {
  const list = JSON.stringify(tools('get_a', 'set_a'));
  server.answer = says(200, compress(list), { 'content-type': 'application/json', 'content-encoding': coding });
  const asked = { body: message('tools/list') };
  expect(JSON.parse((await relay.read(bob, asked)).text)).toEqual(tools('get_a'));
  const event = compress(`data: ${list}\n\n`);
  server.answer = says(200, event, { 'content-type': 'text/event-stream', 'content-encoding': coding });
  expect((await relay.read(bob, asked)).text).toBe(`data: ${JSON.stringify(tools('get_a'))}\n\n`);
});

test('A small answer that becomes a large one ends at the limit, and a coding that is not known is named', async () => {
  const bomb = gzipSync(Buffer.alloc(20_000_000, ' '));
  const asked = { body: message('tools/list') };
  server.answer = says(200, bomb, { 'content-type': 'application/json', 'content-encoding': 'gzip' });
  expect(await failed(asked)).toMatchObject({ status: 502, reason: 'upstream_answer_too_large' });
  server.answer = says(200, 'x', { 'content-type': 'application/json', 'content-encoding': 'x-own' });
  const told = await failed(asked);
  expect(told).toMatchObject({ status: 502, reason: 'upstream_answer_unreadable' });
  expect(told.message).toContain('a content coding that the gateway did not ask for');
});

describe('A session id', () => {
  const opens = (id: string) => (response: Parameters<typeof json>[0]) =>
    json(response, result({}), { 'mcp-session-id': id });

  test.each([1_024, 1_025, 4_096])('of %d characters works', async (length) => {
    const id = `${length}-`.padEnd(length, 'x');
    server.answer = opens(id);
    expect((await relay.read(bob, initialize)).headers['mcp-session-id']).toBe(id);
    server.answer = (response) => json(response, tools('get_a'));
    const use = { body: message('tools/list'), sessionId: id };
    expect((await relay.read(bob, use)).status).toBe(200);
    expect((await relay.admit(alice, use)).status).toBe(404);
    expect((await relay.admit(bob, { ...use, sessionId: `${id.slice(0, -1)}y` })).status).toBe(404);
  });

  test('that is longer is refused with the reason', async () => {
    server.answer = opens('x'.repeat(4_097));
    expect(await failed()).toMatchObject({ status: 502, reason: 'upstream_session_too_long' });
  });

  test('that is the same for everyone is refused to the second caller, with what to do', async () => {
    server.answer = opens('constant');
    expect((await relay.read(bob, initialize)).status).toBe(200);
    const told = await failed(initialize, alice);
    expect(told).toMatchObject({ status: 502, reason: 'upstream_session_conflict' });
    expect(told.message).toContain('gives the same session id to everyone');
  });

  test.each(['made-by-the-client', 'of-alice'])(
    '%s, sent with initialize, is dropped, and a new session begins',
    async (id) => {
      server.answer = opens('of-alice');
      await relay.read(alice, initialize);
      server.answer = opens(`new-${id}`);
      const { status, headers } = await relay.read(bob, { ...initialize, sessionId: id });
      expect([status, headers['mcp-session-id']]).toEqual([200, `new-${id}`]);
      expect(upstream.requests.at(-1)?.headers).not.toHaveProperty('mcp-session-id');
    },
  );
});

test('A server that was registered with https and speaks plain HTTP is told as a fault of TLS', async () => {
  const plain = createServer((_request, response) => void response.end());
  const { port, close } = await listen(plain);
  try {
    await relay.route('plain', `https 127.0.0.1:${port} 127.0.0.1:${port} /mcp - -`);
    const { status, text } = await relay.read(bob, { ...initialize, server: 'plain' });
    expect([status, text]).toEqual([502, expect.stringContaining('upstream_tls_failed')]);
  } finally {
    await close();
  }
});

test('A cookie of the server is not kept, and the log says what this means', async () => {
  server.answer = (response) => json(response, result({}), { 'set-cookie': 'AWSALB=secret; Path=/' });
  expect((await relay.read(bob, initialize)).headers['set-cookie']).toBeUndefined();
  expect(await until(() => relay.log().includes('a server sets a cookie'))).toBe(true);
  expect(relay.log()).not.toContain('AWSALB=secret');
});
