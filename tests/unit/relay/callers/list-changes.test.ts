import { parsePolicy } from '../../../../common/policy/policy-file.ts';
import type { ToolNames } from '../../../../policy/known-tools.ts';
import {
  allKinds,
  createListChanges,
  kindsListenedTo,
  type ListChannel,
} from '../../../../relay/callers/list-changes.ts';

const parsed = (tools: string, methods = '[tools/*, prompts/list, resources/templates/list]', more = '', at?: number) =>
  parsePolicy(
    `
group_mappings: { some: [part] }
part: [{ server: one, methods: ${methods}, tools: ${tools} }]
other: [{ server: one, methods: [tools/list]${more} }]
`,
    at,
  );

function start(change: Partial<ListChannel> = {}) {
  const state = {
    policy: parsed('[a]'),
    approved: undefined as ToolNames | undefined,
    readOnly: new Map() as ToolNames,
    scopes: ['part'] as readonly string[],
    open: true,
  };
  const channel = { kinds: allKinds, subscription: undefined, isOpen: () => state.open, ...change };
  const viewer = () => ({ ...state, tools: { approved: state.approved, readOnly: state.readOnly }, server: 'one' });
  const changes = createListChanges({} as never, channel, viewer);
  const ask = (now: number) =>
    [
      ...changes(now)
        .toString()
        .matchAll(/^data: (.*)$/gm),
    ].map(([, data]) => JSON.parse(String(data)));
  return { state, ask, methods: (now: number) => ask(now).map(({ method }: { method: string }) => method) };
}

const announced = (...kinds: string[]) => kinds.map((kind) => `notifications/${kind}/list_changed`);

test('A change of the rules of the caller is announced once, for each kind that the caller may list', () => {
  const { state, methods } = start();
  expect(methods(0)).toEqual([]);
  state.policy = parsed('[a, b]');
  expect(methods(5_000)).toEqual(announced('tools', 'prompts', 'resources'));
  expect(methods(9_000)).toEqual([]);
  state.policy = parsed('[a, b]', '[tools/call, prompts/list]');
  expect(methods(20_000)).toEqual(announced('prompts'));
});

test('A change of the groups of the caller is announced, one of other scopes is not', () => {
  const { state, methods } = start();
  state.policy = parsed('[a]', undefined, ', tools: [x]');
  expect(methods(0)).toEqual([]);
  state.scopes = ['part', 'other'];
  expect(methods(5_000)).toEqual([]);
  state.policy = parsed('[a]', undefined, ', tools: [y]');
  expect(methods(9_000)).toEqual(announced('tools', 'prompts', 'resources'));
});

test('An approval of a tool of the server is announced, one of another server is not', () => {
  const { state, methods } = start();
  state.approved = new Map([['one', new Set(['a'])]]);
  expect(methods(0)).toHaveLength(3);
  state.approved = new Map([
    ['one', new Set(['a'])],
    ['two', new Set(['b'])],
  ]);
  expect(methods(5_000)).toEqual([]);
  state.approved = new Map([['one', new Set(['a', 'c'])]]);
  expect(methods(9_000)).toHaveLength(3);
});

test('A tool that a hint covers, or covers no longer, is announced', () => {
  const { state, methods } = start();
  state.readOnly = new Map([['one', new Set(['a'])]]);
  expect(methods(0)).toHaveLength(3);
  state.readOnly = new Map([
    ['one', new Set(['a'])],
    ['two', new Set(['b'])],
  ]);
  expect(methods(5_000)).toEqual([]);
  state.readOnly = new Map();
  expect(methods(9_000)).toHaveLength(3);
});

test('The end of a rule or an entry of the caller is announced, that of others is not', () => {
  const entries = '[a, {name: b, until: 2026-01-01T00:00:02Z}], until: 2026-01-01T00:00:03Z';
  const at = (seconds: number) =>
    parsed(entries, undefined, ', until: 2026-01-01T00:00:01Z', Date.parse('2026-01-01T00:00:00Z') + seconds * 1_000);
  const { state, methods } = start();
  state.policy = at(0);
  expect(methods(0)).toHaveLength(3);
  state.policy = at(1);
  expect(methods(5_000)).toEqual([]);
  state.policy = at(2);
  expect(methods(10_000)).toHaveLength(3);
  state.policy = at(3);
  // No rule is left by which the caller may list anything.
  expect(methods(15_000)).toEqual([]);
});

test('Changes within a second are announced together', () => {
  const { state, methods } = start();
  state.policy = parsed('[b]');
  expect(methods(1_000)).toHaveLength(3);
  for (const [now, tools] of [
    [1_250, '[c]'],
    [1_500, '[d]'],
    [1_999, '[e]'],
  ] as const) {
    state.policy = parsed(tools);
    expect(methods(now)).toEqual([]);
  }
  expect([methods(2_000).length, methods(9_000).length]).toEqual([3, 0]);
});

test('Nothing is announced before the stream may carry it, and nothing is lost', () => {
  const { state, methods } = start();
  state.open = false;
  state.policy = parsed('[b]');
  expect(methods(5_000)).toEqual([]);
  state.open = true;
  expect(methods(5_250)).toHaveLength(3);
});

test('A subscription gets the kinds that it asked for, with its id', () => {
  const body = {
    method: 'subscriptions/listen',
    params: { notifications: { toolsListChanged: true, promptsListChanged: false, resourcesListChanged: 'yes' } },
  };
  const kinds = kindsListenedTo(Buffer.from(JSON.stringify(body)));
  const { state, ask } = start({ kinds, subscription: { value: 'listen-1', text: '"listen-1"' } });
  state.policy = parsed('[b]');
  expect(ask(0)).toEqual([
    {
      jsonrpc: '2.0',
      method: 'notifications/tools/list_changed',
      params: { _meta: { 'io.modelcontextprotocol/subscriptionId': 'listen-1' } },
    },
  ]);
  expect(kindsListenedTo(Buffer.from('{"method":"subscriptions/listen"}'))).toEqual([]);
});
