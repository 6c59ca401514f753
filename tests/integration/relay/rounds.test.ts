import type { ServerResponse } from 'node:http';
import {
  json,
  message,
  type Relay,
  result,
  sse,
  startRelay,
  startUpstream,
  textOf,
} from '../../support/relay/relay-fixture.ts';

type Upstream = Awaited<ReturnType<typeof startUpstream>>;
let relay: Relay;
let upstream: Upstream;
let answer: (response: ServerResponse) => void;
beforeAll(async () => {
  relay = await startRelay({
    policy: `
group_mappings: { all: [all], operators: [] }
all:
  - { server: "*", methods: [tools/call, tools/list], tools: [free, { name: held, approve: { groups: [operators] } }] }
`,
  });
  upstream = await startUpstream((response) => answer(response));
  await relay.route('one', `http 127.0.0.1:${upstream.port} 127.0.0.1:${upstream.port} /mcp - -`);
});
beforeEach(() => {
  upstream.requests.length = 0;
});
afterAll(async () => {
  await relay.close();
  await upstream.close();
});

let last = 0;
const newCall = (name = 'held') => message('tools/call', { name, arguments: { number: ++last } });
type Call = ReturnType<typeof newCall>;
const round = (call: Call, more: object): Call => ({ ...call, params: { ...call.params, ...more } });
const answers = { inputResponses: { name: { action: 'accept' } } };
const asks = (more: object = {}) => result({ resultType: 'input_required', inputRequests: { name: {} }, ...more });

/** Sends a call through the gate and the relay. @returns `held`, or the text of the answer */
async function go(cookie: string, call: Call): Promise<string> {
  const { status, headers } = await relay.admit(cookie, { body: call });
  if (status !== 200) return status === 403 ? 'held' : String(status);
  const reply = await relay.send(headers, { body: call });
  return await textOf(reply);
}
/** Asks for a call, and lets an operator approve it. */
async function approve(cookie: string, call: Call): Promise<void> {
  expect(await go(cookie, call)).toBe('held');
  const operator = { subject: 'olga', groups: ['operators'] };
  const { holdAnswers } = relay.auth;
  const wanted = JSON.stringify((call.params as { arguments: object }).arguments);
  const waiting = await holdAnswers.waiting(operator);
  const texts = await Promise.all(waiting.map(({ id }) => holdAnswers.textOf(id, operator)));
  const hold = waiting[texts.findIndex((text) => text?.includes(`"arguments":${wanted},`))];
  await relay.auth.session({ sub: 'olga', username: 'olga', groups: ['operators'], sid: `olga-${last}` });
  const answered = { subject: 'olga', name: 'Olga', sid: `olga-${last}`, group: 'operators', isFresh: true };
  expect(hold && (await holdAnswers.approve(hold, answered))).toBe(true);
}

describe.each([
  ['as JSON', (response: ServerResponse, body: object): void => void json(response, body)],
  [
    'on a stream',
    (response: ServerResponse, body: object): void => void sse(response, `data: ${JSON.stringify(body)}\n\n`).end(),
  ],
] as const)('An answer %s', (_form, send) => {
  test('A server’s question lets the approved call go on, with the state that it gave', async () => {
    const [cookie, call] = [await relay.person('carol', 'all'), newCall()];
    await approve(cookie, call);
    answer = (response) => send(response, asks({ requestState: 'state-1' }));
    expect(await go(cookie, call)).toContain('state-1');
    expect(await go(cookie, round(call, { requestState: 'state-2', ...answers }))).toBe('held');
    answer = (response) => send(response, result({ content: [] }));
    expect(await go(cookie, round(call, { requestState: 'state-1', ...answers }))).toContain('content');
    expect(await go(cookie, round(call, { requestState: 'state-1', ...answers }))).toBe('held');
    expect(upstream.requests).toHaveLength(2);
  });

  test('without a question lets nothing go on', async () => {
    const [cookie, call] = [await relay.person('carol', 'all'), newCall()];
    await approve(cookie, call);
    answer = (response) => send(response, result({ content: [], requestState: 'state-1' }));
    await go(cookie, call);
    for (const more of [{ requestState: 'state-1', ...answers }, answers, {}])
      expect(await go(cookie, round(call, more))).toBe('held');
    expect(upstream.requests).toHaveLength(1);
  });

  test('with a question about a call that took no approval is passed on and reported to no one', async () => {
    const [cookie, call] = [await relay.person('carol', 'all'), newCall('free')];
    answer = (response) => send(response, asks({ requestState: 'state-1' }));
    const { status, headers } = await relay.admit(cookie, { body: call });
    expect([status, Object.keys(headers)]).toEqual([200, expect.not.arrayContaining(['x-relay-hold'])]);
    const held = await relay.auth.authorization.store.db.selectFrom('hold').select('round').execute();
    expect(held.filter(({ round: each }) => each !== null)).toEqual([]);
  });
});
