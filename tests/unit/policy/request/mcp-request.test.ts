import { readMcpRequest } from '../../../../policy/request/mcp-request.ts';
import { RefusedRequest } from '../../../../policy/request/refused-request.ts';
import { NumberInBody, writeId } from '../../../../policy/request/request-id.ts';
import { readTasks } from '../../../../policy/request/task-request.ts';
import { readToolArguments } from '../../../../policy/request/tool-arguments.ts';

const bytes = (body: string | object) => Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
const read = (body: string | object | Buffer) =>
  readMcpRequest({ httpMethod: 'POST', endpoint: 'mcp', body: Buffer.isBuffer(body) ? body : bytes(body) });
const call = (params: unknown, method = 'tools/call') => ({ jsonrpc: '2.0', id: 1, method, params });

function refusal(body: string | object | Buffer): RefusedRequest {
  try {
    read(body);
  } catch (error) {
    if (error instanceof RefusedRequest) return error;
    throw error;
  }
  throw new Error('it was accepted');
}

describe('the object that each method names', () => {
  test.each([
    ['tools/call', { name: 't', arguments: { name: 'other' } }, { kind: 'tool', name: 't' }],
    ['prompts/get', { name: 'p' }, { kind: 'prompt', name: 'p' }],
    ['resources/read', { uri: 'file:///a' }, { kind: 'resource', name: 'file:///a' }],
    ['resources/subscribe', { uri: 'file:///a' }, { kind: 'resource', name: 'file:///a' }],
    ['resources/unsubscribe', { uri: 'file:///a' }, { kind: 'resource', name: 'file:///a' }],
    ['completion/complete', { ref: { type: 'ref/prompt', name: 'p' } }, { kind: 'prompt', name: 'p' }],
    ['completion/complete', { ref: { type: 'ref/resource', uri: 'x://{y}' } }, { kind: 'resource', name: 'x://{y}' }],
    ['tools/list', { name: 'ignored' }, undefined],
    ['no/such/method', {}, undefined],
    ['constructor', {}, undefined],
  ])('%s with %j asks for %j', (method, params, object) => {
    expect(read(call(params, method))).toEqual({
      id: expect.any(NumberInBody),
      method,
      accesses: [
        {
          method,
          ...(object && { object }),
          ...(method === 'tools/call' && { arguments: (params as { arguments?: object }).arguments ?? {} }),
        },
      ],
    });
  });

  test('subscriptions/listen needs permission for itself and for every URI', () => {
    const method = 'subscriptions/listen';
    const uris = ['file:///a', 'file:///b'];
    const accesses = uris.map((name) => ({ method, object: { kind: 'resource', name } }));
    expect(read(call({ notifications: { resourceSubscriptions: uris } }, method)).accesses).toEqual([
      { method },
      ...accesses,
    ]);
    expect(read(call({}, method)).accesses).toEqual([{ method }]);
  });

  test('a tools/call without an id is still a tools/call', () => {
    expect(read({ jsonrpc: '2.0', method: 'tools/call', params: { name: 't' } })).toEqual({
      method: 'tools/call',
      accesses: [{ method: 'tools/call', object: { kind: 'tool', name: 't' }, arguments: {} }],
    });
  });

  test('a message over several lines, with tabs, escapes and a colon in a string, is read like one on one line', () => {
    const pretty =
      '{\r\n\t"jsonrpc": "2.0",\n\t"id": "a:\\"b",\n\t"method": "tools\\/call",\n"params": {"name": "\\u0074:"}}\n';
    expect(read(pretty)).toMatchObject({ id: 'a:"b', accesses: [{ object: { kind: 'tool', name: 't:' } }] });
  });

  test.each([
    ['a result', { jsonrpc: '2.0', id: 7, result: {} }],
    ['an error', { jsonrpc: '2.0', id: 7, error: { code: 1, message: 'x' } }],
  ])("a client's answer with %s is a response, not a call", (_what, message) => {
    expect(read(message)).toMatchObject({ method: '(response)', accesses: [{ method: '(response)' }] });
  });

  test.each([0, -1, 'a', '', Number.MAX_SAFE_INTEGER])('the id %j is returned as it was sent', (id) => {
    expect(idOf(JSON.stringify({ jsonrpc: '2.0', id, method: 'ping' }))).toBe(JSON.stringify(id));
  });
});

const good = '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t"}}';
const nested = (depth: number) =>
  `{"jsonrpc":"2.0","id":1,"method":"x","params":{"a":${'['.repeat(depth)}${']'.repeat(depth)}}}`;

const withId = (id: string) => good.replace('"id":1', `"id":${id}`);
function idOf(body: string): string | undefined {
  const { id } = read(body);
  return id === undefined ? undefined : writeId(id);
}

describe('an id', () => {
  test.each([
    ...['1', '0', '-7', '9007199254740991', '9007199254740993', '12345678901234567890', '-12345678901234567890'],
    ...['1.0', '1e3', '1E+2', '-0', '0.0'],
  ])('of %s is returned as it was written, also where other objects have ids', (id) => {
    const beside = good.replace('"t"', '"t","arguments":{"id":7,"a":[{"id":8}],"x\\"id":9},"_meta":{"id":"9"}');
    const bodies = [
      withId(id),
      `${withId(id)}\n`,
      withId(`\t\n ${id} `),
      beside.replace('"id":1', `"id":${id}`),
      beside.replace('"id":1', `"\\u0069d" : ${id}`),
      good.replace('"id":1,', '').replace('}}', `},"id":${id}}`),
    ];
    expect(bodies.map(idOf)).toEqual(bodies.map(() => id));
  });

  test('that a refused request has is repeated as it was written', () => {
    const { id } = refusal(withId('1e3').replace('"t"', '""'));
    expect(id !== undefined && writeId(id)).toBe('1e3');
  });
});

describe('a body that two parsers could read differently', () => {
  test.each<[string, string | Buffer, RegExp]>([
    ['is empty', '', /empty/],
    ['contains only white space', ' \n', /not valid JSON/],
    ['is cut short', good.slice(0, -1), /not valid JSON/],
    ['has text after it', `${good}{}`, /not valid JSON/],
    ['has a NUL after it', `${good}\0`, /not valid JSON/],
    ['starts with a byte order mark', `\ufeff${good}`, /byte order mark/],
    ['is UTF-16', Buffer.from(good, 'utf16le'), /./],
    ['is UTF-16 with its mark', Buffer.from(`\ufeff${good}`, 'utf16le'), /not UTF-8/],
    ['is Latin-1', Buffer.from(good.replace('"t"', '"é"'), 'latin1'), /not UTF-8/],
    ['holds an overlong slash', Buffer.from(good.replace('"t"', '"\xc0\xaf"'), 'latin1'), /not UTF-8/],
    ['holds a surrogate in UTF-8', Buffer.from(good.replace('"t"', '"\xed\xa0\x80"'), 'latin1'), /not UTF-8/],
    ['says NaN', good.replace('"id":1', '"id":NaN'), /not valid JSON/],
    ['says Infinity', good.replace('"id":1', '"id":-Infinity'), /not valid JSON/],
    ['has a comment', `/**/${good}`, /not valid JSON/],
    ['has a trailing comma', good.replace('}}', ',}}'), /not valid JSON/],
    ['has single quotes', good.replaceAll('"', "'"), /not valid JSON/],
    ['has a raw line break in a string', good.replace('"t"', '"t\n"'), /not valid JSON/],
    ['is nested 64 deep', nested(63), /64 levels/],
    ['is nested 100000 deep', nested(100_000), /./],
    ['has its method twice', good.replace('"params"', '"method":"tools/list","params"'), /twice/],
    ['has its method twice, one of them escaped', good.replace('"params"', '"m\\u0065thod":"ping","params"'), /twice/],
    ['has its params twice', good.replace('}}', '},"params":{"name":"u"}}'), /twice/],
    ['has its name twice', good.replace('"t"', '"t","name":"u"'), /twice/],
    ['has a key twice in its arguments', good.replace('"t"', '"t","arguments":{"a":1,"a":2}'), /twice/],
    ['has a key twice in a list', good.replace('"t"', '"t","arguments":[{"b":{"a":":","a":2}}]'), /twice/],
    ['has __proto__ twice', good.replace('"t"', '"t","__proto__":{},"__proto__":{"name":"u"}'), /twice/],
  ])('that %s is rejected as unreadable', (_what, body, why) => {
    const error = refusal(body);
    expect(error).toMatchObject({ status: 400, rpcCode: -32700 });
    expect(error.message).toMatch(why);
  });

  test('is within the depth limit with 62 lists in its params', () => {
    expect(read(nested(62)).method).toBe('x');
  });
});

describe('what nothing is decided on', () => {
  test.each<[string, object]>([
    ['params of null', { method: 'tools/list', params: null }],
    ['a member of its own', { method: 'ping', _meta: { a: 1 }, trace: 'x' }],
    ['an error of null beside a method', { method: 'ping', error: null }],
    ['an error of null beside a result', { result: {}, error: null }],
    ['a result of null beside an error', { result: null, error: { code: 1, message: 'x' } }],
    ['a result of null', { result: null }],
    ['a lone surrogate in an argument', call({ name: 't', arguments: { a: ['\ud800'], '\udfff': 1 } })],
    ['a lone surrogate in metadata', call({ name: 't', _meta: { progressToken: '\ud83d' } })],
    ['a lone surrogate in the reason of a cancellation', call({ reason: 'x\ud83d' }, 'notifications/cancelled')],
    ['a lone surrogate in a result', { result: { text: '\udc00' } }],
  ])('does not stop a message: %s', (_what, rest) => {
    expect(read({ jsonrpc: '2.0', id: 1, ...rest })).toMatchObject({ id: expect.any(NumberInBody) });
  });
});

describe('a message that is not exactly one JSON-RPC call or response', () => {
  test.each<[string, string | object, RegExp]>([
    ['a batch', `[${good}]`, /batches/],
    ['an empty batch', '[]', /batches/],
    ['a text', '"tools/call"', /one JSON-RPC message/],
    ['null', 'null', /one JSON-RPC message/],
    ['an empty object', {}, /jsonrpc/],
    ['JSON-RPC 1.0', { ...call({ name: 't' }), jsonrpc: '1.0' }, /jsonrpc must be "2.0"/],
    ['jsonrpc as a number', { ...call({ name: 't' }), jsonrpc: 2 }, /jsonrpc must be "2.0"/],
    ['no jsonrpc', { id: 1, method: 'ping' }, /jsonrpc must be "2.0"/],
    ['a method beside a result', { ...call({ name: 't' }), result: {} }, /no result or error/],
    ['a method beside an error', { ...call({ name: 't' }), error: {} }, /no result or error/],
    ['a result beside an error', { jsonrpc: '2.0', id: 1, result: {}, error: {} }, /either result or error/],
    ['neither method nor result', { jsonrpc: '2.0', id: 1 }, /either result or error/],
    ['a response with params', { jsonrpc: '2.0', id: 1, result: {}, params: {} }, /either result or error/],
    ['a method of null', { jsonrpc: '2.0', method: null, tool: 'tools/list' }, /method must be a string/],
    ['a method of null and nothing else', { jsonrpc: '2.0', id: 1, method: null }, /method must be a string/],
    [
      'an empty method',
      { jsonrpc: '2.0', id: 1, method: '', params: { name: 'tools/list' } },
      /method must be a string/,
    ],
    ['a method in a list', { jsonrpc: '2.0', id: 1, method: ['tools/call'] }, /method must be a string/],
    ['Method', { jsonrpc: '2.0', id: 1, method: 'ping', Method: 'tools/call' }, /letter case/],
    ['only METHOD', { jsonrpc: '2.0', id: 1, METHOD: 'tools/call' }, /letter case/],
    ['paramſ', { ...call({ name: 't' }), paramſ: { name: 'u' } }, /letter case/],
    ['an id of null', { ...call({ name: 't' }), id: null }, /id must not be null/],
    ['an id of true', { ...call({ name: 't' }), id: true }, /id must be a string or an integer/],
    ['an id of 1.5', { ...call({ name: 't' }), id: 1.5 }, /id must be a string or an integer/],
    ['an id that holds a number of 5000 digits', withId('9'.repeat(5000)), /id must be a string or an integer/],
    ['an id of 1e999', withId('1e999'), /id must be a string or an integer/],
    ['a method that holds half a character as an escape', good.replace('/call', '/\\udc00call'), /half a character/],
    ['half a character in a key of the message', good.replace('"id"', '"\\udc00":1,"id"'), /half a character/],
    ['half a character in a key of its params', good.replace('"name"', '"na\\ud800me":1,"name"'), /half a character/],
    ['an id that is an object', { ...call({ name: 't' }), id: {} }, /id must be a string or an integer/],
    ['params as a list', call(['t']), /params must be an object/],
    ['params as a string', call('t'), /params must be an object/],
    ['a result and an error of null', { jsonrpc: '2.0', id: 1, result: null, error: null }, /either result or error/],
  ])('with %s is rejected as an invalid request', (_what, body, why) => {
    const error = refusal(body);
    expect(error).toMatchObject({ status: 400, rpcCode: -32600 });
    expect(error.message).toMatch(why);
  });
});

describe('a call without a clear object', () => {
  test.each<[string, unknown, RegExp]>([
    ['tools/call', undefined, /params\.name/],
    ['tools/call', {}, /params\.name/],
    ['tools/call', null, /params\.name/],
    ['tools/call', JSON.parse('{"__proto__":{"name":"t"}}'), /params\.name/],
    ['resources/subscribe', {}, /params\.uri/],
    ['resources/directory/read', {}, /params\.uri/],
    ['tasks/get', {}, /params\.taskId/],
    ['tools/call', { name: '' }, /params\.name/],
    ['tools/call', { name: null }, /params\.name/],
    ['tools/call', { name: ['t'] }, /params\.name/],
    ['tools/call', { name: 't', Name: 'u' }, /letter case/],
    ['tools/call', { name: 't', NAME: 'u' }, /letter case/],
    ['tools/call', { Name: 't' }, /letter case/],
    ['tools/call', { name: 't', taſk: {} }, /letter case/],
    ['tools/call', { name: 't', tas\u212a: {} }, /letter case/],
    ['tools/call', { name: 't', _META: {} }, /letter case/],
    ['tools/call', { name: 'x'.repeat(257) }, /longer than 256/],
    ['tools/call', { name: 't\ud800' }, /params\.name holds half a character/],
    ['prompts/get', { name: '\udc00' }, /params\.name holds half a character/],
    ['resources/read', { uri: 'file:///\ud83d' }, /params\.uri holds half a character/],
    ['tasks/get', { taskId: '\ud83d' }, /params\.taskId holds half a character/],
    ['completion/complete', { ref: { type: 'ref/prompt', name: '\ud83d' } }, /ref\.name holds half a character/],
    ['subscriptions/listen', { notifications: { resourceSubscriptions: ['\ud83d'] } }, /holds half a character/],
    ['prompts/get', { uri: 'x' }, /params\.name/],
    ['resources/read', { name: 'x' }, /params\.uri/],
    ['resources/read', { uri: 7 }, /params\.uri/],
    ['resources/read', { uri: 'a', URI: 'b' }, /letter case/],
    ['completion/complete', { ref: { type: 'ref/prompt', name: 'p' }, Ref: {} }, /letter case/],
    ['tools/call', { name: 't', taskID: 'x' }, /letter case/],
    ['completion/complete', {}, /params\.ref/],
    ['completion/complete', { ref: 'ref/prompt' }, /params\.ref/],
    ['completion/complete', { ref: { name: 'p' } }, /ref\.type/],
    ['completion/complete', { ref: { type: 'ref/tool', name: 'p' } }, /ref\.type/],
    ['completion/complete', { ref: { type: 'ref/prompt', uri: 'p' } }, /ref\.name/],
    ['completion/complete', { ref: { type: 'ref/resource', name: 'p' } }, /ref\.uri/],
    ['completion/complete', { ref: { type: 'ref/prompt', name: 'p', Type: 'ref/resource' } }, /letter case/],
    ['subscriptions/listen', { notifications: [] }, /notifications must be an object/],
    ['subscriptions/listen', { notifications: { resourceSubscriptions: 'file:///a' } }, /must be a list/],
    ['subscriptions/listen', { notifications: { resourceSubscriptions: [''] } }, /resourceSubscriptions/],
    ['subscriptions/listen', { notifications: { resourcesubscriptions: ['a'] } }, /letter case/],
  ])('%s with %j is rejected, with the id for the answer', (method, params, why) => {
    const error = refusal(call(params, method));
    // "Invalid Request" for what has no single meaning, "Invalid params" for what the method does not take (JSON-RPC 2.0).
    const rpcCode = String(why) === '/letter case/' ? -32600 : -32602;
    expect(error).toMatchObject({ status: 400, rpcCode, id: expect.any(NumberInBody) });
    expect(error.message).toMatch(why);
  });
});

describe('a fault that the request did not cause', () => {
  const fault = () => {
    throw new RangeError('our own');
  };
  const bytesThatFail = Object.defineProperty(bytes('{}'), 'length', { get: fault });
  const headersThatFail = Object.defineProperty(
    { httpMethod: 'POST', endpoint: 'mcp', body: bytes(call({ name: 't' })) } as const,
    'mcpMethod',
    { get: fault },
  );

  test.each([
    ['reading the body', { httpMethod: 'POST', endpoint: 'mcp', body: bytesThatFail } as const],
    ['comparing the headers', headersThatFail],
  ])('while %s is not reported to the client as a fault of the request', (_what, raw) => {
    expect(() => readMcpRequest(raw)).toThrow(new RangeError('our own'));
  });
});

describe('what makes a judgement long', () => {
  const many = (count: number, name: (n: number) => string) => Array.from({ length: count }, (_, n) => name(n));
  const members = (count: number) => Object.fromEntries(many(count, (n) => `k${n}`).map((key) => [key, 0]));
  const listen = (notifications: object) => call({ notifications }, 'subscriptions/listen');

  test.each([
    ['resources of a subscription', (n: number) => listen({ resourceSubscriptions: many(n, (i) => `x:${i}`) }), 100],
    ['tasks of a subscription', (n: number) => listen({ taskIds: many(n, String) }), 100],
    ['members of params', (n: number) => call(members(n), 'tools/list'), 1_000],
    ['members of notifications', (n: number) => listen(members(n)), 1_000],
    ['members of a reference', (n: number) => call({ ref: members(n) }, 'completion/complete'), 1_000],
  ])('%s are limited, and the message says to how many', (_what, request, most) => {
    expect(String(refusal(request(most + 3)).message)).toMatch(/has more than 1,?000? (entries|members)/);
    try {
      read(request(most));
    } catch (error) {
      expect(String(error)).not.toMatch(/more than/);
    }
  });
});

test('a notification has no id, not even one that is undefined', () => {
  expect(read({ jsonrpc: '2.0', method: 'notifications/initialized' })).not.toHaveProperty('id');
});

test('the name of a tool may be 256 characters long', () => {
  const name = 'x'.repeat(256);
  expect(read(call({ name })).accesses[0].object).toEqual({ kind: 'tool', name });
});

describe('tasks', () => {
  test.each(['tasks/get', 'tasks/result', 'tasks/cancel', 'tasks/update'])('%s names its task', (method) => {
    expect(read(call({ taskId: 't-1' }, method))).toEqual({
      id: expect.any(NumberInBody),
      method,
      accesses: [{ method }],
      tasks: ['t-1'],
    });
  });

  test('may be created by a call whose client asks for one', () => {
    expect(read(call({ name: 't', task: { ttl: 60 } })).mayCreateTask).toBe(true);
  });

  test.each([
    [{ taskIds: 't-1' }, 'params.notifications.taskIds must be a list'],
    [{ taskIds: ['t-1', ''] }, 'params.notifications.taskIds must be a string that is not empty'],
    ['t-1', 'params.notifications must be an object'],
  ])('cannot be subscribed to with %j, and the message says why', (notifications, message) => {
    expect(refusal(call({ notifications }, 'subscriptions/listen')).message).toBe(message);
    expect(() => readTasks('subscriptions/listen', { notifications })).toThrow(new RefusedRequest(message));
  });

  test('are not part of a plain call', () => {
    const plain = read(call({ name: 't' }));
    expect(plain).not.toHaveProperty('tasks');
    expect(plain).not.toHaveProperty('mayCreateTask');
  });
});

describe('what a client claims of itself', () => {
  const meta = (capabilities: unknown) => ({ _meta: { 'io.modelcontextprotocol/clientCapabilities': capabilities } });
  const url = { elicitation: { url: {} } };
  const modern = '2026-07-28';
  const asked = (...keys: string[]) => ({ inputResponses: Object.fromEntries(keys.map((key) => [key, {}])) });
  const start = (protocolVersion: unknown, capabilities: unknown) => ({ protocolVersion, capabilities });

  test.each<[what: string, method: string, params: object, version: string | undefined, claims: object]>([
    ['of 2025-11-25', 'tools/list', {}, '2025-11-25', {}],
    ['of 2026-07-28, in the header', 'tools/list', {}, modern, { isModern: true }],
    [
      ...(['of 2026-07-28, in the body', 'tools/list'] as const),
      ...([{ _meta: { 'io.modelcontextprotocol/protocolVersion': modern } }, undefined, { isModern: true }] as const),
    ],
    ['of a version that is none', 'tools/list', {}, '2026-07-28x', {}],
    ['that opens pages', 'tools/list', meta(url), modern, { isModern: true, opensPages: true }],
    ['that asks by forms only', 'tools/list', meta({ elicitation: { form: {} } }), modern, { isModern: true }],
    ['whose pages are null', 'tools/list', meta({ elicitation: { url: null } }), modern, { isModern: true }],
    ['whose pages are a word', 'tools/list', meta({ elicitation: { url: true } }), modern, { isModern: true }],
    ['whose claims are a list', 'tools/list', meta([url]), modern, { isModern: true }],
    ['that begins, and opens pages', 'initialize', start('2025-11-25', url), undefined, { opensPages: true }],
    ['that begins with an older version', 'initialize', start('2025-06-18', url), undefined, {}],
    ['that begins with no version', 'initialize', start(7, url), undefined, {}],
    ['that begins without claims', 'initialize', start('2025-11-25', {}), undefined, {}],
    ['of 2025-11-25, which says it later', 'tools/list', start('2025-11-25', url), '2025-11-25', {}],
    [
      ...(['whose person was asked to connect', 'tools/call'] as const),
      { name: 't', ...asked('mcp-gateway-registry/connect') },
      ...([modern, { isModern: true, wasAskedToConnect: true }] as const),
    ],
    [
      ...(['whose person was asked to approve', 'tools/call'] as const),
      { name: 't', ...asked('mcp-gateway-registry/approve') },
      ...([modern, { isModern: true, wasAskedToApprove: true }] as const),
    ],
    [
      ...(['whose person was asked for both', 'tools/call'] as const),
      { name: 't', ...asked('mcp-gateway-registry/approve', 'mcp-gateway-registry/connect') },
      ...([modern, { isModern: true, wasAskedToConnect: true, wasAskedToApprove: true }] as const),
    ],
    ['whose person was asked something else', 'tools/call', { name: 't', ...asked('x') }, modern, { isModern: true }],
    ['whose answers are a list', 'tools/call', { name: 't', inputResponses: [1] }, modern, { isModern: true }],
    [
      ...(['of 2025-11-25 that claims to have asked', 'tools/call'] as const),
      { name: 't', ...asked('mcp-gateway-registry/approve', 'mcp-gateway-registry/connect') },
      ...(['2025-11-25', {}] as const),
    ],
  ])('a client %s', (_what, method, params, protocolVersion, claims) => {
    const body = bytes(call(params, method));
    const {
      id: _id,
      method: _method,
      accesses: _accesses,
      ...found
    } = readMcpRequest({
      ...{ httpMethod: 'POST', endpoint: 'mcp', body, protocolVersion },
    });
    expect(found).toEqual(claims);
  });
});

test.each<[what: string, method: string, params: object, calls: object | undefined]>([
  ['call_tool', 'tools/call', { name: 'call_tool', arguments: { server: 's', tool: 't' } }, { server: 's', tool: 't' }],
  [
    ...(['call_read_only_tool', 'tools/call'] as const),
    { name: 'call_read_only_tool', arguments: { server: 's', tool: 't', arguments: { a: 1 } } },
    { server: 's', tool: 't' },
  ],
  ['call_tool without a server', 'tools/call', { name: 'call_tool', arguments: { tool: 't' } }, undefined],
  ['call_tool without a tool', 'tools/call', { name: 'call_tool', arguments: { server: 's' } }, undefined],
  ['call_tool with a number', 'tools/call', { name: 'call_tool', arguments: { server: 1, tool: 't' } }, undefined],
  ['call_tool without arguments', 'tools/call', { name: 'call_tool' }, undefined],
  ['call_tool with null', 'tools/call', { name: 'call_tool', arguments: null }, undefined],
  ['call_tool with a text', 'tools/call', { name: 'call_tool', arguments: 'server' }, undefined],
  ['another tool', 'tools/call', { name: 't', arguments: { server: 's', tool: 't' } }, undefined],
  ['a prompt of that name', 'prompts/get', { name: 'call_tool', arguments: { server: 's', tool: 't' } }, undefined],
])('what %s calls', (_what, method, params, calls) => {
  expect(read(call(params, method)).calls).toEqual(calls);
});

test('arguments with exact numbers only are judged as they are, without a copy', () => {
  const given = { n: 5, deep: { list: [1.5] } };
  expect(readToolArguments(given, bytes(call({ arguments: given })))).toBe(given);
});
