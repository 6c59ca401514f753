import { type Relay, startRelay, startUpstream, stream, textOf } from '../../support/relay/relay-fixture.ts';

let relay: Relay;
beforeAll(async () => {
  relay = await startRelay();
});
afterAll(() => relay.close());

const many = 2_000;

test.each([
  ['are no JSON', 'data: {\n\n'],
  ['are endpoints', 'event: endpoint\ndata: /x\n\n'],
  ['hold a list of which nothing is left', 'data: {"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"x"}]}}\n\n'],
])(
  'Many events that %s cause only a few log lines, which count the others',
  async (_what, event) => {
    const bob = await relay.person('bob', 'some');
    const upstream = await startUpstream((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.end(event.repeat(many));
    });
    const server = `s${upstream.port}`;
    await relay.lead(upstream, server);
    await textOf(await relay.ask(bob, { ...stream, server }));
    const lines = relay.lines.filter((line) => line.includes(`"${server}"`) && line.includes('left_out'));
    expect(lines.length).toBeGreaterThan(0);
    // A burst, and one a second.
    expect(lines.length).toBeLessThan(60);
  },
  60_000,
);
