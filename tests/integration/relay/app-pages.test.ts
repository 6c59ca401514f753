import { json, message, policyText, result, sse } from '../../support/relay/relay-fixture.ts';
import { startScene } from '../../support/relay/scene.ts';

let sent: string;
let asEvent = false;
const policy = policyText.replace('"x:exact"', '"ui://notes/own.html"');
const { relay, server, alice, bob } = await startScene({ policy });
server.answer = (response) => (asEvent ? void sse(response, `data: ${sent}\n\n`).end() : json(response, sent));
afterAll(() => relay.close());
afterEach(() => {
  asEvent = false;
});

const list = async (who: 'all' | 'some', text: string | object) => {
  sent = typeof text === 'string' ? text : JSON.stringify(result({ tools: text }));
  const answer = await relay.read(who === 'all' ? alice : bob, { body: message('tools/list') });
  return JSON.parse(answer.text.replace(/^data: /, '')).result.tools as object[];
};
const tool = (_meta: unknown) => ({ name: 'get_a', _meta, title: 'A' });
const hidden = 'ui://notes/secret';
const own = 'ui://notes/own.html';

test.each([
  [
    'both keys',
    { ui: { resourceUri: hidden, csp: { x: [1] } }, 'ui/resourceUri': hidden, a: 1 },
    { ui: { csp: { x: [1] } }, a: 1 },
  ],
  ['the flat key', { 'ui/resourceUri': hidden }, {}],
  ['the nested key', { ui: { resourceUri: hidden } }, { ui: {} }],
  ['one of two that differ', { ui: { resourceUri: own }, 'ui/resourceUri': hidden }, { ui: {} }],
  ['what is no address', { ui: { resourceUri: 7 } }, { ui: {} }],
])('A tool loses %s of a page that its caller may not read', async (_what, given, left) => {
  expect(await list('some', [tool(given)])).toEqual([tool(left)]);
  asEvent = true;
  expect(await list('some', [tool(given)])).toEqual([tool(left)]);
  expect(await list('all', [tool(given)])).toEqual([tool(given)]);
});

/** The `_meta` of the result of a call. */
const called = async (who: 'all' | 'some', _meta: unknown) => {
  sent = JSON.stringify(result({ content: [], _meta, isError: false }));
  const call = { body: message('tools/call', { name: 'get_a', task: {} }) };
  const answer = await relay.read(who === 'all' ? alice : bob, call);
  const { _meta: left, ...rest } = JSON.parse(answer.text.replace(/^data: /, '')).result;
  expect(rest).toEqual({ content: [], isError: false });
  return left;
};

test.each([
  ['both keys', { ui: { resourceUri: hidden, csp: 1 }, 'ui/resourceUri': hidden, a: 1 }, { ui: { csp: 1 }, a: 1 }],
  ['the flat key', { 'ui/resourceUri': hidden, b: [1] }, { b: [1] }],
  ['nothing', { 'ui/resourceUri': own, ui: { resourceUri: own } }, { 'ui/resourceUri': own, ui: { resourceUri: own } }],
  ['nothing of other metadata', { 'x/y': 1 }, { 'x/y': 1 }],
])('The result of a call loses %s of a page that its caller may not read', async (_what, given, left) => {
  for (const event of [false, true]) {
    asEvent = event;
    expect(await called('some', given)).toEqual(left);
    expect(await called('all', given)).toEqual(given);
  }
});

test('A result whose metadata two readers would read differently names no page', async () => {
  sent = `{"jsonrpc":"2.0","id":1,"result":{"content":[],"_meta":{"ui":{"resourceUri":"${own}"},"UI":{"resourceUri":"${hidden}"}}}}`;
  const { text } = await relay.read(bob, { body: message('tools/call', { name: 'get_a' }) });
  expect(JSON.parse(text).result).toEqual({ content: [], _meta: {} });
  sent = `{"jsonrpc":"2.0","id":1,"result":{"content":[],"_META":{"ui":{"resourceUri":"${hidden}"}}}}`;
  expect((await relay.read(bob, { body: message('tools/call', { name: 'get_a' }) })).status).toBe(502);
});

test.each([
  ['its page, which a rule allows', { ui: { resourceUri: own }, 'ui/resourceUri': own }],
  ['other metadata', { ui: { visibility: ['app'] }, x: 1 }],
  ['metadata that is no object', 'x'],
])('A tool keeps %s', async (_what, given) => {
  expect(await list('some', [tool(given)])).toEqual([tool(given)]);
});

test('A tool whose metadata two readers would find in two places is left out', async () => {
  for (const meta of [
    `"_META":{"ui":{"resourceUri":"${hidden}"}}`,
    `"_meta":{},"_meta":{"ui/resourceUri":"${hidden}"}`,
  ]) {
    const text = `{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"get_a",${meta}},{"name":"echo"}]}}`;
    expect(await list('some', text)).toEqual([{ name: 'echo' }]);
  }
});

test.each([
  ['a key twice', `"_meta":{"ui":{"resourceUri":"${own}"},"ui":{"resourceUri":"${hidden}"}}`],
  ['a key in another case', `"_meta":{"UI":{"resourceUri":"${hidden}"}}`],
  ['an inner key in another case', `"_meta":{"ui":{"ResourceUri":"${hidden}"}}`],
  ['an escaped key', `"_meta":{"\\u0075i":{"resource\\u0055ri":"${hidden}"}}`],
])('A page is not hidden from the gateway by %s', async (_what, meta) => {
  const tools = await list(
    'some',
    `{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"get_a",${meta}},{"name":"echo"}]}}`,
  );
  expect(JSON.stringify(tools)).not.toContain(hidden);
  expect(tools.at(-1)).toEqual({ name: 'echo' });
});
