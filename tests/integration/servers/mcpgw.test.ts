import type { IncomingMessage, ServerResponse } from 'node:http';
import { createApp } from '../../../servers/mcpgw/server.ts';
import {
  connect,
  connections,
  connectSse,
  eventually,
  type Fetch,
  listen,
  mcpgwParts,
  recordedLog,
} from '../../support/servers/mcp-clients.ts';

const alice = 'eyJhbGciOiJFZERTQSJ9.YWxpY2U.c2lnbmF0dXJlLWE';
const bob = 'eyJhbGciOiJFZERTQSJ9.Ym9i.c2lnbmF0dXJlLWI';

const currenttime = {
  name: 'currenttime',
  title: 'Current Time',
  description: 'Tells the time\nin any zone',
  tags: ['time', 'clock'],
  transports: ['streamable-http', 'sse'],
  endpoints: {
    'streamable-http': 'http://localhost:8080/currenttime/mcp',
    sse: 'http://localhost:8080/currenttime/sse',
  },
  status: 'healthy',
};
const fininfo = {
  ...currenttime,
  name: 'fininfo',
  title: 'Stocks',
  description: 'Prices',
  tags: [],
  status: 'unknown',
};
const details = { ...currenttime, tools: [{ name: 'current_time_by_timezone' }], owner: 'platform' };

const toolNames = [
  'intelligent_tool_finder',
  'call_read_only_tool',
  'call_tool',
  'list_services',
  'get_server_details',
  'get_service_tools',
  'healthcheck',
  'refresh_service',
  'register_service',
  'toggle_service',
  'remove_service',
];

/** Stands in for the registry: answers as a test sets it for a path, and records the callers. */
type Answer = (req: IncomingMessage, res: ServerResponse) => void;
const asked: {
  path: string | undefined;
  assertion: string | string[] | undefined;
  authorization: string | undefined;
}[] = [];
const answers = new Map<string, Answer>();

function json(status: number, body: unknown, headers = {}): Answer {
  return (_req, res) =>
    res.writeHead(status, { 'Content-Type': 'application/json', ...headers }).end(JSON.stringify(body));
}

const notFound = json(404, { error: { code: 'not_found', message: 'no such server' } });
const { log, lines } = recordedLog();
let registry: Awaited<ReturnType<typeof listen>>;
let mcpgw: Awaited<ReturnType<typeof listen>>;
beforeAll(async () => {
  registry = await listen((req, res) => {
    const { 'x-mcp-assertion': assertion, authorization } = req.headers;
    asked.push({ path: req.url, assertion, authorization });
    (answers.get(req.url ?? '') ?? notFound)(req, res);
  });
  mcpgw = await listen(createApp(log, mcpgwParts(registry.base)));
});
afterAll(() => {
  mcpgw.close();
  registry.close();
});
beforeEach(() => {
  asked.length = 0;
  answers.clear();
  answers.set('/api/servers', json(200, { servers: [currenttime, fininfo] }));
  answers.set('/api/servers/currenttime', json(200, details));
});

/** Like the gateway: every request of this client carries the header, if there is one. */
const sending =
  (assertion: string | undefined, more: Record<string, string> = {}): Fetch =>
  (url, init) => {
    const headers = new Headers(init?.headers);
    if (assertion !== undefined) headers.set('X-Mcp-Assertion', assertion);
    for (const [name, value] of Object.entries(more)) headers.set(name, value);
    return fetch(url, { ...init, headers });
  };

async function ask(tool: string, args: Record<string, unknown> = {}, assertion: string | undefined = alice) {
  const client = await connect(mcpgw.base, sending(assertion));
  try {
    return await client.call(tool, args);
  } finally {
    await client.close();
  }
}

describe.each(connections)('%s', (_, connectAs) => {
  test('asks the registry as the caller of the request', async () => {
    const client = await connectAs(mcpgw.base, sending(alice, { Authorization: 'Bearer of-the-client' }));
    expect(client.about()).toEqual({
      instructions: expect.stringContaining('list_services'),
      server: { name: 'mcpgw', title: 'MCP Gateway Registry', version: expect.stringMatching(/^\d+\.\d+\.\d+$/) },
    });
    expect((await client.listTools()).map((tool) => tool.name)).toEqual(toolNames);
    const list = await client.call('list_services');
    expect(list).toMatchObject({ failed: false, values: { services: [currenttime, fininfo], total: 2 } });
    const one = await client.call('get_server_details', { service_name: 'currenttime' });
    expect(one).toMatchObject({ failed: false, values: details });
    await client.close();
    expect(asked).toEqual([
      { path: '/api/servers', assertion: alice, authorization: undefined },
      { path: '/api/servers/currenttime', assertion: alice, authorization: undefined },
    ]);
  });

  test('without an identity gets the advice to use the gateway, and sends no request to the registry', async () => {
    const client = await connectAs(mcpgw.base);
    for (const [tool, args] of [
      ['list_services', {}],
      ['get_server_details', { service_name: 'currenttime' }],
    ] as const)
      expect(await client.call(tool, args)).toEqual({
        failed: true,
        text: 'no caller identity: reach mcpgw through the gateway',
        values: undefined,
      });
    await client.close();
    expect(asked).toEqual([]);
  });
});

test.each([
  ['two joined headers', `${alice}, ${bob}`],
  ['no JWT', 'alice'],
  ['an empty header', ''],
])('A caller with %s has no identity, and causes no request to the registry', async (_, assertion) => {
  expect(await ask('list_services', {}, assertion)).toMatchObject({ failed: true, text: /no caller identity/ });
  expect(asked).toEqual([]);
});

describe('Over SSE the identity', () => {
  test('comes from the POST with the call, not from the stream or another POST', async () => {
    let identity: string | undefined = alice;
    const client = await connectSse(mcpgw.base, (url, init) => sending(identity)(url, init));
    await client.call('list_services');
    identity = bob;
    await client.call('list_services');
    identity = undefined;
    expect(await client.call('list_services')).toMatchObject({ failed: true });
    expect(asked.map((request) => request.assertion)).toEqual([alice, bob]);
    await client.close();
  });

  test('of one call is not used by a concurrent call on the same stream', async () => {
    const waiting: (() => void)[] = [];
    answers.set('/api/servers', (req, res) => {
      const servers = [{ name: req.headers['x-mcp-assertion'] === alice ? 'for-alice' : 'for-bob' }];
      waiting.push(() => json(200, { servers })(req, res));
    });
    let identity = alice;
    const client = await connectSse(mcpgw.base, (url, init) => sending(identity)(url, init));
    const first = client.call('list_services');
    await eventually(() => waiting.length === 1);
    identity = bob;
    const second = client.call('list_services');
    await eventually(() => waiting.length === 2);
    for (const answer of waiting.reverse()) answer();
    expect((await first).values).toMatchObject({ services: [{ name: 'for-alice' }] });
    expect((await second).values).toMatchObject({ services: [{ name: 'for-bob' }] });
    await client.close();
  });
});

describe('list_services', () => {
  test('is readable, and a line break in a description cannot fake another entry', async () => {
    expect((await ask('list_services')).text).toBe(
      [
        'currenttime: Current Time (healthy)',
        '  Tells the time in any zone',
        '  tags: time, clock',
        '  streamable-http: http://localhost:8080/currenttime/mcp',
        '  sse: http://localhost:8080/currenttime/sse',
        '',
        'fininfo: Stocks (unknown)',
        '  Prices',
        '  streamable-http: http://localhost:8080/currenttime/mcp',
        '  sse: http://localhost:8080/currenttime/sse',
      ].join('\n'),
    );
  });

  test.each([
    ['STOCKS', ['fininfo']],
    ['time', ['currenttime']],
    ['clock zone', ['currenttime']],
    ['clock prices', []],
    [' ', ['currenttime', 'fininfo']],
  ])('with the query %j shows the fitting servers', async (query, names) => {
    const { values } = await ask('list_services', { query });
    expect(values).toMatchObject({ services: names.map((name) => ({ name })), total: names.length });
  });

  test('without results gives the reason', async () => {
    expect((await ask('list_services', { query: 'weather' })).text).toContain('fits "weather"');
    answers.set('/api/servers', json(200, { servers: [] }));
    expect((await ask('list_services')).text).toContain('Ask the administrator');
  });

  test('accepts a server that has only a name', async () => {
    answers.set('/api/servers', json(200, { servers: [{ name: 'bare' }] }));
    expect(await ask('list_services')).toMatchObject({ text: 'bare (unknown)', values: { services: [{ tags: [] }] } });
  });
});

describe('get_server_details', () => {
  test('returns everything that the registry knows', async () => {
    const { text } = await ask('get_server_details', { service_name: ' currenttime ' });
    expect(text).toContain('currenttime: Current Time (healthy)');
    expect(text).toContain('  tools: [{"name":"current_time_by_timezone"}]\n  owner: "platform"');
  });

  test('of an unknown server names the tool that lists servers', async () => {
    expect(await ask('get_server_details', { service_name: 'nothing' })).toMatchObject({
      failed: true,
      text: 'there is no server "nothing" that you may see; list_services names those you may see',
    });
    expect(asked.map((request) => request.path)).toEqual(['/api/servers/nothing']);
  });

  test.each([
    '',
    '..',
    '../health',
    'a/b',
    'a%2fb',
    'Currenttime',
    'a?b',
    'a#b',
    '-a',
    'x'.repeat(64),
    'registry',
    'ａ',
  ])('never puts %j into a URL', async (service_name) => {
    const result = await ask('get_server_details', { service_name });
    expect(result).toMatchObject({ failed: true, text: expect.stringContaining('there is no server') });
    expect(asked).toEqual([]);
  });
});

describe('A registry with a bad answer', () => {
  test.each([
    ['401', json(401, {}), 'does not accept your identity (401)'],
    ['403', json(403, {}), 'not allowed to do this in the registry (403)'],
    ['404', json(404, {}), 'no such endpoint (404)'],
    ['500', json(500, { error: { message: 'an inner detail' } }), 'could not answer (500)'],
    ['503', json(503, {}), 'could not answer (503)'],
    ['no JSON', (_req, res) => void res.end('<html>'), 'does not understand'],
    ['another shape', json(200, { items: [] }), 'does not understand'],
    ['a server without a name', json(200, { servers: [{ title: 'x' }] }), 'does not understand'],
    ['a broken connection', (_req, res) => void res.destroy(), 'cannot be reached'],
  ] satisfies [string, Answer, string][])('(%s) makes the call fail with a clear error', async (_, answer, message) => {
    answers.set('/api/servers', answer);
    const result = await ask('list_services');
    expect(result).toMatchObject({ failed: true, text: expect.stringContaining(message), values: undefined });
    expect(result.text).not.toContain('inner detail');
  });

  test('gets no identity to another address by a redirect', async () => {
    answers.set('/api/servers', json(307, {}, { Location: `${registry.base}/elsewhere` }));
    expect(await ask('list_services')).toMatchObject({ failed: true, text: expect.stringContaining('(307)') });
    expect(asked.map((request) => request.path)).toEqual(['/api/servers']);
  });

  test.each<[string, Answer]>([
    ['nothing', () => undefined],
    ['only headers', (_req, res) => void res.writeHead(200).write('{')],
  ])('that sends %s is abandoned after two seconds', async (_, answer) => {
    answers.set('/api/servers', answer);
    const started = performance.now();
    const result = await ask('list_services');
    expect(result).toMatchObject({ failed: true, text: expect.stringContaining('did not answer within 2 s') });
    expect(performance.now() - started).toBeLessThan(10_000);
  });

  test('because it is down makes the call fail with a clear message', async () => {
    const gone = await listen(() => undefined);
    gone.close();
    const own = await listen(createApp(log, mcpgwParts(gone.base)));
    const client = await connect(own.base, sending(alice));
    expect(await client.call('list_services')).toMatchObject({
      failed: true,
      text: expect.stringContaining('cannot be reached'),
    });
    await client.close();
    own.close();
  });
});

test('The log contains calls and failures, and no identity', () => {
  const text = lines.join('');
  expect(text).toContain('"tool":"list_services"');
  expect(text).toContain('ECONNREFUSED');
  for (const part of [...alice.split('.'), ...bob.split('.'), 'of-the-client']) expect(text).not.toContain(part);
});
