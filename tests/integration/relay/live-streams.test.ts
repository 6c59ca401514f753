import type { ServerResponse } from 'node:http';
import { revocationKey } from '../../../auth-server/store/revocation-feed.ts';
import { now } from '../../support/auth-server/auth-fixture.ts';
import {
  follow,
  message,
  policyText,
  type Relay,
  type Shape,
  sleep,
  sse,
  startRelay,
  startUpstream,
  stream,
  taskCall,
  textOf,
  until,
} from '../../support/relay/relay-fixture.ts';

let relay: Relay;
let upstream: Awaited<ReturnType<typeof startUpstream>>;
let feed: ServerResponse;
const start = async (change: Partial<Shape> = {}) => {
  relay = await startRelay(change);
  const answer = (response: ServerResponse) => {
    feed = sse(response, 'data: {"hello":1}\n\n');
  };
  upstream = await relay.lead(await startUpstream(answer));
};
afterEach(() => relay.close());

const open = async (who: string, asked: Parameters<Relay['ask']>[1] = stream) => {
  const state = follow(await relay.ask(who, asked));
  await until(() => state.text.includes('hello') || state.ended);
  return state;
};
/** Milliseconds until the stream ends with `reason`; a very large number if it does not. */
const endsWith = async (state: { text: string; ended: boolean }, reason: string) => {
  const began = performance.now();
  const ended = await until(() => state.ended, 10_000);
  expect(state.text.endsWith(`: ended: ${reason}\n\n`)).toBe(true);
  return ended ? performance.now() - began : Number.POSITIVE_INFINITY;
};

describe('an open stream', () => {
  beforeEach(() => start());

  test("ends within a second of its credential's expiry", async () => {
    const bob = await relay.person('bob', 'some', { exp: now() + 2 });
    const state = await open(bob);
    await sleep((now() + 1) * 1000 - Date.now());
    expect(state.ended).toBe(false);
    expect(await endsWith(state, 'credential_expired')).toBeLessThan(6_000);
    expect(await until(() => upstream.gone() === 1)).toBe(true);
  });

  test('ends within a second of a logout; streams of other sessions continue', async () => {
    const ended = await open(await relay.person('bob', 'some', { sid: 'first' }));
    const other = await open(await relay.person('bob', 'some', { sid: 'second' }));
    await relay.auth.store.sessions.end({ sid: 'first' });
    expect(await endsWith(ended, 'access_ended')).toBeLessThan(5_000);
    await sleep(300);
    expect(other.ended).toBe(false);
  });

  test('ends at once when opened with a ticket from before a revocation that the relay already knows', async () => {
    const bob = await relay.person('bob', 'some', { sid: 'gone' });
    const { headers } = await relay.admit(bob, stream);
    await relay.auth.store.sessions.end({ sid: 'gone' });
    await sleep(900);
    const state = follow(await relay.send(headers, stream));
    expect(await endsWith(state, 'access_ended')).toBeLessThan(2_000);
    expect(revocationKey('session', 'gone')).not.toContain('gone');
  });

  test('ends within a second of a policy change that forbids it, and continues after any other', async () => {
    const bob = await open(await relay.person('bob', 'some'));
    const alice = await open(await relay.person('alice', 'all'));
    relay.changePolicy(`${policyText}more: []\n`);
    await sleep(1_000);
    expect([bob.ended, alice.ended]).toEqual([false, false]);
    relay.changePolicy(policyText.replace('some: [part]', 'some: []'));
    expect(await endsWith(bob, 'not_permitted')).toBeLessThan(5_000);
    expect(alice.ended).toBe(false);
  });

  test.each([
    ['a call of a tool', taskCall('get_a'), 'get_*, echo', 'get_b'],
    ['listening to a resource', listen('file:///data/a'), 'file:///data/*', 'file:///else/*'],
    ['a list', message('tools/list'), 'tools/*, ', ''],
  ])('of %s continues until the policy forbids exactly that', async (_what, body, before, after) => {
    const state = await open(await relay.person('bob', 'some'), { body });
    await sleep(600);
    expect([state.ended, state.text]).toEqual([false, 'data: {"hello":1}\n\n']);
    expect(policyText).toContain(before);
    relay.changePolicy(policyText.replace(before, after));
    expect(await endsWith(state, 'not_permitted')).toBeLessThan(5_000);
  });

  test('with more resources than fit in a ticket ends with any policy change, so that its client asks the gate again', async () => {
    const uris = Array.from({ length: 90 }, (_, n) => `file:///data/${n}/a/${'longer/'.repeat(8)}name`);
    const state = await open(await relay.person('bob', 'some'), { body: listen(...uris) });
    relay.changePolicy(`${policyText}more: []\n`);
    expect(await endsWith(state, 'not_permitted')).toBeLessThan(5_000);
  });

  test.each([
    ['is no longer routed', () => undefined],
    ['moves to another address', () => 'http 127.0.0.1:1 127.0.0.1:1 /mcp - -'],
  ])('ends within a second when its server %s', async (_what, line) => {
    const state = await open(await relay.person('bob', 'some'));
    await relay.route('one', line());
    expect(await endsWith(state, 'server_gone')).toBeLessThan(5_000);
  });

  test("continues when the routes are rewritten or another server's route changes", async () => {
    const state = await open(await relay.person('bob', 'some'));
    await relay.route('other', 'http 127.0.0.1:1 127.0.0.1:1 /mcp - -');
    await sleep(500);
    expect(state.ended).toBe(false);
  });

  test("ends within a second of the client's disconnect, at the server too", async () => {
    const answer = await relay.ask(await relay.person('bob', 'some'), stream);
    await until(() => upstream.requests.length === 1);
    answer.destroy();
    expect(await until(() => upstream.gone() === 1)).toBe(true);
    expect(await until(() => relay.streams.size === 0)).toBe(true);
  });

  test('ends with the server, even within an event, and the client never gets a partial event', async () => {
    const state = await open(await relay.person('bob', 'some'));
    feed.write('data: {"whole":1}\n\nid: 9\ndata: {"half"');
    await until(() => state.text.includes('whole'));
    feed.destroy();
    await until(() => state.ended || state.cut);
    expect(state.text).toBe('data: {"hello":1}\n\ndata: {"whole":1}\n\n');
  });

  test('leaks nothing: of 200 streams, no stream, timer or connection remains', async () => {
    const bob = await relay.person('bob', 'some');
    const { headers } = await relay.admit(bob, stream);
    const count = () =>
      process.getActiveResourcesInfo().filter((kind) => /Timeout|TCPSocket|TCPServer/.test(kind)).length;
    const warnings: string[] = [];
    const warned = (warning: Error) => void warnings.push(warning.name);
    process.on('warning', warned);
    const one = await relay.send(headers, stream);
    const before = count();
    const all = await Promise.all(Array.from({ length: 200 }, () => relay.send(headers, stream)));
    expect(await until(() => relay.streams.size === 201)).toBe(true);
    for (const answer of [...all, one]) answer.destroy();
    expect(await until(() => relay.streams.size === 0)).toBe(true);
    expect(await until(() => count() <= before)).toBe(true);
    process.off('warning', warned);
    expect(warnings).toEqual([]);
  });
});

function listen(...resourceSubscriptions: string[]) {
  return message('subscriptions/listen', { notifications: { resourceSubscriptions } });
}

test('A new relay accepts streams before the auth-server has answered its first poll', async () => {
  await start({ authServer: 'http://127.0.0.1:1' });
  const state = await open(await relay.person('bob', 'some'));
  await sleep(600);
  expect(state.ended).toBe(false);
});

test('Streams admitted before a revocation that this relay missed end; streams admitted later continue', async () => {
  await start();
  const before = await open(await relay.person('bob', 'some', { sid: 'mine' }));
  const { headers } = await relay.admit(await relay.person('bob', 'some', { sid: 'on its way' }), stream);
  const { last } = await relay.auth.store.revocationFeed.since(undefined);
  relay.streams.endAdmittedBefore(last + 1);
  expect(await endsWith(before, 'authorization_unavailable')).toBeLessThan(5_000);
  expect(await endsWith(follow(await relay.send(headers, stream)), 'authorization_unavailable')).toBeLessThan(5_000);
  await relay.auth.store.sessions.end({ sid: 'mine' });
  expect(await until(() => relay.auth.store.revocationFeed.cursor() > last)).toBe(true);
  const after = await open(await relay.person('bob', 'some', { sid: 'third' }));
  await sleep(600);
  expect(after.ended).toBe(false);
});

test('Streams end after ten seconds without an answer from the auth-server, and not before', async () => {
  let silence = 9_000;
  await start({ moreSilence: () => silence });
  const state = await open(await relay.person('bob', 'some'));
  await sleep(600);
  expect(state.ended).toBe(false);
  silence = 10_001;
  expect(await endsWith(state, 'authorization_unavailable')).toBeLessThan(5_000);
});

test('A comment keeps an idle stream alive, never within an event, and not while events arrive', async () => {
  await start({ limits: { keepAlive: 400, longestSilence: 10_000 } });
  const state = await open(await relay.person('bob', 'some'));
  expect(await until(() => state.text.includes(': keep-alive\n\n'))).toBe(true);
  feed.write('data: {"in":');
  await sleep(900);
  feed.write('1}\n\n');
  expect(await until(() => state.text.includes('in'))).toBe(true);
  expect(state.text.replaceAll(': keep-alive\n\n', '')).toBe('data: {"hello":1}\n\ndata: {"in":1}\n\n');
  const comments = () => state.text.split(': keep-alive').length;
  const before = comments();
  for (let n = 0; n < 8; n++) {
    feed.write(`data: {"n":${n}}\n\n`);
    await sleep(100);
  }
  expect(comments()).toBe(before);
});

describe('a client that does not read', () => {
  const fill = (response: ServerResponse) => {
    const event = `data: {"x":"${'x'.repeat(8_000_000)}"}\n\n`;
    for (let n = 0; n < 2; n++) response.write(event);
  };

  test('loses its stream within a second of a revocation, and does not crash the relay', async () => {
    await start({ limits: { keepAlive: 200, longestSilence: 10_000 } });
    const bob = await relay.person('bob', 'some', { sid: 's' });
    const answer = await relay.ask(bob, stream);
    answer.pause();
    await until(() => feed);
    fill(feed);
    expect(await until(() => answer.readableLength > 10_000)).toBe(true);
    await relay.auth.store.sessions.end({ sid: 's' });
    expect(await until(() => relay.streams.size === 0)).toBe(true);
    expect(await until(() => upstream.gone() === 1)).toBe(true);
    expect(await textOf(answer)).toMatch(/<cut>$/);
  });
});
