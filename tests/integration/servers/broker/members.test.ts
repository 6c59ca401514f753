import { text as textOf } from 'node:stream/consumers';
import type { ClientSession, Member } from '../../../../servers/broker/exchange.ts';
import { useClock } from '../../../support/clock.ts';
import { until } from '../../../support/listen.ts';
import { bothErasMember } from '../../../support/servers/both-eras-member.ts';
import { BrokerScene, Got } from '../../../support/servers/broker-scene.ts';
import { OddMember } from '../../../support/servers/odd-member.ts';

const odd: Member = { server: 'odd', era: 'old' };
const trusted: Member = { server: 'odd', era: 'old', sampling: true, pages: true };
const modern: Member = { server: 'modern', era: 'new' };
const down: Member = { server: 'down', era: 'old' };
const member = new OddMember();
const clock = useClock();
let scene: BrokerScene;
let session: ReturnType<BrokerScene['session']>;
let downRequests = 0;
let watching = 0;

beforeAll(async () => {
  scene = await BrokerScene.start({
    odd: member.listener,
    modern: bothErasMember('modern', 'reject'),
    watch: (_req, res) => {
      watching++;
      res.once('close', () => watching--);
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      for (const uri of ['w://other', 'w://a'])
        res.write(`data: {"jsonrpc":"2.0","method":"notifications/resources/updated","params":{"uri":"${uri}"}}\n\n`);
    },
    tasks: async (req, res) => {
      const { id, method, params } = JSON.parse(await textOf(req));
      const inputRequests = { k: { method: 'elicitation/create', params: { message: 'Who?' } } };
      const task = { taskId: 't1', status: 'input_required', inputRequests };
      if (method === 'tasks/get') {
        res.writeHead(200, { 'content-type': 'application/json' });
        return void res.end(JSON.stringify({ jsonrpc: '2.0', id, result: { resultType: 'complete', ...task } }));
      }
      const _meta = { 'io.modelcontextprotocol/subscriptionId': id };
      const [taskId] = params.notifications.taskIds;
      const say = (told: object) =>
        res.write(`data: ${JSON.stringify({ jsonrpc: '2.0', method: 'notifications/tasks', params: told })}\n\n`);
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      say({ ...task, _meta });
      say({ taskId, status: 'working', _meta });
    },
    down: (_req, res) => {
      downRequests++;
      res.writeHead(502, { 'content-type': 'application/json' });
      res.end(
        '{"jsonrpc":"2.0","id":null,"error":{"code":-32008,"message":"The MCP server behind the gateway does not answer.","data":{"reason":"upstream_unavailable"}}}',
      );
    },
  });
});
afterAll(() => scene.close());
beforeEach(() => {
  scene.refused.clear();
  member.log.length = 0;
  downRequests = 0;
  session = scene.session();
});

/** Calls a tool of the odd member and answers the first thing that it asks. @returns what was asked, and the answer */
async function answering(to: Member, name: string, method: string, result: object, args: object = {}) {
  const reply = new Got();
  const call = scene.tool(to, name, { arguments: args }, { session, reply });
  const asked = await reply.asked(method);
  await scene.calls.respond(scene.exchange({ id: asked.id, result }, { session }));
  await call;
  return { asked, text: reply.text };
}

const refusal = async (name: string, args: object, more: { session?: ClientSession } = { session }, to = odd) =>
  (await scene.tool(to, name, { arguments: args }, more)).text ?? '';

describe('a question of a member', () => {
  test('names the server and the host of a page, whatever its text says', async () => {
    const args = {
      mode: 'url',
      message: 'Log in at \u202egithub.com',
      url: 'https://EVIL.example:8443/x',
      elicitationId: 'e',
    };
    const { asked, text } = await answering(trusted, 'ask', 'elicitation/create', { action: 'accept' }, args);
    expect(asked.params.message).toBe('[odd, opens evil.example:8443] Log in at  github.com');
    expect(asked.params.url).toBe('https://evil.example:8443/x');
    expect(text).toBe('{"action":"accept"}');
  });

  test.each<[string, object]>([
    ['a page that is none', { mode: 'url', url: 'javascript:alert(1)' }],
    ['a page with a user in its address', { mode: 'url', url: 'https://github.com@evil.example/' }],
    ['an unknown mode', { mode: 'shell' }],
    ['two messages', { Message: 'without a label' }],
    ['a long form', { requestedSchema: { title: 'x'.repeat(70_000) } }],
  ])('is refused: %s', async (_what, args) => {
    expect(await refusal('ask', args, { session }, trusted)).toContain('-32602');
  });

  test('is refused for what the client does not answer', async () => {
    const silent = scene.session({ capabilities: {} });
    expect(await refusal('ask', {}, { session: silent })).toContain('does not answer elicitation/create');
  });

  test('reaches the model only of a server that may ask it, without what others said', async () => {
    expect(await refusal('sample', {})).toContain("odd may not use its callers' models here. Ask the administrator");
    session = scene.session();
    const { asked } = await answering(trusted, 'sample', 'sampling/createMessage', { role: 'assistant' });
    expect(asked.params).toEqual({ messages: [], maxTokens: 5 });
  });

  test('opens a page only for a server that may', async () => {
    const page = { mode: 'url', url: 'https://odd.example/', elicitationId: 'e' };
    expect(await refusal('ask', page)).toContain('odd may not ask people to open pages here. Ask the administrator');
    const { capabilities } = [...member.sessions.values()].at(-1) as { capabilities: object };
    expect(capabilities).toEqual({ elicitation: { form: {} }, roots: {} });
    // As an error (MCP 2025-11-25, "URL Elicitation Required").
    const wants = (to: Member) => scene.tool(to, 'wantsPage', {}, { session: scene.session() });
    const { error } = (await wants(odd)).last;
    expect(error).toEqual({
      code: -32601,
      message: expect.stringContaining('Ask the administrator'),
      data: expect.anything(),
    });
    expect((await wants(trusted)).last.error).toEqual({
      code: -32042,
      message: 'first',
      data: { elicitations: [{ ...page, message: '[odd, opens odd.example] Log in' }] },
    });
  });

  test('waits with three others of its member at most', async () => {
    const reply = new Got();
    const text = refusal('askMany', { n: 5 });
    expect(await text).toContain('has not answered what it was asked before');
    expect(reply.messages).toEqual([]);
  });

  test('is answered only under the id that the broker gave it, once, and in its own session', async () => {
    const reply = new Got();
    const call = scene.tool(odd, 'ask', {}, { session, reply });
    const { id } = await reply.asked('elicitation/create');
    const respond = (own: ClientSession, as: unknown) =>
      scene.calls.respond(scene.exchange({ id: as, result: {} }, { session: own }));
    expect(await respond(scene.session(), id)).toBe(false);
    expect(await respond(session, 1)).toBe(false);
    expect(await respond(session, id)).toBe(true);
    expect(await respond(session, id)).toBe(false);
    await call;
  });

  test('that is answered later than the gate admits: the client is told to call again', async () => {
    const reply = new Got();
    const call = scene.tool(modern, 'ask', {}, { session, reply });
    const { id } = await reply.asked('elicitation/create');
    scene.refused.set('modern', { status: 401, code: 'token_expired', message: 'The access token expired.' });
    await scene.calls.respond(scene.exchange({ id, result: { action: 'accept' } }, { session }));
    await call;
    expect(reply.last.error.message).toBe(
      'The answer came too late, more than two minutes after the call. Call again.',
    );
  });

  test('holds a call for its caller only, and eight calls at most', async () => {
    const held = await Promise.all(Array.from({ length: 8 }, () => scene.tool(odd, 'ask')));
    expect(await refusal('ask', {}, {})).toContain('Too many calls of this client wait');
    const goOn = (got: Got, tool: string, owner = 'person:alice') => {
      const { requestState } = got.last.result;
      return scene.tool(odd, tool, { requestState, inputResponses: { asked: { action: 'decline' } } }, { owner });
    };
    const [first, ...others] = held as [Got, ...Got[]];
    expect((await goOn(first, 'ask', 'person:bob')).last.error.message).toContain('This call is over');
    expect((await goOn(first, 'rich')).last.error.message).toContain('This call is over');
    expect((await goOn(first, 'ask')).text).toBe('{"action":"decline"}');
    expect((await goOn(first, 'ask')).last.error.message).toContain('This call is over');
    const rest = await Promise.all(others.map((got) => goOn(got, 'ask')));
    expect(rest.map(({ text }) => text)).toEqual(others.map(() => '{"action":"decline"}'));
  });
});

describe('what a member sends beside its answer', () => {
  test('log messages carry its name, and a flood of them is thinned', async () => {
    const one = await scene.tool(odd, 'logs', { arguments: { logger: 'github' } }, { session });
    expect(one.messages[0].params).toEqual({ level: 'info', logger: 'odd/github', data: 'x' });
    const many = await scene.tool(odd, 'logs', { arguments: { n: 200 } }, { session });
    expect(many.messages[0].params.logger).toBe('odd');
    expect(many.messages.length).toBeLessThan(100);
    expect(many.text).toBe('done');
  });

  test('changes of lists do not pass: the registry tells them', async () => {
    expect((await scene.tool(odd, 'flood', {}, { session })).messages).toHaveLength(1);
  });

  test('a stream that ends before the answer goes on after Last-Event-ID', async () => {
    const got = await scene.ask(
      { id: 'mine', method: 'tools/call', params: { name: 'odd__polls' } },
      [{ member: odd, name: 'polls' }],
      { session },
    );
    const [event] = got.events.filter(({ id }) => id !== undefined);
    expect([got.ended, got.messages]).toEqual([true, []]);
    expect(got.events.map(({ retry }) => retry)).toContain(7);
    const later = scene.exchange({}, { session });
    expect(await scene.calls.resume(later, String(event?.id))).toBe(true);
    expect(later.reply.last).toEqual({ jsonrpc: '2.0', id: 'mine', result: { content: [] } });
    expect(await scene.calls.resume(scene.exchange({}, { session }), String(event?.id))).toBe(false);
  });
});

describe('a resource', () => {
  const read = (uri: string, members: Member[]) =>
    scene.ask(
      { method: 'resources/read', params: { uri } },
      members.map((each) => ({ member: each })),
      { session },
    );

  test('is looked for at several members until one has it', async () => {
    expect((await read('shared://one', [odd, modern])).last.result.contents[0].text).toBe('modern has it');
    expect((await read('none://', [odd, modern])).last.error).toBeDefined();
  });

  test('that a result has linked to is asked for there first', async () => {
    await scene.tool(odd, 'rich', {}, { session });
    expect((await read('odd://linked', [modern, odd])).last.result.contents[0].text).toBe('odd reads odd://linked');
  });

  test('is looked for at five members at most', async () => {
    const shown = scene.shown.length;
    await read(
      'none://',
      Array.from({ length: 9 }, () => modern),
    );
    expect(scene.shown.length - shown).toBe(5);
  });

  test('that an old client subscribes to brings its updates only, and one in a second', async () => {
    const change = (method: string) =>
      scene.ask({ method, params: { uri: 'odd://a' } }, [{ member: odd }], { session });
    expect((await change('resources/subscribe')).last.result).toEqual({});
    expect(await until(() => member.streams.size === 1, 10_000)).toBe(true);
    const updated = (uri: string) =>
      member.send({ jsonrpc: '2.0', method: 'notifications/resources/updated', params: { uri } });
    updated('odd://other');
    for (let i = 0; i < 50; i++) updated('odd://a');
    member.send({ jsonrpc: '2.0', id: 7, method: 'ping' });
    // What comes after them has come: so have they.
    expect(await until(() => session.sent.some(({ data }) => String(data).includes('ping')), 10_000)).toBe(true);
    const told = session.sent.map(({ data }) => JSON.parse(String(data))).filter(({ method }) => method !== 'ping');
    expect(told.length).toBeLessThan(50);
    expect(told[0]).toEqual({ jsonrpc: '2.0', method: 'notifications/resources/updated', params: { uri: 'odd://a' } });
    await change('resources/unsubscribe');
    expect(await until(() => member.streams.size === 0, 10_000)).toBe(true);
  });

  test('of a member of the new era brings its updates to an old client, too', async () => {
    const watch: Member = { server: 'watch', era: 'new' };
    const change = (method: string) =>
      scene.ask({ method, params: { uri: 'w://a' } }, [{ member: watch }], { session });
    expect((await change('resources/subscribe')).last.result).toEqual({});
    expect(await until(() => session.sent.length > 0, 10_000)).toBe(true);
    expect(JSON.parse(String(session.sent[0]?.data)).params).toEqual({ uri: 'w://a' });
    expect((await change('resources/unsubscribe')).last.result).toEqual({});
    expect(await until(() => watching === 0, 10_000)).toBe(true);
  });

  test('that a new client listens to brings its updates until it leaves', async () => {
    const exchange = scene.exchange(
      { id: 'sub', method: 'subscriptions/listen', params: {} },
      { owner: 'person:dave' },
    );
    const listening = scene.calls.listen(exchange, new Map([[{ member: odd }, ['odd://a']]]));
    expect(await until(() => member.streams.size === 1, 10_000)).toBe(true);
    member.send({ jsonrpc: '2.0', method: 'notifications/resources/updated', params: { uri: 'odd://a' } });
    const { params } = await exchange.reply.asked('notifications/resources/updated');
    expect(params).toEqual({ uri: 'odd://a', _meta: { 'io.modelcontextprotocol/subscriptionId': 'sub' } });
    exchange.reply.leave();
    await listening;
    expect(await until(() => member.streams.size === 0, 10_000)).toBe(true);
  });
});

describe('a task', () => {
  test('has an id that leads to its member, and only there', async () => {
    const got = await scene.tool(odd, 'task', { task: {} }, { session });
    expect(got.last.result.task.taskId).toBe('odd/t1');
    const get = (taskId: string) => scene.ask({ method: 'tasks/get', params: { taskId } }, [], { session });
    expect((await get('odd/t1')).last.result).toEqual({ taskId: 'odd/t1', status: 'working' });
    expect((await get('t1')).last.error.message).toBe('There is nothing of that name here.');
    const list = await scene.ask({ method: 'tasks/list' }, [], { session });
    expect(list.last.result.tasks).toEqual([{ taskId: 'odd/t1', status: 'working' }]);
  });

  test('of the new era asks with its server in front, and tells a listening client how it goes on', async () => {
    const got = await scene.ask({ method: 'tasks/get', params: { taskId: 'tasks/t1' } }, []);
    const { taskId, inputRequests } = got.last.result;
    expect([taskId, inputRequests.k.params.message]).toEqual(['tasks/t1', '[tasks] Who?']);
    const exchange = scene.exchange({ id: 'sub', method: 'subscriptions/listen', params: {} });
    const listening = scene.calls.listen(exchange, new Map(), ['tasks/t1', 'of no server']);
    const { params } = await exchange.reply.asked('notifications/tasks');
    const _meta = { 'io.modelcontextprotocol/subscriptionId': 'sub' };
    expect(params).toEqual({ taskId: 'tasks/t1', status: 'working', _meta });
    exchange.reply.leave();
    await listening;
  });
});

describe('a member', () => {
  test('that is down three times is left out for half a minute', async () => {
    const sentence = async () => (await scene.tool(down, 'x', {}, { session: scene.session() })).last.error.message;
    const isDown = 'down does not answer. Try it again later; other servers go on.';
    for (let i = 0; i < 3; i++) expect(await sentence()).toBe(isDown);
    expect(await sentence()).toBe(`down is left out for a moment: ${isDown}`);
    expect(downRequests).toBe(3);
    clock.advance(31);
    await sentence();
    expect(downRequests).toBe(4);
  });

  test('that is disabled in the middle of a call: the call ends, and the next one is told why', async () => {
    const reply = new Got();
    const call = scene.tool(odd, 'slow', { _meta: { progressToken: 1 } }, { session, reply });
    await reply.asked('notifications/progress');
    // As nginx does when it reloads: the connection ends.
    scene.cut();
    await call;
    expect(reply.last.error.message).toBe('odd broke off its answer.');
    scene.refused.set('odd', { status: 404, code: 'server_not_found', message: 'There is no odd/mcp here.' });
    expect((await scene.tool(odd, 'rich', {}, { session })).last.error.message).toBe('There is no odd/mcp here.');
  });

  test('that was not used for ten minutes loses its session with the next request of its client', async () => {
    await scene.tool(odd, 'rich', {}, { session });
    clock.advance(601);
    await scene.tool(modern, 'echo', {}, { session });
    expect(await until(() => member.logged('DELETE') === 1, 10_000)).toBe(true);
  });
});
