import type { ServerResponse } from 'node:http';
import { accountKey } from '../../../auth-server/accounts/account-key.ts';
import type { AccountServer } from '../../../auth-server/accounts/accounts.ts';
import { revocationKey } from '../../../auth-server/store/revocation-feed.ts';
import { connectKey } from '../../../policy/request/client-pages.ts';
import { accountsWith } from '../../support/auth-server/accounts-in-memory.ts';
import {
  type Asked,
  follow,
  json,
  message,
  type Received,
  type Relay,
  result,
  sse,
  startRelay,
  startUpstream,
  stream,
  until,
} from '../../support/relay/relay-fixture.ts';

type Upstream = Awaited<ReturnType<typeof startUpstream>>;
let onRefusal: (subject: string, place: AccountServer) => void = () => undefined;
const accounts = accountsWith({}, { onRefusal: (subject, place) => onRefusal(subject, place) });
let relay: Relay;
let upstream: Upstream;
let answer: (response: ServerResponse, received: Received) => void;
let place: AccountServer;
const at = (port: number, path = '/mcp') => `http://127.0.0.1:${port}${path} -`;
const lineOf = (port: number, path = '/mcp', field = 'account:notion') =>
  `http 127.0.0.1:${port} 127.0.0.1:${port} ${path} - ${field}`;
beforeAll(async () => {
  relay = await startRelay({ accounts });
  upstream = await startUpstream((response, received) => answer(response, received));
  place = { server: 'one', account: 'notion', address: at(upstream.port) };
});
beforeEach(async () => {
  answer = (response) => json(response, result({}));
  onRefusal = () => undefined;
  await relay.route('one', lineOf(upstream.port));
});
afterAll(async () => {
  await relay.close();
  await upstream.close();
});

let people = 0;
/** A person of their own for each test, with this token if any. */
async function newPerson(token?: string) {
  const sub = `person-${++people}`;
  if (token !== undefined) accounts.set(sub, token, place);
  return { sub, cookie: await relay.person(sub, 'all') };
}
const call = message('tools/call', { name: 'echo' });
const modernCall = message('tools/call', {
  name: 'echo',
  _meta: {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': { elicitation: { url: {} } },
  },
});
const read = async (cookie: string, asked: Asked = { body: call }) => {
  const { status, text } = await relay.read(cookie, { ...asked, more: { ...headers(), ...asked.more } });
  return { status, ...(JSON.parse(text || '{}') as { id?: unknown; result?: object; error?: object }) };
};
const headers = () => ({ 'X-Mcp-Account': 'notion', 'X-Mcp-Address': place.address });
const refuses = (challenge: string, status = 401) => {
  answer = (response) => response.writeHead(status, { 'www-authenticate': challenge }).end('{"token":"Bearer t"}');
};
const page = 'http://localhost:8080/accounts/connect/one';

test('The token of the person who asks reaches the server, and two people share no token on one connection', async () => {
  const [carol, dave] = [await newPerson('of-carol'), await newPerson('of-dave')];
  upstream.requests.length = 0;
  for (const { cookie } of [carol, dave, carol]) expect((await read(cookie)).result).toEqual({});
  expect(upstream.requests.map(({ headers: sent }) => sent.authorization)).toEqual([
    'Bearer of-carol',
    'Bearer of-dave',
    'Bearer of-carol',
  ]);
});

describe('a route that has changed since the gate allowed the request', () => {
  test.each([
    ['to another path', () => lineOf(upstream.port, '/other')],
    ['to another entry', () => lineOf(upstream.port, '/mcp', 'account:github')],
    ['to a shared secret', () => lineOf(upstream.port, '/mcp', 'github')],
    ['to no credential', () => lineOf(upstream.port, '/mcp', '-')],
  ])('%s gets neither the token nor the request', async (_what, line) => {
    const { cookie } = await newPerson('of-carol');
    const { headers: sent } = await relay.admit(cookie, { body: call, more: headers() });
    await relay.route('one', line());
    upstream.requests.length = 0;
    const reply = await relay.send(sent, { body: call });
    expect(reply.statusCode).toBe(502);
    reply.resume();
    expect(upstream.requests).toEqual([]);
  });

  test('to accounts gets no request that was allowed without one', async () => {
    await relay.route('one', lineOf(upstream.port, '/mcp', '-'));
    const { cookie } = await newPerson('of-carol');
    const { headers: sent } = await relay.admit(cookie, {});
    await relay.route('one', lineOf(upstream.port));
    const reply = await relay.send(sent, { body: call });
    expect(reply.statusCode).toBe(502);
    reply.resume();
  });
});

describe('a server that answers 401', () => {
  test('is reported with the version of the token, and the client is told to try again once it is renewed', async () => {
    const { sub, cookie } = await newPerson('stale');
    refuses('Bearer error="invalid_token"');
    onRefusal = (subject, where) => accounts.set(subject, 'fresh', where);
    accounts.refusals.length = 0;
    expect(await read(cookie)).toEqual({
      status: 200,
      jsonrpc: '2.0',
      id: 1,
      error: {
        code: -32002,
        message: 'The server one did not accept the token of your account, which has been renewed: try again.',
        data: { reason: 'account_unavailable' },
      },
    });
    expect(accounts.refusals).toEqual([{ subject: sub, ...place, version: 1, why: 'unauthorized' }]);
    answer = (response, { headers: sent }) => json(response, result({ got: sent.authorization }));
    expect((await read(cookie)).result).toEqual({ got: 'Bearer fresh' });
  });

  test.each([
    ['text', call, { error: { code: -32003, data: { reason: 'account_needed', connect: page } } }],
    [
      'the result that asks for input',
      modernCall,
      {
        result: {
          resultType: 'input_required',
          inputRequests: { [connectKey]: { params: { mode: 'url', url: page } } },
        },
      },
    ],
  ])('for good leads the client to connect again, by %s', async (_form, body, expected) => {
    const { cookie } = await newPerson('stale');
    refuses('Bearer error="invalid_token"');
    onRefusal = (subject, where) => accounts.set(subject, 'ended', where);
    const answered = await read(cookie, { body });
    expect(answered).toMatchObject({ status: 200, id: 1, ...expected });
    // Nothing of what the server said, which may quote the token.
    expect(JSON.stringify(answered)).not.toContain('Bearer');
  });

  test('in a session of a client that opens pages leads there by the error with pages, in any process', async () => {
    const { sub, cookie } = await newPerson('stale');
    answer = (response) => json(response, result({}), { 'mcp-session-id': `of-${sub}` });
    const params = { protocolVersion: '2025-11-25', capabilities: { elicitation: { url: {} } }, clientInfo: {} };
    await read(cookie, { body: message('initialize', params) });
    refuses('Bearer');
    onRefusal = (subject, where) => accounts.set(subject, 'ended', where);
    expect(await read(cookie, { body: call, sessionId: `of-${sub}` })).toMatchObject({
      error: { code: -32042, data: { elicitations: [{ mode: 'url', url: page }] } },
    });
  });

  test('to initialize without a token carries the link in the answer, and reports no token', async () => {
    refuses('Bearer resource_metadata="https://evil.example/prm"');
    const { cookie } = await newPerson();
    accounts.refusals.length = 0;
    const params = { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: {} };
    expect(await read(cookie, { body: message('initialize', params) })).toEqual({
      status: 200,
      jsonrpc: '2.0',
      id: 1,
      error: {
        code: -32003,
        message: `The server one wants an account of your own: connect it at ${page}, then try again.`,
        data: { reason: 'account_needed', connect: page },
      },
    });
    const opens = { ...params, protocolVersion: '2025-11-25', capabilities: { elicitation: { url: {} } } };
    expect(await read(cookie, { body: message('initialize', opens) })).toMatchObject({ error: { code: -32042 } });
    const { status, error } = await read(cookie, stream);
    expect([status, error]).toMatchObject([403, { code: -32003 }]);
    expect(accounts.refusals).toEqual([]);
  });

  test('with ten megabytes, or without an end, is not read', async () => {
    const { cookie } = await newPerson('stale');
    answer = (response) => {
      response.writeHead(401, { 'www-authenticate': 'Bearer' });
      response.write(Buffer.alloc(10_000_000, 'x'));
    };
    const gone = upstream.gone();
    expect(await read(cookie)).toMatchObject({ status: 200, error: { data: { reason: 'account_unavailable' } } });
    expect(await until(() => upstream.gone() > gone)).toBe(true);
  });

  test('with a challenge of 30 kB is a server that cannot be understood, and reports nothing', async () => {
    const { cookie } = await newPerson('stale');
    refuses(`Bearer error="invalid_token", scope="${'x'.repeat(30_000)}"`);
    accounts.refusals.length = 0;
    expect(await read(cookie)).toMatchObject({ status: 502, error: { data: { reason: 'upstream_unavailable' } } });
    expect(accounts.refusals).toEqual([]);
  });
});

describe('a server that answers 403', () => {
  test('for want of scopes is reported with them, and the client is led to connect again', async () => {
    const { sub, cookie } = await newPerson('narrow');
    refuses('Bearer error="insufficient_scope", scope="repo admin"', 403);
    onRefusal = (subject, where) => accounts.set(subject, 'more_scopes', where);
    accounts.refusals.length = 0;
    expect(await read(cookie)).toMatchObject({ error: { data: { reason: 'account_needed', connect: page } } });
    expect(accounts.refusals).toEqual([
      { subject: sub, ...place, version: 1, why: 'insufficient_scope', scopes: ['repo', 'admin'] },
    ]);
  });

  test('for scopes that the gateway does not ask for says so, and asks for none', async () => {
    const { cookie } = await newPerson('narrow');
    refuses('Bearer error="insufficient_scope", scope="root"', 403);
    expect((await read(cookie)).error).toEqual({
      code: -32003,
      message: "The server one wants rights that the gateway does not ask for (root): tell the gateway's operator.",
      data: { reason: 'account_refused' },
    });
  });

  test('for another reason is passed on, and reports nothing', async () => {
    const { cookie } = await newPerson('good');
    const own = { jsonrpc: '2.0', id: 1, error: { code: -32000, message: 'Not yours.' } };
    answer = (response) => response.writeHead(403, { 'content-type': 'application/json' }).end(JSON.stringify(own));
    accounts.refusals.length = 0;
    expect(await read(cookie)).toMatchObject({ status: 403, error: own.error });
    expect(accounts.refusals).toEqual([]);
  });
});

test('The end of an account ends the streams of that person at that server, and no others', async () => {
  const [carol, dave] = [await newPerson('of-carol'), await newPerson('of-dave')];
  answer = (response) => void sse(response, ': open\n\n');
  const open = async ({ cookie }: typeof carol) => follow(await relay.ask(cookie, { ...stream, more: headers() }));
  const [hers, his] = [await open(carol), await open(dave)];
  expect(await until(() => relay.streams.size === 2)).toBe(true);
  const mark = revocationKey('account', accountKey({ subject: carol.sub, account: 'notion', server: 'one' }));
  relay.streams.revoke([mark]);
  expect(await until(() => hers.ended)).toBe(true);
  expect(hers.text).toContain(': ended: access_ended');
  expect(his.ended).toBe(false);
});

test('No log line holds a token', () => {
  expect(relay.log()).not.toMatch(/of-carol|stale|fresh/);
});
