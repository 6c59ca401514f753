import type { ServerResponse } from 'node:http';
import {
  follow,
  legacyStream,
  message,
  policyText,
  type Relay,
  sse,
  startRelay,
  startUpstream,
  stream,
  until,
} from '../../support/relay/relay-fixture.ts';

let relay: Relay;
let bob: string;
const feeds: ServerResponse[] = [];
beforeEach(async () => {
  relay = await startRelay();
  await relay.lead(await startUpstream((response) => void feeds.push(sse(response))));
  bob = await relay.person('bob', 'some');
});
afterEach(() => relay.close());

const open = async (asked: Parameters<Relay['ask']>[1], who = bob) => {
  const count = feeds.length;
  const state = follow(await relay.ask(who, asked));
  await until(() => feeds.length > count);
  return { state, feed: feeds.at(-1) as ServerResponse };
};
const listening = {
  body: { ...message('subscriptions/listen', { notifications: { toolsListChanged: true } }), id: 7 },
};
const wider = policyText.replace('[get_*, echo]', '[get_*, echo, set_*]');

test('The stream of a session and a subscription are told of a policy that changes what their callers see', async () => {
  const session = await open(stream);
  const subscription = await open(listening);
  const other = await open(stream, await relay.person('alice', 'all'));
  subscription.feed.write('data: {"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged"}\n\n');
  await until(() => subscription.state.text.includes('acknowledged'));
  relay.changePolicy(wider);
  await until(() => session.state.text.includes('resources/list_changed'));
  for (const kind of ['tools', 'prompts', 'resources'])
    expect(session.state.text).toContain(`data: {"jsonrpc":"2.0","method":"notifications/${kind}/list_changed"}\n\n`);
  await until(() => subscription.state.text.includes('list_changed'));
  expect(subscription.state.text).toContain(
    '"notifications/tools/list_changed","params":{"_meta":{"io.modelcontextprotocol/subscriptionId":7}}}\n\n',
  );
  expect(subscription.state.text).not.toContain('prompts/list_changed');
  expect(other.state.text).toBe('');
});

test('A stream of the older transport is told after its first message, and the stream of a call never', async () => {
  const older = await open(legacyStream);
  const call = await open({ body: message('tools/list') });
  const session = await open(stream);
  relay.changePolicy(wider);
  await until(() => session.state.text.includes('list_changed'));
  expect([older.state.text, call.state.text]).toEqual(['', '']);
  older.feed.write('event: endpoint\ndata: /messages?s=1\n\n');
  await until(() => older.state.text.includes('list_changed'));
  expect(older.state.text.startsWith('event: endpoint\n')).toBe(true);
  expect(call.state.text).toBe('');
});
