import {
  json,
  message,
  type Relay,
  startRelay,
  startUpstream,
  stream,
  tools,
  until,
} from '../../support/relay/relay-fixture.ts';

/** A list of 60 kB. */
const list = tools(...Array.from({ length: 1_000 }, (_, n) => `get_a_tool_with_a_name_${n}`));
const largest = 8_000_000;
const streamsEach = 12;

let relay: Relay;
beforeAll(async () => {
  relay = await startRelay();
});
afterAll(() => relay.close());

/** A server whose streams begin events that never end. What the large ones leave free, smaller and smaller ones fill. */
async function startGreedy(name: string): Promise<void> {
  let count = 0;
  const upstream = await startUpstream((response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const size = Math.floor(largest / 2 ** Math.floor(count++ / streamsEach));
    response.write(`data: ${'x'.repeat(size)}`);
  });
  await relay.lead(upstream, name);
}

test('Servers that together fill the memory for messages leave enough for the callers of another one', async () => {
  const bob = await relay.person('bob', 'some');
  const greedy = ['two', 'three', 'four'];
  for (const name of greedy) await startGreedy(name);
  await relay.lead(await startUpstream((response) => json(response, list)));
  for (let size = largest; size > 2_000; size /= 2) {
    const requests = greedy.flatMap((server) => Array.from({ length: streamsEach }, () => ({ ...stream, server })));
    await Promise.all(requests.map((each) => relay.ask(bob, each)));
  }
  await until(() => relay.logged('relay_overloaded').length > streamsEach);
  const { status, text } = await relay.read(bob, { body: message('tools/list') });
  expect([status, text]).toEqual([200, JSON.stringify(list)]);
}, 60_000);
