import { asksOf, isWithin } from '../../../../auth-server/delegation/asks.ts';
import { type McpRequest, readMcpRequest } from '../../../../policy/request/mcp-request.ts';

const post = (method: string, params: object = {}): McpRequest => {
  const body = Buffer.from(JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }));
  return readMcpRequest({ httpMethod: 'POST', endpoint: 'mcp', body });
};
const get = readMcpRequest({ httpMethod: 'GET', endpoint: 'mcp', body: new Uint8Array() });
const call = (name: string, args?: object) => post('tools/call', { name, ...(args && { arguments: args }) });
const read = (uri: string) => post('resources/read', { uri });
const subscribe = (...uris: string[]) =>
  post('subscriptions/listen', { notifications: { resourceSubscriptions: uris } });
const complete = (ref: object) => post('completion/complete', { ref, argument: { name: 'a', value: 'b' } });
/** Whether the hub may send `inner` to a server because of `outer`. */
const mayAsk = (outer: McpRequest, server: string, inner: McpRequest, name = 'hub') => {
  const asks = asksOf('hub', name, outer);
  return asks !== undefined && isWithin(asks, { server }, inner);
};

describe('Because of a request to the hub, it may ask a server', () => {
  test.each([
    ['the tool that the name names', call('github__find'), 'github', call('find')],
    [
      'the prompt that the name names',
      post('prompts/get', { name: 'github__p' }),
      'github',
      post('prompts/get', { name: 'p' }),
    ],
    ['a tool whose own name has two underscores', call('github__a__b'), 'github', call('a__b')],
    ['the same list', post('tools/list'), 'github', post('tools/list')],
    ['the same resource', read('file:///a'), 'github', read('file:///a')],
    [
      'what completes a prompt',
      complete({ type: 'ref/prompt', name: 'github__p' }),
      'github',
      complete({ type: 'ref/prompt', name: 'p' }),
    ],
    [
      'what completes a resource',
      complete({ type: 'ref/resource', uri: 'a:///{x}' }),
      'github',
      complete({ type: 'ref/resource', uri: 'a:///{x}' }),
    ],
    ['some of the resources that are listened to', subscribe('a:1', 'a:2'), 'github', subscribe('a:2')],
    ['to subscribe for a client that listens', subscribe('a:1'), 'github', post('resources/subscribe', { uri: 'a:1' })],
    ['to listen for a client that subscribes', post('resources/subscribe', { uri: 'a:1' }), 'github', subscribe('a:1')],
    ['the result of a task', post('tasks/get', { taskId: 't' }), 'github', post('tasks/result', { taskId: 't' })],
    ['a method of an extension', post('skills/list'), 'github', post('skills/list')],
    ['to begin a session, whatever is asked', call('github__find'), 'other', post('initialize')],
    ['for its stream, whatever is asked', read('a:1'), 'other', get],
    ['an answer to its question, whatever is asked', post('ping'), 'other', post('notifications/cancelled')],
  ])('%s', (_, outer, server, inner) => {
    expect(mayAsk(outer, server, inner)).toBe(true);
  });
});

describe('Because of a request to the hub, it may not ask a server', () => {
  test.each([
    ['another tool', call('github__find'), 'github', call('delete')],
    ['the tool of another server', call('github__find'), 'gitlab', call('find')],
    ['a prompt of the same name', call('github__find'), 'github', post('prompts/get', { name: 'find' })],
    ['for a list because of a call', call('github__find'), 'github', post('tools/list')],
    ['for a tool because of a list', post('tools/list'), 'github', call('find')],
    ['for another list', post('tools/list'), 'github', post('prompts/list')],
    ['for another resource', read('file:///a'), 'github', read('file:///b')],
    ['for a resource besides those that are listened to', subscribe('a:1'), 'github', subscribe('a:1', 'a:2')],
    ['for anything because a session begins', post('initialize'), 'github', post('tools/list')],
    ['for anything because a client has answered', post('ping'), 'github', call('find')],
    ['for a tool whose name names no server', call('find'), 'github', call('find')],
    ['for a method that MCP does not have', post('erase'), 'github', post('erase')],
    [
      'for a resource whose name fits no header',
      read(`a:${'x'.repeat(7_000)}`),
      'github',
      read(`a:${'x'.repeat(7_000)}`),
    ],
  ])('%s', (_, outer, server, inner) => {
    expect(mayAsk(outer, server, inner)).toBe(false);
  });
});

test('Because of a request to a set, the hub may ask for a tool that has no other name there', () => {
  expect(mayAsk(call('find'), 'github', call('find'), 'team')).toBe(true);
  expect(mayAsk(call('find'), 'github', call('delete'), 'team')).toBe(false);
  expect(mayAsk(call('github__find'), 'gitlab', call('github__find'), 'team')).toBe(false);
});

test.each(['call_tool', 'call_read_only_tool'])('Because of %s, mcpgw may call the one tool that it names', (tool) => {
  const asks = asksOf('mcpgw', 'mcpgw', call(tool, { server: 'github', tool: 'find' }));
  expect(asks && isWithin(asks, { server: 'github' }, call('find'))).toBe(true);
  expect(asks && isWithin(asks, { server: 'github' }, call('delete'))).toBe(false);
  expect(asks && isWithin(asks, { server: 'gitlab' }, call('find'))).toBe(false);
});

test.each([
  ['another tool', call('list_services')],
  ['a call that names no server', call('call_tool', { tool: 'find' })],
  ['a call whose names are no texts', call('call_tool', { server: ['github'], tool: {} })],
  ['a list', post('tools/list')],
])('Because of %s, mcpgw may ask no server', (_, asked) => {
  expect(asksOf('mcpgw', 'mcpgw', asked)).toBeUndefined();
});

describe('Brokers do not call each other', () => {
  const everything = { methods: ['tools/call', 'tools/list'], objects: [['tool', 'call_tool'] as ['tool', string]] };
  test('not the hub or a set, not even to begin a session', () => {
    expect(isWithin(everything, { server: 'team', broker: 'hub' }, post('tools/list'))).toBe(false);
    expect(isWithin(everything, { server: 'team', broker: 'hub' }, post('initialize'))).toBe(false);
  });

  test('not the tools of mcpgw that call others', () => {
    expect(isWithin(everything, { server: 'mcpgw', broker: 'mcpgw' }, call('call_tool'))).toBe(false);
    expect(isWithin(everything, { server: 'mcpgw', broker: 'mcpgw' }, post('tools/list'))).toBe(true);
    expect(isWithin(everything, { server: 'github' }, call('call_tool'))).toBe(true);
  });
});
