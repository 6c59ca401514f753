import { type Gateway, startGateway } from '../support/gateway/gateway.ts';
import { openStream } from '../support/gateway/open-stream.ts';
import { type PolicyFile, writePolicy } from '../support/gateway/reader-policy.ts';
import { type Answer, rpc, send, verdictOf } from '../support/gateway/send.ts';

type Caller = Record<string, string>;

let gateway: Gateway;
let policy: PolicyFile;
let owner: Caller;
let thief: Caller;

beforeAll(async () => {
  policy = writePolicy();
  gateway = await startGateway({ SCOPES_FILE: policy.SCOPES_FILE });
  owner = { authorization: `Bearer ${await gateway.agentToken()}` };
  thief = { authorization: `Bearer ${await gateway.agentToken('reader')}` };
}, 180_000);
afterAll(async () => {
  await gateway?.stop();
  policy?.remove();
});
beforeEach(() => gateway.echo.reset());

const json = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
const ask = (who: Caller, body: string, headers: Caller = {}, path = '/echo/mcp') =>
  send(gateway.ports.gateway, { path, headers: { ...json, ...who, ...headers }, body });
const reasonOf = ({ body }: Answer) =>
  (JSON.parse(body) as { error?: { data?: { reason?: string } } }).error?.data?.reason;

const extension = 'io.modelcontextprotocol/tasks';
const withTasks = (capabilities: object) => ({ _meta: { 'io.modelcontextprotocol/clientCapabilities': capabilities } });
const times = {
  status: 'working',
  createdAt: '2026-01-01T00:00:00Z',
  lastUpdatedAt: '2026-01-01T00:00:00Z',
  ttl: 1000,
};

/** How a client offers to accept a task, and how the server answers with one. */
const forms: [string, object, (taskId: string) => object][] = [
  ['2025-11-25, with params.task', { task: { ttl: 1000 } }, (taskId) => ({ task: { taskId, ...times } })],
  [
    'SEP-2663, with the extension among the capabilities',
    withTasks({ extensions: { [extension]: {} } }),
    (taskId) => ({ resultType: 'task', taskId, ...times }),
  ],
];

let made = 0;
const newId = () => `task-${++made}`;
const resultOf = (result: object) => JSON.stringify({ jsonrpc: '2.0', id: 1, result });

function answerWith(result: object, type: 'application/json' | 'text/event-stream' = 'application/json'): void {
  const text = type === 'application/json' ? resultOf(result) : `data: ${resultOf(result)}\n\n`;
  gateway.echo.answer = (res) => void res.writeHead(200, { 'content-type': type }).end(text);
}

const callWith = (params: object) => rpc('tools/call', { name: 'echo', arguments: {}, ...params });

async function makeTask(who: Caller): Promise<string> {
  const id = newId();
  answerWith({ task: { taskId: id, ...times } });
  expect(verdictOf(await ask(who, callWith({ task: {} })))).toBe(200);
  gateway.echo.reset();
  return id;
}

const methods = ['tasks/get', 'tasks/result', 'tasks/cancel', 'tasks/update'];

describe.each(forms)('A task of %s', (_form, params, result) => {
  test.each(['application/json', 'text/event-stream'] as const)(
    'that an answer in %s names can be used by its owner only',
    async (type) => {
      const id = newId();
      answerWith(result(id), type);
      const answer = await ask(owner, callWith(params));
      expect([answer.status, answer.body]).toEqual([200, expect.stringContaining(resultOf(result(id)))]);

      gateway.echo.reset();
      for (const method of methods) {
        const refused = await ask(thief, rpc(method, { taskId: id }));
        expect([method, refused.status, reasonOf(refused)]).toEqual([method, 200, 'task_unknown']);
      }
      expect(gateway.echo.seen).toEqual([]);
      for (const method of methods) expect(verdictOf(await ask(owner, rpc(method, { taskId: id })))).toBe(200);
      expect(gateway.echo.seen.map(({ body }) => body)).toEqual(methods.map((method) => rpc(method, { taskId: id })));
    },
  );
});

test.each(methods)('%s with an id that was never issued is refused to every caller', async (method) => {
  for (const who of [owner, thief]) {
    const answer = await ask(who, rpc(method, { taskId: 'invented' }));
    expect([answer.status, reasonOf(answer)]).toEqual([200, 'task_unknown']);
  }
  expect(gateway.echo.seen).toEqual([]);
});

test('A task that a server creates although the caller did not ask for one has no owner', async () => {
  const id = newId();
  answerWith({ task: { taskId: id, ...times } });
  expect(verdictOf(await ask(owner, callWith({})))).toBe(200);
  expect(reasonOf(await ask(owner, rpc('tasks/get', { taskId: id })))).toBe('task_unknown');
});

test("When a server issues the id of another caller's task, the client gets 502, and the task keeps its owner", async () => {
  const id = await makeTask(owner);
  answerWith({ task: { taskId: id, ...times } });
  const answer = await ask(thief, callWith({ task: {} }));
  expect([answer.status, reasonOf(answer)]).toEqual([502, 'upstream_session_conflict']);
  expect(reasonOf(await ask(thief, rpc('tasks/get', { taskId: id })))).toBe('task_unknown');
  expect(verdictOf(await ask(owner, rpc('tasks/get', { taskId: id })))).toBe(200);
});

test('A task belongs to one server, and to a person with each of their logins', async () => {
  const [alice, again] = [
    { cookie: await gateway.sessionCookie('alice') },
    { cookie: await gateway.sessionCookie('alice') },
  ];
  const id = await makeTask(alice);
  expect(verdictOf(await ask(again, rpc('tasks/get', { taskId: id })))).toBe(200);
  expect(reasonOf(await ask(alice, rpc('tasks/get', { taskId: id }), {}, '/currenttime/mcp'))).toBe('task_unknown');
});

test('A request whose header names a different task than its body is refused', async () => {
  const [own, other] = [await makeTask(owner), await makeTask(thief)];
  const get = (name: string) => ask(owner, rpc('tasks/get', { taskId: own }), { 'mcp-name': name });
  expect([(await get(own)).status, (await get(other)).status]).toEqual([200, 400]);
});

test.each(['application/json', 'text/event-stream'] as const)(
  'tasks/list in %s shows each caller exactly their own tasks, byte for byte',
  async (type) => {
    const [mine, theirs] = [await makeTask(owner), await makeTask(thief)];
    const task = (id: string) => `{ "status":"working","taskId": "${id}","x":[] }`;
    const list = (...tasks: string[]) =>
      `{"jsonrpc":"2.0", "result":{"tasks":[${tasks.join(',')}] ,"nextCursor":"2"},"id":1}`;
    const framed = (text: string) => (type === 'application/json' ? text : `data: ${text}\n\n`);
    gateway.echo.answer = (res) =>
      void res
        .writeHead(200, { 'content-type': type })
        .end(framed(list(task('unknown'), task(mine), '{"status":"working"}', task(theirs))));
    expect((await ask(owner, rpc('tasks/list'))).body).toBe(framed(list(task(mine))));
    expect((await ask(thief, rpc('tasks/list'))).body).toBe(framed(list(task(theirs))));
  },
);

test("A caller may listen to their own task, and not to another caller's", async () => {
  const [mine, theirs] = [await makeTask(owner), await makeTask(thief)];
  const listen = (...taskIds: string[]) => ask(owner, rpc('subscriptions/listen', { notifications: { taskIds } }));
  expect([verdictOf(await listen(mine)), verdictOf(await listen(mine, theirs))]).toEqual([200, 'task_unknown']);
});

test('A task that the server announces on a stream of the 2024-11-05 transport belongs to the caller who opened the stream', async () => {
  const id = newId();
  let push = (_text: string) => {};
  gateway.echo.answer = (res, { method }) => {
    if (method === 'POST') return void res.writeHead(202).end('Accepted');
    res.writeHead(200, { 'content-type': 'text/event-stream' }).write('event: endpoint\ndata: /messages?s=1\n\n');
    push = (text) => void res.write(`event: message\ndata: ${text}\n\n`);
  };
  const stream = await openStream(gateway.ports.gateway, { path: '/echosse/sse', headers: { ...json, ...owner } });
  await stream.holds('\n\n');
  const path = /data: (\S+)/.exec(stream.text())?.[1] ?? '';
  expect((await ask(owner, callWith({ task: {} }), {}, path)).status).toBe(202);
  push(resultOf({ task: { taskId: id, ...times } }));
  await stream.holds(id);
  expect((await ask(owner, rpc('tasks/get', { taskId: id }), {}, path)).status).toBe(202);
  expect(reasonOf(await ask(owner, rpc('tasks/get', { taskId: 'invented' }), {}, path))).toBe('task_unknown');
  stream.close();
});
