import type { Member } from '../../../../servers/broker/exchange.ts';
import { until } from '../../../support/listen.ts';
import { BrokerScene, Got } from '../../../support/servers/broker-scene.ts';
import { OldTransportMember } from '../../../support/servers/old-transport-member.ts';

const old: Member = { server: 'old', era: 'old', transport: 'sse' };
let member: OldTransportMember;
let scene: BrokerScene;

beforeEach(async () => {
  member = new OldTransportMember();
  scene = await BrokerScene.start({ old: member.listener });
});
afterEach(() => scene.close());

describe('a member with the transport of 2024-11-05', () => {
  test('answers several calls at once on one stream, which ends with the session', async () => {
    const session = scene.session();
    const got = await Promise.all(['a', 'b', 'c'].map((tool) => scene.tool(old, tool, {}, { session })));
    expect(got.map(({ text }) => text)).toEqual(['a', 'b', 'c']);
    expect([member.streams.size, member.log.filter((line) => line === 'initialize').length]).toEqual([1, 1]);
    await scene.calls.ended(session, scene.exchange({}, { session }));
    expect(await until(() => member.streams.size === 0, 10_000)).toBe(true);
  });

  test('loses its stream when the session of its client idles', async () => {
    const session = scene.session();
    await scene.tool(old, 'a', {}, { session });
    await scene.calls.ended(session, undefined);
    expect(await until(() => member.streams.size === 0, 10_000)).toBe(true);
  });

  test('asks clients of both eras', async () => {
    const session = scene.session();
    const reply = new Got();
    const call = scene.tool(old, 'ask', {}, { session, reply });
    const { id } = await reply.asked('elicitation/create');
    await scene.calls.respond(scene.exchange({ id, result: { action: 'accept' } }, { session }));
    await call;
    expect(JSON.parse(reply.text ?? '').result).toEqual({ action: 'accept' });
    expect(reply.messages.map(({ method }) => method)).not.toContain('notifications/progress');
    const { inputRequests, requestState } = (await scene.tool(old, 'ask')).last.result;
    const inputResponses = { [Object.keys(inputRequests)[0] ?? '']: { action: 'decline' } };
    const second = await scene.tool(old, 'ask', { inputResponses, requestState });
    expect(JSON.parse(second.text ?? '').result).toEqual({ action: 'decline' });
  });

  test('that loses its stream gets a new one', async () => {
    const session = scene.session();
    await scene.tool(old, 'a', {}, { session });
    for (const stream of member.streams.values()) stream.end();
    expect(await until(() => member.streams.size === 0, 10_000)).toBe(true);
    // The broker learns of it a moment later.
    const isBack = async () => (await scene.tool(old, 'b', {}, { session })).text === 'b';
    expect(await until(isBack, 10_000)).toBe(true);
    expect(member.streams.size).toBe(1);
  });

  test.each<[string, (name: string, id: string) => string]>([
    ['another host', () => 'https://evil.example/old/messages?sessionId=1'],
    ['another member', (_name, id) => `/odd/messages?sessionId=${id}`],
    ['another place', () => '/old/mcp'],
  ])('gets no message at %s', async (_what, endpoint) => {
    member.endpoint = endpoint;
    const got = await scene.tool(old, 'a', {}, { session: scene.session() });
    expect(got.last.error.message).toBe('old names an address elsewhere.');
    expect(member.log).toEqual([]);
  });

  test('is refused in the words of the gate', async () => {
    scene.refused.set('old', { status: 403, code: 'not_permitted', message: 'Not allowed.' });
    expect((await scene.tool(old, 'a', {}, { session: scene.session() })).last.error.message).toBe('Not allowed.');
  });
});
