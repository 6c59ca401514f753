import { type Everything, startEverything } from '../support/gateway/everything.ts';
import { type Gateway, startGateway } from '../support/gateway/gateway.ts';
import { openStream } from '../support/gateway/open-stream.ts';
import { type PolicyFile, writePolicy } from '../support/gateway/reader-policy.ts';
import { type Answer, rpc, type Sent, send } from '../support/gateway/send.ts';
import { connections, eventually, type Fetch } from '../support/servers/mcp-clients.ts';

let gateway: Gateway;
let policy: PolicyFile;
let everything: Everything;
let owner: Record<string, string>;
let thief: Record<string, string>;

const json = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };

beforeAll(async () => {
  everything = await startEverything('streamableHttp');
  policy = writePolicy();
  const transports = { 'streamable-http': '/mcp' };
  const name = 'everything';
  gateway = await startGateway(
    { SCOPES_FILE: policy.SCOPES_FILE },
    [{ name, title: name, description: name, upstream: everything.url, transports, tags: [] }],
    { processes: ['auth-server', 'relay'] },
  );
  owner = { authorization: `Bearer ${await gateway.agentToken()}` };
  thief = { authorization: `Bearer ${await gateway.agentToken('reader')}` };
}, 180_000);
afterAll(async () => {
  await gateway?.stop();
  await everything?.stop();
  policy?.remove();
});
beforeEach(() => gateway.echo.reset());

const ask = (who: Record<string, string>, sent: Partial<Sent>, server = 'everything') =>
  send(gateway.ports.gateway, { path: `/${server}/mcp`, ...sent, headers: { ...json, ...who, ...sent.headers } });
const reasonOf = ({ body }: Answer) =>
  (JSON.parse(body) as { error?: { data?: { reason?: string } } }).error?.data?.reason;
const listed = rpc('tools/list');
const called = rpc('tools/call', { name: 'echo', arguments: { message: 'mine' } });
const hello = rpc('initialize', {
  protocolVersion: '2025-06-18',
  capabilities: {},
  clientInfo: { name: 'test', version: '1' },
});

async function newSession(who: Record<string, string>, server = 'everything'): Promise<string> {
  const answer = await ask(who, { body: hello }, server);
  expect(answer.status).toBe(200);
  const id = String(answer.headers['mcp-session-id']);
  await ask(who, { body: '{"jsonrpc":"2.0","method":"notifications/initialized"}', headers: session(id) }, server);
  return id;
}
const session = (id: string) => ({ 'mcp-session-id': id });

/** Makes the echo issue one session id and answer everything else with an empty result. */
function issueSessionId(id: string): void {
  gateway.echo.answer = (res, { method, body }) => {
    const message = body ? (JSON.parse(body) as { method: string; id?: unknown }) : { method };
    const headers = { 'content-type': 'application/json', ...(message.method === 'initialize' && session(id)) };
    res.writeHead(200, headers).end(JSON.stringify({ jsonrpc: '2.0', id: message.id, result: {} }));
  };
}

const uses: [string, Partial<Sent>][] = [
  ['lists tools', { body: listed }],
  ['calls a tool', { body: called }],
  ['answers a request of the server', { body: '{"jsonrpc":"2.0","id":1,"result":{}}' }],
  ['opens the stream', { method: 'GET', headers: { accept: 'text/event-stream' } }],
  ['ends it', { method: 'DELETE' }],
];

describe('An MCP session belongs to its session owner', () => {
  test.each(uses)('Another caller who %s with a stolen id gets 404, and the owner can go on', async (_what, sent) => {
    const id = await newSession(owner);
    const answer = await ask(thief, { ...sent, headers: { ...sent.headers, ...session(id) } });
    expect([answer.status, reasonOf(answer)]).toEqual([404, 'session_unknown']);
    const own = await ask(owner, { body: called, headers: session(id) });
    expect([own.status, own.body]).toEqual([200, expect.stringContaining('Echo: mine')]);
  });

  test.each(uses)(
    'A caller who %s with an id that was never issued gets 404, and nothing reaches the server',
    async (_what, sent) => {
      const answer = await ask(owner, { ...sent, headers: { ...sent.headers, ...session('invented') } }, 'echo');
      expect([answer.status, reasonOf(answer)]).toEqual([404, 'session_unknown']);
      expect(gateway.echo.seen).toEqual([]);
    },
  );

  test.each(['invented', 'stolen'])(
    'A caller who initializes with an id that is %s begins a new session',
    async (what) => {
      issueSessionId(`new-${what}`);
      const id = what === 'stolen' ? await newSession(thief) : 'made-by-the-client';
      gateway.echo.seen.length = 0;
      const answer = await ask(owner, { body: hello, headers: session(id) }, 'echo');
      expect([answer.status, answer.headers['mcp-session-id']]).toEqual([200, `new-${what}`]);
      expect(gateway.echo.seen.map(({ headers }) => headers['mcp-session-id'])).toEqual([undefined]);
    },
  );

  test('A session belongs to one server, and its id is unknown at another', async () => {
    issueSessionId('of-echo');
    expect(await newSession(owner, 'echo')).toBe('of-echo');
    expect((await ask(owner, { body: listed, headers: session('of-echo') }, 'everything')).status).toBe(404);
    expect((await ask(owner, { body: listed, headers: session('of-echo') }, 'echo')).status).toBe(200);
  });

  test('A person can use their session with every login of their own, and no one else can', async () => {
    const alice = { cookie: await gateway.sessionCookie('alice') };
    const again = { cookie: await gateway.sessionCookie('alice') };
    const bob = { cookie: await gateway.sessionCookie('bob') };
    const id = await newSession(alice);
    const statuses = [alice, again, bob].map(
      async (who) => (await ask(who, { body: listed, headers: session(id) })).status,
    );
    expect(await Promise.all(statuses)).toEqual([200, 200, 404]);
  });

  test('When its owner ends a session, the gate refuses its id without asking the server', async () => {
    issueSessionId('to-be-ended');
    const id = await newSession(owner, 'echo');
    expect((await ask(owner, { method: 'DELETE', headers: session(id) }, 'echo')).status).toBe(200);
    gateway.echo.seen.length = 0;
    for (const [, sent] of uses) {
      const answer = await ask(owner, { ...sent, headers: { ...sent.headers, ...session(id) } }, 'echo');
      expect([answer.status, reasonOf(answer)]).toEqual([404, 'session_unknown']);
    }
    expect(gateway.echo.seen).toEqual([]);
  });

  test("When a server issues another caller's session id, the client gets 502 without the id", async () => {
    issueSessionId('given-twice');
    await newSession(owner, 'echo');
    const answer = await ask(thief, { body: hello }, 'echo');
    expect([answer.status, reasonOf(answer)]).toEqual([502, 'upstream_session_conflict']);
    expect(JSON.stringify(answer)).not.toContain('given-twice');
    expect((await ask(owner, { body: listed, headers: session('given-twice') }, 'echo')).status).toBe(200);
  });

  test('A session survives a crash of the auth-server and the relay, and other callers still cannot use it', async () => {
    const id = await newSession(owner);
    await Promise.all(['auth-server', 'relay'].map((service) => gateway.kill(service)));
    await Promise.all(['auth-server', 'relay'].map((service) => gateway.revive(service)));
    const own = await ask(owner, { body: listed, headers: session(id) });
    expect([own.status, own.body]).toEqual([200, expect.stringContaining('get-sum')]);
    expect((await ask(thief, { body: listed, headers: session(id) })).status).toBe(404);
  }, 180_000);
});

describe('A client whose session has ended', () => {
  function recording(seen: { status: number; method: string }[], ids: Set<string>): Fetch {
    return async (url, init) => {
      const headers = new Headers(init?.headers);
      for (const [name, value] of Object.entries(owner)) headers.set(name, value);
      const answer = await fetch(url, { ...init, headers });
      const id = answer.headers.get('mcp-session-id') ?? headers.get('mcp-session-id');
      if (id) ids.add(id);
      seen.push({ status: answer.status, method: init?.method ?? 'GET' });
      return answer;
    };
  }

  test.each(connections.filter(([client]) => !/SSE|pinned/.test(client)))(
    '%s gets 404, and gets a new session when it connects again',
    async (_client, connect) => {
      const seen: { status: number; method: string }[] = [];
      const ids = new Set<string>();
      const client = await connect(`${gateway.url}/everything`, recording(seen, ids));
      const [first = ''] = ids;
      await ask(owner, { method: 'DELETE', headers: session(first) });
      await expect(client.call('echo', { message: 'x' })).rejects.toThrow(/404|no such session/);
      await client.close().catch(() => {});
      const again = await connect(`${gateway.url}/everything`, recording(seen, ids));
      expect((await again.call('echo', { message: 'x' })).text).toBe('Echo: x');
      expect(ids.size).toBe(2);
      await again.close();
    },
  );
});

describe('A session of the 2024-11-05 transport', () => {
  const own = '11111111-1111-4111-8111-111111111111';

  async function open(who: Record<string, string>, announced: string) {
    gateway.echo.answer = (res, { method }) => {
      if (method === 'POST') return void res.writeHead(202).end('Accepted');
      res.writeHead(200, { 'content-type': 'text/event-stream' }).write(`event: endpoint\ndata: ${announced}\n\n`);
    };
    const headers = { ...who, accept: 'text/event-stream' };
    const stream = await openStream(gateway.ports.gateway, { path: '/echosse/sse', headers });
    await stream.holds('\n\n');
    const [, endpoint = ''] = /^event: endpoint\ndata: (.*)\n\n$/.exec(stream.text()) ?? [];
    return { stream, endpoint };
  }
  const post = (who: Record<string, string>, path: string, body = listed) => ask(who, { path, body });

  test.each([
    ['a path', `/messages?sessionId=${own}`, `/messages?sessionId=${own}`],
    ['another path with more parameters', `/else/where?x=1&session_id=${own}`, `/else/where?x=1&session_id=${own}`],
    ['a relative path', `post/${own}`, `/post/${own}`],
  ])('posts to the gateway, which forwards to %s that the server announced', async (_what, announced, arrives) => {
    const { stream, endpoint } = await open(owner, announced);
    expect(endpoint).toMatch(/^\/echosse\/messages\?sessionId=[0-9a-f-]{36}$/);
    expect(stream.text() + JSON.stringify(stream.headers)).not.toContain(own);
    gateway.echo.seen.length = 0;
    expect(await post(owner, endpoint)).toMatchObject({ status: 202, body: '' });
    expect(gateway.echo.seen.map(({ url }) => url)).toEqual([arrives]);
    stream.close();
  });

  test("accepts only its owner's messages, and only at its exact address", async () => {
    const { stream, endpoint } = await open(owner, `/messages?sessionId=${own}`);
    gateway.echo.seen.length = 0;
    const id = endpoint.slice(-36);
    const paths = ['', '?', '?sessionId=', `?sessionId=${own}`, `?sessionId=${id}&x=1`, `?x=1&sessionId=${id}`];
    const twice = [`?sessionId=${id}&sessionId=${own}`, `?sessionId=${own}&sessionId=${id}`, `?SessionId=${id}`];
    for (const search of [...paths, ...twice, `?sessionId=${id}%20`, `?session_id=${id}`]) {
      const answer = await post(owner, `/echosse/messages${search}`);
      expect([search, answer.status, reasonOf(answer)]).toEqual([search, 404, 'session_unknown']);
    }
    for (const body of [listed, called, hello]) expect((await post(thief, endpoint, body)).status).toBe(404);
    expect((await post(owner, endpoint.replace('echosse', 'echo'))).status).toBe(404);
    expect(gateway.echo.seen).toEqual([]);
    stream.close();
  });

  test.each([200, 202, 204])('accepts messages if the server confirms them with %i', async (status) => {
    const { stream, endpoint } = await open(owner, `/messages?sessionId=${own}`);
    gateway.echo.answer = (res) => void res.writeHead(status).end(status === 200 ? 'OK' : undefined);
    for (const body of [listed, called, hello]) expect((await post(owner, endpoint, body)).status).toBe(status);
    stream.close();
  });

  test('is closed if the server announces an endpoint on another origin', async () => {
    gateway.echo.answer = (res) =>
      void res
        .writeHead(200, { 'content-type': 'text/event-stream' })
        .write('event: endpoint\ndata: http://evil.example/messages\n\n');
    const headers = { ...owner, accept: 'text/event-stream' };
    const stream = await openStream(gateway.ports.gateway, { path: '/echosse/sse', headers });
    await stream.ended;
    expect(stream.text()).toBe('');
    await eventually(() => gateway.log.some((line) => line.includes('an endpoint event that leads to another host')));
  });
});
