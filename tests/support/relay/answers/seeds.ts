import { type Asked, legacyStream, message, modernTaskCall, stream, taskCall } from '../relay-fixture.ts';

/** The requests whose answers pass the relay. */
export const requests = {
  tools: { body: message('tools/list') },
  prompts: { body: message('prompts/list') },
  resources: { body: message('resources/list') },
  templates: { body: message('resources/templates/list') },
  tasks: { body: message('tasks/list') },
  initialize: {
    body: message('initialize', {
      protocolVersion: '2025-06-18',
      capabilities: {},
      clientInfo: { name: 'x', version: '1' },
    }),
  },
  listen: { body: message('subscriptions/listen', { notifications: { toolsListChanged: true } }) },
  call: { body: taskCall() },
  'modern call': { body: modernTaskCall() },
  stream,
  'legacy stream': legacyStream,
} satisfies Record<string, Asked>;

export type RequestName = keyof typeof requests;
export const requestNames = Object.keys(requests) as RequestName[];

/** Tasks: the caller's own and another caller's. */
export const ownTask = 'own-task';
export const foreignTask = 'foreign-task';

const schema = { type: 'object', properties: { a: { type: 'string', description: 'x' } }, required: ['a'] };
const tool = (name: string, more: object = {}) => ({ name, description: `The ${name}`, inputSchema: schema, ...more });
const answer = (result: object, id: unknown = 1) => ({ jsonrpc: '2.0', id, result });
const note = (method: string, params: object = {}) => ({ jsonrpc: '2.0', method, params });

const lists = {
  tools: [tool('get_a'), tool('set_a', { title: 'Set' }), tool('echo'), tool('delete_all', { _meta: { x: 1 } })],
  prompts: [{ name: 'hello', arguments: [{ name: 'x' }] }, { name: 'secret' }],
  resources: [
    { uri: 'file:///data/a', name: 'a' },
    { uri: 'file:///etc/passwd', name: 'b', mimeType: 'text/plain' },
    { uri: 'x:exact', name: 'c' },
  ],
  resourceTemplates: [
    { uriTemplate: 'file:///data/{x}', name: 'a' },
    { uriTemplate: 'secret://{x}', name: 'b' },
  ],
  tasks: [
    { taskId: ownTask, status: 'working' },
    { taskId: foreignTask, status: 'completed' },
  ],
};

/** Answers and messages of real servers. */
export const messages: readonly object[] = [
  ...Object.entries(lists).map(([field, list]) => answer({ [field]: list, nextCursor: 'n' })),
  ...Object.entries(lists).map(([field, list]) => answer({ [field]: list.slice(1), resultType: 'complete' }, 'two')),
  answer(lists),
  answer({
    protocolVersion: '2025-06-18',
    capabilities: { tools: { listChanged: true }, resources: {} },
    serverInfo: { name: 'x', title: 'X', version: '1' },
    instructions: 'Do this.',
  }),
  answer({ content: [{ type: 'text', text: 'A result.\nTwo lines, "quoted".' }], structuredContent: { a: [1, 2] } }),
  answer({ content: [{ type: 'resource', resource: { uri: 'file:///x', text: 'é😀' } }], isError: true }),
  answer({ task: { taskId: 'new-task', status: 'working', ttl: 60000, createdAt: '2026-01-01T00:00:00Z' } }),
  answer({ resultType: 'task', taskId: 'modern-task', status: 'working' }),
  answer({}),
  { jsonrpc: '2.0', id: 1, error: { code: -32601, message: 'Method not found', data: { x: [] } } },
  note('notifications/progress', { progressToken: 1, progress: 0.5, total: 1, message: 'half' }),
  note('notifications/message', { level: 'info', logger: 'x', data: { tools: [{ name: 'set_a' }] } }),
  note('notifications/tools/list_changed'),
  note('notifications/resources/updated', { uri: 'file:///data/a' }),
  note('notifications/tasks/status', { taskId: ownTask, status: 'completed' }),
  { jsonrpc: '2.0', id: 's-1', method: 'sampling/createMessage', params: { messages: [], maxTokens: 10 } },
  { jsonrpc: '2.0', id: 7, method: 'elicitation/create', params: { message: 'Who?', requestedSchema: schema } },
  { jsonrpc: '2.0', id: 8, method: 'ping' },
];
