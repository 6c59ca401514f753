import type { McpServer } from '@modelcontextprotocol/server';
import * as z from 'zod';
import type { ClientSession, Member } from '../../../../servers/broker/exchange.ts';
import { until } from '../../../support/listen.ts';
import { bothErasMember } from '../../../support/servers/both-eras-member.ts';
import { BrokerScene, type Got } from '../../../support/servers/broker-scene.ts';
import { OddMember, richResult } from '../../../support/servers/odd-member.ts';

const odd: Member = { server: 'odd', era: 'old' };
const both: Member = { server: 'both', era: 'both' };
const modern: Member = { server: 'modern', era: 'new' };
const member = new OddMember();
let scene: BrokerScene;

/** A tool that wants its argument in a header, too. */
function addLocated(server: McpServer): void {
  const inputSchema = z.object({ region: z.string().meta({ 'x-mcp-header': 'Region' }) });
  server.registerTool('located', { inputSchema }, ({ region }) => ({ content: [{ type: 'text', text: region }] }));
}

beforeAll(async () => {
  scene = await BrokerScene.start({
    odd: member.listener,
    both: bothErasMember('both', 'stateless'),
    modern: bothErasMember('modern', 'reject', addLocated),
  });
});
afterAll(() => scene.close());
beforeEach(() => {
  scene.refused.clear();
  member.log.length = 0;
});

/** Answers what a call asks its old client, and waits for the end of the call. */
async function answered(session: ClientSession, call: Promise<Got>, got: Got, result: object): Promise<Got> {
  const { id } = await got.asked('elicitation/create');
  expect(await scene.calls.respond(scene.exchange({ id, result }, { session }))).toBe(true);
  return await call;
}

/** Comes back with an answer as a client of the new era does. */
function again(to: Member, name: string, first: Got, result: object, owner?: string): Promise<Got> {
  const { inputRequests, requestState } = first.last.result;
  const inputResponses = Object.fromEntries(Object.keys(inputRequests).map((key) => [key, result]));
  return scene.tool(to, name, { inputResponses, requestState }, { ...(owner !== undefined && { owner }) });
}

const yes = { action: 'accept', content: { v: 'yes' } };

describe.each<[string, Member]>([
  ['an old member', odd],
  ['a member of both eras', both],
  ['a new member', modern],
])('%s answers', (_what, to) => {
  test('an old client that is asked on the stream of its call', async () => {
    const session = scene.session();
    const { reply } = scene.exchange({});
    const got = await answered(session, scene.tool(to, 'ask', {}, { session, reply }), reply, yes);
    expect(got.text).toBe(JSON.stringify(yes));
    expect((await got.asked('elicitation/create')).params.message).toMatch(new RegExp(`^\\[${to.server}\\] `));
  });

  test('a new client that is asked by the answer', async () => {
    const first = await scene.tool(to, 'ask');
    const { resultType, inputRequests } = first.last.result;
    const [asked] = Object.values(inputRequests) as [{ method: string; params: { message: string } }];
    expect([resultType, asked.method]).toEqual(['input_required', 'elicitation/create']);
    expect(asked.params.message).toMatch(new RegExp(`^\\[${to.server}\\] `));
    expect((await again(to, 'ask', first, yes)).text).toBe(JSON.stringify(yes));
  });

  test('with the progress of this call only, under the id of the client', async () => {
    for (const session of [scene.session(), undefined]) {
      const got = await scene.tool(to, 'progress', { arguments: {}, _meta: { progressToken: 'p' } }, { session });
      expect(got.messages.filter(({ method }) => method).map(({ params }) => params.progressToken)).toEqual(['p']);
      expect(got.text).toBe('done');
    }
  });

  test('prompts and completion', async () => {
    const prompt = { method: 'prompts/get', params: { name: `${to.server}__greet` } };
    const got = await scene.ask(prompt, [{ member: to, name: 'greet' }], { session: scene.session() });
    expect(got.last.result.messages).toBeDefined();
  });
});

describe('a result', () => {
  test.each(['rich', 'late'])('passes letter for letter: %s', async (tool) => {
    const got = await scene.tool(odd, tool, {}, { session: scene.session() });
    const json = got.json ?? String(got.events.at(-1)?.data);
    expect(json).toContain(`"result":${richResult}`);
    expect(got.last.id).toEqual(expect.any(Number));
    expect(got.ended).toBe(true);
  });

  test.each(['Lima', 'Tōkyō', ' =?base64?x?='])('of a tool that wants the argument %j in a header', async (region) => {
    const inputSchema = { type: 'object', properties: { region: { type: 'string', 'x-mcp-header': 'Region' } } };
    const definition = JSON.stringify({ name: 'located', inputSchema });
    const message = { method: 'tools/call', params: { name: 'modern__located', arguments: { region } } };
    const route = { member: modern, name: 'located', definition };
    for (const session of [undefined, scene.session()])
      expect((await scene.ask(message, [route], { session })).text).toBe(region);
  });

  test('gets what a new client needs', async () => {
    const got = await scene.tool(odd, 'rich');
    expect(got.json).toContain(`"result":{"resultType":"complete",${richResult.slice(1)}`);
    const read = { method: 'resources/read', params: { uri: 'odd://a' } };
    expect((await scene.ask(read, [{ member: odd }])).last.result).toMatchObject({ ttlMs: 0, cacheScope: 'private' });
  });

  test('of 10 MB passes, and one beyond the limit does not', async () => {
    expect(
      (await scene.tool(odd, 'big', { arguments: { bytes: 10_000_000 } })).last.result.content[0].data,
    ).toHaveLength(10_000_000);
    expect((await scene.tool(odd, 'tooBig')).last.error.message).toMatch(/more than 33554432 bytes/);
  });

  test.each<[string, RegExp]>([
    ['twice', /key twice/],
    ['page', /neither JSON nor a stream/],
    ['crash', /does not answer|broke off/],
    ['breaksOff', /ended its stream without an answer/],
    ['nothing', /^Unknown tool: nothing$/],
  ])('that is none is an error with a sentence: %s', async (tool, sentence) => {
    const got = await scene.tool(odd, tool, {}, { session: scene.session() });
    expect(got.last.error.message).toMatch(sentence);
    expect(got.status ?? 200).toBe(200);
  });

  test('is the own one of the request, whatever else a member sends', async () => {
    const got = await scene.tool(odd, 'lies');
    expect(got.messages).toHaveLength(1);
    expect(got.text).toBe('truth');
  });
});

describe("the gate's refusals", () => {
  test('reach the client in their own words', async () => {
    scene.refused.set('modern', { status: 403, code: 'not_permitted', message: 'Not allowed: echo on modern.' });
    const got = await scene.tool(modern, 'echo');
    expect([got.status, got.last.error.message, got.last.error.data]).toEqual([
      200,
      'Not allowed: echo on modern.',
      { reason: 'not_permitted' },
    ]);
  });

  // A client that can be asked something first hears the standing stream of the session.
  test.each([
    ['a client that answers questions', undefined, 2],
    ['another client', { capabilities: {} }, 1],
  ])('of a server that is not there any more open no new session: %s', async (_client, announced, requests) => {
    const session = scene.session(announced);
    await scene.tool(odd, 'rich', {}, { session });
    scene.refused.set('odd', { status: 404, code: 'server_not_found', message: 'There is no odd/mcp here.' });
    const shown = scene.shown.length;
    expect((await scene.tool(odd, 'rich', {}, { session })).last.error.message).toBe('There is no odd/mcp here.');
    expect(scene.shown.length - shown).toBe(requests);
  });

  test("are asked for with the caller's delegation, under the public host", async () => {
    await scene.tool(modern, 'echo');
    expect(scene.shown.at(-1)).toBe('modern gateway.example Bearer delegation');
  });
});

describe('a session at a member', () => {
  test('opens once for all who wait, and once more after a restart', async () => {
    const session = scene.session();
    const call = () => scene.tool(odd, 'rich', {}, { session });
    const level = { method: 'logging/setLevel', params: { level: 'debug' } };
    expect((await scene.ask(level, [], { session })).last.result).toEqual({});
    await Promise.all([call(), call(), call()]);
    expect([member.logged('initialize 0'), member.logged('setLevel')]).toEqual([1, 1]);
    member.forget();
    const got = await Promise.all([call(), call(), call()]);
    expect(got.map(({ last }) => last.result !== undefined)).toEqual([true, true, true]);
    expect([member.logged('initialize 0'), member.logged('setLevel')]).toEqual([2, 2]);
  });

  test('ends with that of the client', async () => {
    const session = scene.session();
    await scene.tool(odd, 'rich', {}, { session });
    await scene.calls.ended(session, scene.exchange({}, { session }));
    expect(member.logged('DELETE')).toBe(1);
  });

  test('serves new clients of one owner together, and no other owner', async () => {
    await scene.tool(odd, 'rich', {}, { owner: 'person:bob' });
    await scene.tool(odd, 'rich', {}, { owner: 'person:bob' });
    await scene.tool(odd, 'rich', {}, { owner: 'person:carol' });
    expect(member.logged('initialize 0')).toBe(2);
  });
});

describe('a cancelled call', () => {
  test("of an old client is cancelled at the member, under the member's id", async () => {
    const session = scene.session();
    const { reply } = scene.exchange({});
    const call = scene.ask(
      { id: 'mine', method: 'tools/call', params: { name: 'odd__slow', _meta: { progressToken: 1 } } },
      [{ member: odd, name: 'slow' }],
      { session, reply },
    );
    await reply.asked('notifications/progress');
    await scene.calls.notify(
      scene.exchange({ method: 'notifications/cancelled', params: { requestId: 'mine' } }, { session }),
    );
    await call;
    expect(reply.messages.some(({ result, error }) => result || error)).toBe(false);
    const called = member.log.find((line) => line.startsWith('tools/call'))?.split(' ')[1];
    expect(await until(() => member.log.includes(`notifications/cancelled ${called}`), 10_000)).toBe(true);
  });

  test('of a new client ends with its connection, and an old member is told', async () => {
    const { reply } = scene.exchange({});
    const call = scene.tool(odd, 'slow', { _meta: { progressToken: 1 } }, { reply });
    await reply.asked('notifications/progress');
    reply.leave();
    await call;
    expect(await until(() => member.logged('notifications/cancelled') === 1, 10_000)).toBe(true);
    expect(await until(() => member.logged('call stream closed') === 1, 10_000)).toBe(true);
  });
});
