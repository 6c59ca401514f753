import { longestTtlMilliseconds } from '../../../relay/passing/cache-hints.ts';
import { json, message, policyText, result, sse } from '../../support/relay/relay-fixture.ts';
import { startScene } from '../../support/relay/scene.ts';

const ofExtensions = ['skills/list', 'skills/get', 'resources/directory/read', 'com.example/forecast'];
const ruleOfExtensions = `  - { server: "*", methods: [${ofExtensions.join()}], resources: ["file:///data/*"] }\n`;
const policy = policyText.replace('part:\n', `${ruleOfExtensions}part:\n${ruleOfExtensions}`);
const { relay, server, alice, bob } = await startScene({ policy });
afterAll(() => relay.close());

const hinted = { resultType: 'complete', tools: [], contents: [], ttlMs: 86_400_000, cacheScope: 'public' };
const short = { ttlMs: longestTtlMilliseconds, cacheScope: 'private' };
const ask = async (
  who: 'all' | 'some',
  method: string,
  sent: object | string,
  how = json as (r: never, t: never) => void,
) => {
  server.answer = (response) => how(response as never, sent as never);
  const params = method.endsWith('/read') ? { uri: 'file:///data/a' } : undefined;
  const { text } = await relay.read(who === 'all' ? alice : bob, { body: message(method, params) });
  const data = /^data: (.*)$/m.exec(text)?.[1] ?? text;
  return (JSON.parse(data) as { result: Record<string, unknown> }).result;
};
const asEvent = (response: Parameters<typeof sse>[0], text: string) => void sse(response, `data: ${text}\n\n`).end();

describe.each(['all', 'some'] as const)(
  'What a caller who may use %s of a server may cache is for this caller only, of',
  (who) => {
    test.each([
      'tools/list',
      'prompts/list',
      'resources/list',
      'resources/templates/list',
      'resources/read',
      'server/discover',
      ...ofExtensions,
    ])('%s, in a JSON answer and on a stream', async (method) => {
      const expected = { ...hinted, ...short };
      expect(await ask(who, method, result(hinted))).toEqual(expected);
      expect(await ask(who, method, JSON.stringify(result(hinted)), asEvent as never)).toEqual(expected);
    });
  },
);

test.each([
  ['0', 0],
  ['4000', 4_000],
  ['1e3', 1_000],
  ['5.5', 5],
  ['1e999', longestTtlMilliseconds],
  ['-1', 0],
  ['"60000"', 0],
  ['null', 0],
  ['{"a":[1]}', 0],
])('A time to live of %s becomes %d', async (given, ttlMs) => {
  const sent = `{"jsonrpc":"2.0","id":1,"result":{"cacheScope":"public","tools":[],"ttlMs": ${given} }}`;
  expect(await ask('all', 'tools/list', sent)).toEqual({ cacheScope: 'private', tools: [], ttlMs });
});

test('A scope without a time, a time without a scope, and a modern result without both get both', async () => {
  const none = { cacheScope: 'private', ttlMs: 0 };
  expect(await ask('all', 'tools/list', result({ cacheScope: 'public', tools: [] }))).toEqual({ ...none, tools: [] });
  expect(await ask('all', 'tools/list', result({ ttlMs: 5, tools: [] }))).toEqual({ ...none, ttlMs: 5, tools: [] });
  const modern = { resultType: 'complete', tools: [] };
  expect(await ask('all', 'tools/list', result(modern))).toEqual({ ...none, ...modern });
});

test('An answer without hints of an older revision, an interim result and an error stay as they are', async () => {
  for (const body of [{ tools: [] }, { resultType: 'input_required', inputRequests: {} }])
    expect(await ask('all', 'tools/list', result(body))).toEqual(body);
  const error = { jsonrpc: '2.0', id: 1, error: { code: -32603, message: 'no', data: { cacheScope: 'public' } } };
  server.answer = (response) => json(response, error);
  expect(JSON.parse((await relay.read(alice, { body: message('tools/list') })).text)).toEqual(error);
});

test('A hint that only some readers would take for one is no answer', async () => {
  server.answer = (response) => json(response, result({ tools: [], CacheScope: 'public', ttlMs: 60_000 }));
  const { status, text } = await relay.read(alice, { body: message('tools/list') });
  expect([status, text]).toEqual([502, expect.stringContaining('upstream_answer_unreadable')]);
});
