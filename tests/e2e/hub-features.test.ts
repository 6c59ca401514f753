import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as HttpV1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { Transport as TransportV1 } from '@modelcontextprotocol/sdk/shared/transport.js';
import { type Gateway, startGateway } from '../support/gateway/gateway.ts';
import { send } from '../support/gateway/send.ts';
import { listen, until } from '../support/listen.ts';
import { bothErasMember } from '../support/servers/both-eras-member.ts';
import { eventually } from '../support/servers/mcp-clients.ts';
import { OddMember } from '../support/servers/odd-member.ts';
import { TaskMember } from '../support/servers/task-member.ts';

/** Takes any result as it came. */
const anything = { '~standard': { version: 1 as const, vendor: 'test', validate: (value: unknown) => ({ value }) } };
type Result = Record<string, unknown>;
type Mode = 'legacy' | { pin: '2026-07-28' };
const modern: Mode = { pin: '2026-07-28' };

const odd = new OddMember();
const tasked = new TaskMember();
const listeners = {
  odd: odd.listener,
  both: bothErasMember('both', 'stateless'),
  modern: bothErasMember('modern', 'reject'),
  tasked: tasked.listener,
};
const many = Array.from({ length: 50 }, (_, i) => `m${String(i).padStart(2, '0')}`);
const open: { close: () => Promise<void> }[] = [];
let gateway: Gateway;
let token: string;

beforeAll(async () => {
  const entries = [];
  const ports = new Map<string, number>();
  for (const [name, listener] of Object.entries(listeners)) {
    const server = await listen(listener);
    open.push(server);
    ports.set(name, server.port);
  }
  for (const name of [...Object.keys(listeners), ...many]) {
    const upstream = `http://127.0.0.1:${ports.get(name) ?? ports.get('modern')}`;
    entries.push({ name, title: name, description: 'A test', upstream, transports: { 'streamable-http': '/mcp' } });
  }
  gateway = await startGateway({}, entries);
  token = await gateway.agentToken();
}, 180_000);
afterAll(async () => {
  await gateway?.stop();
  await Promise.all(open.map(({ close }) => close()));
});

/** A client, with what it was asked and told. */
async function connect(path: string, mode: Mode) {
  const asked: string[] = [];
  const told: string[] = [];
  const capabilities = { elicitation: { form: {}, url: {} } };
  const client = new Client({ name: 'features', version: '1' }, { capabilities, versionNegotiation: { mode } });
  client.setRequestHandler('elicitation/create', async ({ params }) => {
    asked.push(params.message);
    return { action: 'accept', content: { v: 'yes' } };
  });
  client.fallbackNotificationHandler = async ({ method }) => void told.push(method);
  const requestInit = { headers: { authorization: `Bearer ${token}` } };
  await client.connect(new StreamableHTTPClientTransport(new URL(`${gateway.url}${path}`), { requestInit }));
  const ask = async (method: string, params: object = {}, options = {}): Promise<Result> =>
    (await client.request({ method, params: { ...params } }, anything, options)) as Result;
  return { client, asked, told, ask };
}

/** What a client gets of a member: the same whether it asks the member itself or the hub. */
async function features(path: string, mode: Mode, server: 'odd' | 'both' | 'modern', prefix: string): Promise<object> {
  const { client, asked, ask } = await connect(path, mode);
  const call = (name: string, args: object = {}, options = {}) =>
    ask('tools/call', { name: `${prefix}${name}`, arguments: args }, options);
  const own = ({ name }: { name: string }) => name.startsWith(prefix);
  const bare = <T extends { name: string }>(one: T) => ({ ...one, name: one.name.slice(prefix.length) });
  const byName = (a: { name: string }, b: { name: string }) => (a.name < b.name ? -1 : 1);
  const listed = async (method: string, field: string) =>
    ((await ask(method))[field] as { name: string }[]).filter(own).map(bare).sort(byName);
  const failing = async (work: Promise<unknown>) => {
    const error = await work.then(
      () => undefined,
      (failure: Error & { code?: number }) => failure,
    );
    return { code: error?.code, message: error?.message.replaceAll(prefix, '') };
  };
  let progress = 0;
  const got: Record<string, unknown> = {
    tools: await listed('tools/list', 'tools'),
    prompts: await listed('prompts/list', 'prompts'),
    asked: contentOf(await call('ask')),
    question: asked.map((message) => message.replace(`[${server}] `, '')),
    progress: contentOf(await call('progress', {}, { onprogress: () => progress++ })),
    greeting: (await ask('prompts/get', { name: `${prefix}greet`, arguments: {} })).messages,
  };
  got.progressSeen = progress > 0;
  if (server === 'odd') {
    Object.assign(got, {
      read: (await ask('resources/read', { uri: 'odd://a/1' })).contents,
      readByTemplate: (await ask('resources/read', { uri: 'odd://t/42' })).contents,
      completion: (
        await ask('completion/complete', {
          ref: { type: 'ref/prompt', name: `${prefix}greet` },
          argument: { name: 'who', value: 'a' },
        })
      ).completion,
      big: String((contentOf(await call('big', { bytes: 2_000_000 })).content as Result[])[0]?.data).length,
      unknownTool: await failing(call('no-such')),
    });
    // The SDK's client of 2026-07-28 refuses a kind of content that it does not know.
    if (mode === 'legacy')
      Object.assign(got, { rich: contentOf(await call('rich')), late: contentOf(await call('late')) });
  } else got.echo = contentOf(await call('echo', { message: 'hi' }));
  await client.transport?.close();
  await client.close();
  return got;
}

/** Without what only one version of MCP has. */
function contentOf({ resultType: _type, ttlMs: _ttl, cacheScope: _scope, _meta, ...result }: Result): Result {
  const meta = Object.entries((_meta ?? {}) as object).filter(([key]) => !key.startsWith('io.modelcontextprotocol/'));
  return { ...result, ...(meta.length > 0 && { _meta: Object.fromEntries(meta) }) };
}

/** The hub offers what the checks of the registry have found. */
const offered = () =>
  eventually(async () => {
    const { client, ask } = await connect('/mcp', modern);
    const { tools } = await ask('tools/list');
    await client.close();
    const names = new Set((tools as { name: string }[]).map(({ name }) => name.split('__')[0]));
    return [...Object.keys(listeners), ...many].every((server) => names.has(server));
  });

test('The hub offers 50 servers and more in one list, and calls each', async () => {
  for (let tries = 0; tries < 10; tries++)
    if (
      await offered().then(
        () => true,
        () => false,
      )
    )
      break;
  const { client, ask } = await connect('/mcp', modern);
  const { tools } = await ask('tools/list');
  const echoes = (tools as { name: string }[]).map(({ name }) => name).filter((name) => /^m\d\d__echo$/.test(name));
  expect(echoes).toEqual(many.map((server) => `${server}__echo`));
  for (const name of echoes)
    expect(await ask('tools/call', { name, arguments: { message: name } })).toMatchObject({
      content: [{ text: `Echo: ${name}` }],
    });
  await client.close();
});

test.each<[server: 'odd' | 'both' | 'modern', own: Mode]>([
  ['odd', 'legacy'],
  ['both', modern],
  ['modern', modern],
])('Clients of both eras get the same of %s through the hub as it gives them directly', async (server, own) => {
  const direct = await features(`/${server}/mcp`, own, server, '');
  expect(await features('/mcp', 'legacy', server, `${server}__`)).toEqual(direct);
  expect(direct).toMatchObject(await features('/mcp', modern, server, `${server}__`));
});

test('A call through the hub becomes a task that its caller follows to its end, and no other caller sees', async () => {
  const connectTo = async (headers: Record<string, string>) => {
    const client = new ClientV1({ name: 'tasks', version: '1' });
    const transport = new HttpV1(new URL(`${gateway.url}/mcp`), { requestInit: { headers } });
    await client.connect(transport as TransportV1);
    const build = async () => (await client.listTools()).tools.find(({ name }) => name === 'tasked__build');
    expect(await until(() => build().then(Boolean, () => false), 60_000)).toBe(true);
    expect((await build())?.execution).toEqual({ taskSupport: 'required' });
    return { client, tasks: client.experimental.tasks };
  };
  const owner = await connectTo({ authorization: `Bearer ${token}` });
  const other = await connectTo({ cookie: await gateway.sessionCookie('alice') });
  const seen: string[] = [];
  for await (const message of owner.tasks.callToolStream({ name: 'tasked__build', arguments: {} })) {
    seen.push(message.type === 'taskStatus' ? message.task.status : message.type);
    if (message.type === 'result') expect(message.result.content).toEqual([{ type: 'text', text: 'built' }]);
    if (message.type !== 'taskCreated') continue;
    const { taskId } = message.task;
    expect(taskId).toMatch(/^tasked\//);
    expect((await owner.tasks.listTasks()).tasks.map((task) => task.taskId)).toEqual([taskId]);
    await other.tasks.callToolStream({ name: 'tasked__build', arguments: {} }).next();
    expect((await other.tasks.listTasks()).tasks.map((task) => task.taskId)).not.toContain(taskId);
    for (const use of [other.tasks.getTask(taskId), other.tasks.getTaskResult(taskId), other.tasks.cancelTask(taskId)])
      await expect(use).rejects.toThrow(/task|name/i);
    await tasked.finish();
  }
  expect([...new Set(seen)]).toEqual(['taskCreated', 'completed', 'result']);
  for await (const message of owner.tasks.callToolStream({ name: 'tasked__build', arguments: {} }))
    if (message.type === 'taskCreated')
      expect((await owner.tasks.cancelTask(message.task.taskId)).status).toBe('cancelled');
  await owner.client.close();
  await other.client.close();
});

test('After the hub was killed in the middle of a call, clients initialize again, and go on', async () => {
  const before = await connect('/mcp', 'legacy');
  const outcome = (work: Promise<unknown>) =>
    work.then(
      () => 'answered',
      (error: Error) => error.message,
    );
  const running = Promise.withResolvers<void>();
  const slow = { name: 'odd__slow', arguments: {} };
  const end = outcome(before.ask('tools/call', slow, { onprogress: () => running.resolve() }));
  await Promise.race([running.promise, end]);
  await gateway.kill('hub');
  expect(await outcome(before.ask('tools/list'))).not.toBe('answered');
  await gateway.revive('hub');
  const forgotten = async () => (await outcome(before.ask('tools/list'))).includes('Initialize a new one');
  expect(await until(forgotten, 20_000)).toBe(true);
  await before.client.close();
  expect(await end).not.toBe('answered');
  const after = await connect('/mcp', 'legacy');
  const call = { name: 'modern__echo', arguments: { message: 'back' } };
  expect(await after.ask('tools/call', call)).toMatchObject({ content: [{ text: 'Echo: back' }] });
  await after.client.close();
});

test('A server that is disabled leaves the lists of clients of both eras, and they are told', async () => {
  const clients = await Promise.all([connect('/mcp', 'legacy'), connect('/mcp', modern)]);
  const names = async ({ ask }: (typeof clients)[number]) =>
    ((await ask('tools/list')).tools as { name: string }[]).map(({ name }) => name);
  for (const client of clients) expect(await names(client)).toContain('m00__echo');
  const [, { client: subscriber, told }] = clients as [unknown, (typeof clients)[number]];
  await subscriber.listen({ toolsListChanged: true });
  expect(told).toEqual([]);
  const headers = {
    cookie: await gateway.sessionCookie('alice'),
    origin: gateway.url,
    'content-type': 'application/json',
  };
  const path = '/api/servers/m00/disable';
  expect((await send(gateway.ports.gateway, { path, headers, body: '{}' })).status).toBe(200);
  for (const client of clients) {
    expect(await until(() => client.told.includes('notifications/tools/list_changed'), 20_000)).toBe(true);
    // nginx has loaded new routes, and its old processes close connections that clients still count on.
    let isGone = false;
    const look = async () => !(await names(client)).includes('m00__echo');
    expect(await until(async () => (isGone ||= await look().catch(() => false)), 20_000)).toBe(true);
    let refusal = '';
    const call = () => client.ask('tools/call', { name: 'm00__echo', arguments: { message: 'x' } });
    await until(async () => {
      if (!refusal.includes('Unknown')) refusal = await call().then(String, (error: Error) => error.message);
      return refusal.includes('Unknown');
    }, 20_000);
    expect(refusal).toContain('Unknown tool: m00__echo');
    await client.client.close();
  }
});
