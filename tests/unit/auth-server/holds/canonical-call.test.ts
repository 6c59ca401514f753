import { canonicalCall, readableCall } from '../../../../auth-server/holds/canonical-call.ts';
import { roundDigest } from '../../../../common/doors/round.ts';
import { parseStrictJson } from '../../../../policy/request/strict-json.ts';

const canonical = (params: string) => {
  const body = Buffer.from(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":${params}}`);
  parseStrictJson(body);
  return canonicalCall(body);
};
const same = (one: string, other: string) => canonical(one).text === canonical(other).text;

describe('Two calls are the same', () => {
  test.each([
    [
      'whatever the order of keys',
      '{"name":"t","arguments":{"a":1,"b":{"c":1,"d":2}}}',
      '{"arguments":{"b":{"d":2,"c":1},"a":1},"name":"t"}',
    ],
    [
      'whatever the spaces',
      '{"name":"t","arguments":{"a":[1,2]}}',
      '{ "name" : "t", "arguments" : { "a" : [ 1, 2 ] } }',
    ],
    [
      'however a letter is escaped',
      '{"name":"t","arguments":{"\\u0061":"\\u00e9\\/"}}',
      '{"name":"t","arguments":{"a":"é/"}}',
    ],
    ['whatever stands in _meta', '{"name":"t","_meta":{"progressToken":1}}', '{"name":"t"}'],
    [
      'in each round with the server',
      '{"name":"t","requestState":"s","inputResponses":{"k":{"action":"accept"}}}',
      '{"name":"t"}',
    ],
  ])('%s', (_why, one, other) => {
    expect(same(one, other)).toBe(true);
  });
});

describe('Two calls are different', () => {
  test.each([
    ['by a value', '{"name":"t","arguments":{"a":1}}', '{"name":"t","arguments":{"a":2}}'],
    ['by the type of a value', '{"name":"t","arguments":{"a":1}}', '{"name":"t","arguments":{"a":"1"}}'],
    ['by null instead of nothing', '{"name":"t","arguments":{"a":null}}', '{"name":"t","arguments":{}}'],
    ['by the order of a list', '{"name":"t","arguments":{"a":[1,2]}}', '{"name":"t","arguments":{"a":[2,1]}}'],
    [
      'by an integer that a double cannot hold',
      '{"name":"t","arguments":{"a":9007199254740992}}',
      '{"name":"t","arguments":{"a":9007199254740993}}',
    ],
    ['by how a number is written', '{"name":"t","arguments":{"a":1.0}}', '{"name":"t","arguments":{"a":1}}'],
    ['by half a character', '{"name":"t","arguments":{"a":"\\ud800"}}', '{"name":"t","arguments":{"a":"\\ud801"}}'],
    ['by a key that looks like another', '{"name":"t","arguments":{"A":1}}', '{"name":"t","arguments":{"a":1}}'],
    ['by an own key __proto__', '{"name":"t","arguments":{"__proto__":{"a":1}}}', '{"name":"t","arguments":{}}'],
    ['by a task', '{"name":"t","task":{"ttl":60000}}', '{"name":"t"}'],
    ['by the time to live of a task', '{"name":"t","task":{"ttl":60000}}', '{"name":"t","task":{"ttl":60001}}'],
    ['by a member that MCP does not know', '{"name":"t","Arguments":{"a":1}}', '{"name":"t"}'],
    ['by a member that looks like one that is not bound', '{"name":"t","RequestState":"s"}', '{"name":"t"}'],
  ])('%s', (_why, one, other) => {
    expect(same(one, other)).toBe(false);
  });
});

test.each<[string, string, string | undefined]>([
  ['is none at first', '{"name":"t"}', undefined],
  [
    'is none in the answer to our own question',
    '{"name":"t","inputResponses":{"mcp-gateway-registry/approve":{"action":"accept"}}}',
    undefined,
  ],
  ['is that of the state', '{"name":"t","requestState":"s"}', roundDigest('s')],
  [
    'is that of the state, whatever is answered',
    '{"name":"t","requestState":"s","inputResponses":{"k":{}}}',
    roundDigest('s'),
  ],
  ['is that of no state, if a server gives none', '{"name":"t","inputResponses":{"k":{}}}', roundDigest(undefined)],
  ['is none for a state that is no text', '{"name":"t","requestState":1,"inputResponses":{"k":{}}}', undefined],
])('The round of a call %s', (_what, params, round) => {
  expect(canonical(params).round).toBe(round);
});

test('A call is shown by lines, with numbers as the client wrote them', () => {
  const { text } = canonical('{"name":"pay","arguments":{"amount":12345678901234567890,"to":["a","b"]}}');
  expect(readableCall(text)).toBe('{\n  "amount": 12345678901234567890,\n  "to": [\n    "a",\n    "b"\n  ]\n}');
  expect(readableCall(canonical('{"name":"t"}').text)).toBe('{}');
  expect(readableCall(canonical('{"name":"t","task":{"ttl":1},"arguments":{"a":1}}').text)).toContain('"task"');
});
