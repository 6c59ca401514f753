import { readMcpRequest } from '../../../../policy/request/mcp-request.ts';
import { RefusedRequest } from '../../../../policy/request/refused-request.ts';
import { mayCreateTask, readTasks } from '../../../../policy/request/task-request.ts';

const read = (method: string, params: object, headers: { mcpName?: string; mcpMethod?: string } = {}) =>
  readMcpRequest({
    httpMethod: 'POST',
    endpoint: 'mcp',
    body: new TextEncoder().encode(JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })),
    ...headers,
  });
const ofTasks = ['tasks/get', 'tasks/result', 'tasks/update', 'tasks/cancel'];
const notNames = [undefined, null, '', 0, 1, true, {}, [], ['t']];

describe('a request about tasks', () => {
  test.each(ofTasks)('%s names its task', (method) => {
    expect(readTasks(method, { taskId: 't' })).toEqual(['t']);
    expect(read(method, { taskId: 't' })).toMatchObject({ method, tasks: ['t'], accesses: [{ method }] });
  });

  test.each(ofTasks)('%s is rejected without a task id', (method) => {
    for (const taskId of notNames) expect(() => readTasks(method, { taskId })).toThrow(RefusedRequest);
    expect(() => read(method, {})).toThrow('params.taskId must be a string that is not empty');
  });

  test('may subscribe to several tasks or none', () => {
    const listen = (notifications?: unknown) => readTasks('subscriptions/listen', { notifications });
    expect(listen({ taskIds: ['t', 'u'] })).toEqual(['t', 'u']);
    expect(listen({ taskIds: [] })).toEqual([]);
    expect([listen({}), listen(), listen(null)]).toEqual([undefined, undefined, undefined]);
  });

  test('is rejected when its task ids are not a list of names', () => {
    const listen = (notifications: unknown) => () => readTasks('subscriptions/listen', { notifications });
    for (const taskIds of ['t', {}, null, 1, true]) expect(listen({ taskIds })).toThrow(RefusedRequest);
    for (const id of notNames) expect(listen({ taskIds: ['t', id] })).toThrow(RefusedRequest);
    for (const notifications of ['t', 1, [], true]) expect(listen(notifications)).toThrow(RefusedRequest);
  });

  test.each(['tasks/list', 'tools/call', 'tools/list', 'initialize', 'notifications/tasks/status'])(
    '%s names none, even if its parameters contain task ids',
    (method) => {
      expect(readTasks(method, { taskId: 't', notifications: { taskIds: ['t'] } })).toBeUndefined();
    },
  );

  test.each(ofTasks)('%s must have the same task in Mcp-Name as in its body (SEP-2663)', (method) => {
    expect(read(method, { taskId: 'a' }, { mcpName: 'a', mcpMethod: method }).tasks).toEqual(['a']);
    expect(read(method, { taskId: 'é' }, { mcpName: '=?base64?w6k=?=' }).tasks).toEqual(['é']);
    for (const mcpName of ['b', 'A', '', '=?base64?Yg==?=']) {
      expect(() => read(method, { taskId: 'a' }, { mcpName })).toThrow(
        'Mcp-Name header does not say what the body says',
      );
    }
  });
});

describe('a request whose answer may be a task', () => {
  const capability = 'io.modelcontextprotocol/tasks';
  const withCapabilities = (value: unknown) => ({ _meta: { 'io.modelcontextprotocol/clientCapabilities': value } });

  test.each<[string, object]>([
    ['asks for one, as in 2025-11-25', { task: {} }],
    ['asks for one with a lifetime', { task: { ttl: 60 } }],
    ['asks for one with null', { task: null }],
    ['has the client capability, as in 2026-07-28', withCapabilities({ extensions: { [capability]: {} } })],
    ['has the capability outside of extensions', withCapabilities({ [capability]: {} })],
    ['has the capability with the value false', withCapabilities({ extensions: { [capability]: false } })],
  ])('%s', (_how, params) => {
    expect(mayCreateTask(params as Record<string, unknown>)).toBe(true);
    expect(read('tools/call', { name: 'x', ...params }).mayCreateTask).toBe(true);
  });

  test.each<[string, object]>([
    ['has no parameters for it', {}],
    ['has other capabilities', withCapabilities({ extensions: { 'io.modelcontextprotocol/ui': {} }, sampling: {} })],
    ['has no extensions', withCapabilities({ extensions: null })],
    ['has capabilities that are not an object', withCapabilities('io.modelcontextprotocol/tasks')],
    ['has a _meta of null', { _meta: null }],
    ['names the capability somewhere else', { _meta: { [capability]: {} }, arguments: { task: {} } }],
  ])('does not include one that %s', (_how, params) => {
    expect(mayCreateTask(params as Record<string, unknown>)).toBe(false);
    expect(read('tools/call', { name: 'x', ...params })).not.toHaveProperty('mayCreateTask');
  });
});
