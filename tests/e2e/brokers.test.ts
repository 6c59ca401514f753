import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { decodeJwt } from 'jose';
import { type Gateway, startGateway } from '../support/gateway/gateway.ts';
import { rpc, type Sent, send, verdictOf } from '../support/gateway/send.ts';
import { startTakenBroker } from '../support/gateway/taken-broker.ts';
import { until } from '../support/listen.ts';

/** What one address may have open. The broker is one address for all of its callers. */
const connectionsPerAddress = 10;
const json = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
const call = (name: string, args?: object) => rpc('tools/call', { name, ...(args && { arguments: args }) });
const initialize = rpc('initialize', {});

let gateway: Gateway;
let broker: Awaited<ReturnType<typeof startTakenBroker>>;
let agent: Record<string, string>;
let admin: Record<string, string>;
beforeAll(async () => {
  gateway = await startGateway({ CONNECTIONS_PER_ADDRESS: String(connectionsPerAddress) });
  await gateway.kill('hub');
  broker = await startTakenBroker(gateway.ports);
  agent = { ...json, authorization: `Bearer ${await gateway.agentToken()}` };
  admin = {
    ...json,
    cookie: await gateway.sessionCookie('alice'),
    'sec-fetch-site': 'same-origin',
    origin: gateway.url,
  };
}, 180_000);
afterAll(async () => {
  await broker?.stop();
  await gateway?.stop();
});
beforeEach(() => {
  gateway.echo.reset();
  broker.heard.length = 0;
});

const ask = (sent: Sent) => send(gateway.ports.gateway, sent);
const askInner = (sent: Sent) => send(gateway.ports.brokerGate, sent);
/** Asks the hub, and returns the delegation that the broker got. */
async function delegated(body: string, headers = agent, path = '/mcp'): Promise<string> {
  expect(verdictOf(await ask({ path, headers, body }))).toBe(200);
  return String(broker.heard.at(-1)?.headers['x-mcp-delegation']);
}
const bearer = (token: string) => ({ ...json, authorization: `Bearer ${token}` });

describe('A broker asks a server for its caller', () => {
  test.each([
    ['directly', call('echo__shout'), call('shout')],
    ['through the relay', initialize, initialize],
  ])('%s, as the caller, and the server sees nothing of the delegation', async (_, outer, inner) => {
    const delegation = await delegated(outer);
    expect(verdictOf(await broker.ask(delegation, 'echo', inner))).toBe(200);
    const [seen] = gateway.echo.seen;
    expect(seen?.headers['x-user']).toBe('3agentclient000000000000000');
    expect(seen?.headers.authorization).toBeUndefined();
    expect(JSON.stringify(seen?.rawHeaders)).not.toContain(delegation.split('.')[2]);
  });

  test('in one trace, and in its own name in the record', async () => {
    const delegation = await delegated(call('echo__shout'));
    const traceparent = String(broker.heard[0]?.headers.traceparent);
    await broker.ask(delegation, 'echo', call('shout'), { traceparent });
    expect(gateway.echo.seen[0]?.headers.traceparent).toBe(traceparent);
    expect(gateway.log.findLast((line) => line.includes('"object":"shout"'))).toContain('"via":"hub"');
  });

  test('for more callers than one address may have connections', async () => {
    gateway.echo.answer = (res) => void res.writeHead(200, { 'content-type': 'text/event-stream' }).write(': open\n\n');
    const headers = { ...bearer(await delegated(initialize)), accept: 'text/event-stream' };
    const open = Array.from({ length: connectionsPerAddress + 5 }, async () => {
      const request = get({ port: gateway.ports.brokerGate, path: '/echo/mcp', headers });
      const [answer] = (await once(request, 'response')) as [IncomingMessage];
      return { request, answer };
    });
    const streams = await Promise.all(open);
    expect(streams.map(({ answer }) => answer.statusCode)).toEqual(streams.map(() => 200));
    for (const { request } of streams) request.destroy();
  });

  test('whose streams end when the caller signs out', async () => {
    const cookie = await gateway.sessionCookie('alice');
    gateway.echo.answer = (res) => void res.writeHead(200, { 'content-type': 'text/event-stream' }).write(': open\n\n');
    const headers = { ...bearer(await delegated(initialize, { ...json, cookie })), accept: 'text/event-stream' };
    const request = get({ port: gateway.ports.brokerGate, path: '/echo/mcp', headers });
    const [stream] = (await once(request, 'response')) as [IncomingMessage];
    const ended = once(
      stream.resume().on('error', () => undefined),
      'close',
    );
    const form = { cookie, 'content-type': 'application/x-www-form-urlencoded', origin: gateway.url };
    await ask({ path: '/oauth2/logout/cognito', headers: form });
    await ended;
    expect(verdictOf(await askInner({ method: 'GET', path: '/echo/mcp', headers }))).toBe('session_ended');
  });
});

describe('A broker that is taken over', () => {
  const more: [string, string, string][] = [
    ['another tool', 'echo', call('delete_everything')],
    ['another server', 'currenttime', call('shout')],
    ['a list', 'echo', rpc('tools/list')],
    ['a resource', 'echo', rpc('resources/read', { uri: 'file:///etc/passwd' })],
    ['a tool of mcpgw that calls others', 'mcpgw', call('call_tool', { server: 'echo', tool: 'delete_everything' })],
    ['the hub', 'hub', call('echo__delete_everything')],
  ];
  test('repeats what its caller asks, and gets nothing else', async () => {
    const delegation = await delegated(call('echo__shout'));
    for (const [what, server, body] of more)
      expect({ what, verdict: verdictOf(await broker.ask(delegation, server, body)) }).toEqual({
        what,
        verdict: 'not_delegated',
      });
    expect(gateway.echo.seen).toEqual([]);
    expect(verdictOf(await broker.ask(delegation, 'echo', call('shout')))).toBe(200);
  });

  test('gets nothing with a request that only opens a session', async () => {
    const delegation = await delegated(initialize);
    for (const [, server, body] of more)
      expect(verdictOf(await broker.ask(delegation, server, body))).toBe('not_delegated');
  });

  test.each(['/mcp', '/sse', '/hub/mcp', '/mcp/'])('does not reach itself at %s', async (path) => {
    const headers = bearer(await delegated(initialize));
    broker.heard.length = 0;
    const method = path === '/sse' ? 'GET' : 'POST';
    const answer = await askInner({ method, path, headers, ...(method === 'POST' && { body: initialize }) });
    expect(String(verdictOf(answer))).toMatch(/not_delegated|404/);
    expect(broker.heard).toEqual([]);
  });

  test('cannot hand a delegation on: outside it opens no server, no page, no API and no endpoint of OAuth', async () => {
    const delegation = await delegated(call('echo__shout'));
    const headers = bearer(delegation);
    const answers = await Promise.all([
      ...['/echo/mcp', '/mcp', '/mcpgw/mcp'].map((path) => ask({ path, headers, body: call('shout') })),
      ...['/api/servers', '/', '/account', '/v0.1/servers'].map((path) => ask({ method: 'GET', path, headers })),
      ask({ method: 'GET', path: '/api/servers', headers: { ...json, 'x-mcp-assertion': delegation } }),
      ask({
        path: '/echo/mcp',
        headers: { ...json, cookie: `mcp_gateway_session=${delegation}` },
        body: call('shout'),
      }),
    ]);
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 401));
    const form = new URLSearchParams({
      grant_type: 'refresh_token',
      refresh_token: delegation,
      client_id: 'x',
    }).toString();
    const atToken = { ...headers, 'content-type': 'application/x-www-form-urlencoded' };
    expect((await ask({ path: '/oauth2/token', headers: atToken, body: form })).status).toBeGreaterThanOrEqual(400);
    const exchange = await ask({
      path: '/oauth2/session',
      headers: json,
      body: JSON.stringify({ access_token: delegation }),
    });
    expect(exchange.status).toBeGreaterThanOrEqual(400);
    expect(gateway.echo.seen).toEqual([]);
  });

  test('finds the same rules for paths at its address, and none of the pages there', async () => {
    const headers = bearer(await delegated(call('echo__shout')));
    const paths = [
      '/currenttime/../echo/mcp',
      '//echo/mcp',
      '/%65cho/mcp',
      '/echo/admin',
      '/api/servers',
      '/login',
      '/oauth2/token',
      '/',
    ];
    for (const path of paths) {
      const { status } = await askInner({ path, headers, body: call('shout') });
      expect({ path, isRefused: status === 400 || status === 404 }).toEqual({ path, isRefused: true });
    }
    expect(gateway.echo.seen).toEqual([]);
  });
});

describe('A server behind the hub', () => {
  /** What a server sees when the hub asks it. */
  const seen = async () => {
    await broker.ask(await delegated(call('echo__shout')), 'echo', call('shout'));
    return String(gateway.echo.seen[0]?.headers['x-mcp-assertion']);
  };

  test('cannot use what it gets at another server, at itself, at the hub or at the address of brokers', async () => {
    const headers = bearer(await seen());
    gateway.echo.reset();
    broker.heard.length = 0;
    const answers = await Promise.all([
      ...['/currenttime/mcp', '/echo/mcp', '/mcp'].map((path) => ask({ path, headers, body: call('shout') })),
      ...['/currenttime/mcp', '/echo/mcp'].map((path) => askInner({ path, headers, body: call('shout') })),
    ]);
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 401));
    expect([gateway.echo.seen, broker.heard]).toEqual([[], []]);
  });

  test('gets no header of brokers, also if its caller sends them', async () => {
    const headers = { ...agent, 'x-mcp-delegation': 'mine', 'x-hub-set': 'mine', 'x-resource': 'hub' };
    for (const body of [call('shout'), initialize]) await ask({ path: '/echo/mcp', headers, body });
    expect(gateway.echo.seen).toHaveLength(2);
    for (const { headers: got } of gateway.echo.seen)
      expect(got).not.toMatchObject({ 'x-mcp-delegation': expect.anything() });
    expect(gateway.echo.seen.some(({ headers: got }) => 'x-hub-set' in got || 'x-mcp-delegation' in got)).toBe(false);
  });

  test('gets no delegation under the name of a set that was deleted', async () => {
    const set = {
      name: 'team',
      title: 'Team',
      description: 'A set',
      tags: [],
      members: [{ server: 'echo' }],
    };
    const write = (method: string, path: string, body?: object) =>
      ask({ method, path, headers: admin, ...(body && { body: JSON.stringify(body) }) });
    expect((await write('POST', '/api/servers', set)).status).toBe(201);
    const reach = () => ask({ path: '/team/mcp', headers: agent, body: call('echo__shout') });
    // nginx changes its processes after the answer.
    await until(async () => (await reach()) && broker.heard.length > 0, 20_000);
    expect(broker.heard[0]?.headers['x-hub-set']).toBe('team');
    expect((await write('DELETE', '/api/servers/team')).status).toBeLessThan(300);
    const mine = {
      name: 'team',
      title: 'Mine',
      description: 'A server',
      upstream: gateway.echo.url,
      transports: { 'streamable-http': '/mcp' },
      tags: [],
    };
    expect((await write('POST', '/api/servers', mine)).status).toBe(201);
    // A process of nginx from before the change may take a later request.
    let verdict: unknown;
    const reached = async () => {
      broker.heard.length = 0;
      verdict = verdictOf(await reach());
      return gateway.echo.seen.length > 0;
    };
    expect(await until(reached, 20_000)).toBe(true);
    expect(verdict).toBe(200);
    const got = gateway.echo.seen.at(-1)?.headers ?? {};
    expect(got['x-server-name']).toBe('team');
    expect('x-hub-set' in got || 'x-mcp-delegation' in got).toBe(false);
    expect(broker.heard).toEqual([]);
  });
});

describe('The address of brokers', () => {
  test('takes no credential of a caller', async () => {
    const shown = [agent, { ...json, cookie: String(admin.cookie) }, json];
    const answers = await Promise.all(
      shown.map((headers) => askInner({ path: '/echo/mcp', headers, body: call('shout') })),
    );
    expect(answers.map(({ status }) => status)).toEqual([401, 401, 401]);
    expect(gateway.echo.seen).toEqual([]);
  });

  test('shows the keys with which a broker verifies who calls it', async () => {
    const { status, body } = await askInner({ method: 'GET', path: '/.well-known/jwks.json' });
    expect([status, Object.keys(JSON.parse(body))]).toEqual([200, ['keys']]);
  });
});

describe('The hub', () => {
  test('is one resource, by the address that its clients know', async () => {
    const { body } = await ask({ method: 'GET', path: '/.well-known/oauth-protected-resource/mcp' });
    expect(JSON.parse(body).resource).toBe(`${gateway.url}/mcp`);
    const { headers, status } = await ask({ path: '/mcp', headers: json, body: initialize });
    expect([status, headers['www-authenticate']]).toEqual([
      401,
      expect.stringContaining('oauth-protected-resource/mcp"'),
    ]);
  });

  test('is not reached under its own name', async () => {
    expect(verdictOf(await ask({ path: '/hub/mcp', headers: agent, body: initialize }))).toBe('server_not_found');
    expect(broker.heard).toEqual([]);
  });

  test('gets its own assertion, which is for no server', async () => {
    await delegated(call('echo__shout'));
    const assertion = String(broker.heard[0]?.headers['x-mcp-assertion']);
    expect(decodeJwt(assertion).aud).toBe(`${gateway.url}/#hub`);
  });
});
