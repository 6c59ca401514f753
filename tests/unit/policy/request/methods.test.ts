import { ClientNotificationSchema, ClientRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { parsePolicy } from '../../../../common/policy/policy-file.ts';
import { decide } from '../../../../policy/decide.ts';
import { lifecycle, methods, type ObjectKind } from '../../../../policy/request/methods.ts';

const policy = parsePolicy(`
group_mappings: {}
everything: [{server: "*", methods: ["*"], tools: ["*"], prompts: ["*"], resources: ["*"]}]
list: [{server: a, methods: [tools/list]}]
`);
const kinds = ['tool', 'prompt', 'resource'] as const;
const mayName = (method: string, kind: ObjectKind) =>
  decide(policy, ['everything'], 'a', [{ method, object: { kind, name: 'x:y' } }]).allowed;
const mayNameNothing = (method: string) => decide(policy, ['everything'], 'a', [{ method }]).allowed;

// Written by hand, from the `params` of each method in the MCP schemas 2024-11-05 to 2026-07-28.
const named: [method: string, kinds: string][] = [
  ['tools/list', 'nothing'],
  ['tools/call', 'tool'],
  ['prompts/list', 'nothing'],
  ['prompts/get', 'prompt'],
  ['resources/list', 'nothing'],
  ['resources/templates/list', 'nothing'],
  ['resources/read', 'resource'],
  ['resources/subscribe', 'resource'],
  ['resources/unsubscribe', 'resource'],
  ['completion/complete', 'prompt or resource'],
  ['subscriptions/listen', 'resource'],
  ['tasks/get', 'nothing'],
  ['tasks/result', 'nothing'],
  ['tasks/update', 'nothing'],
  ['tasks/cancel', 'nothing'],
  ['tasks/list', 'nothing'],
];
const steps = [
  'initialize',
  'server/discover',
  'ping',
  'logging/setLevel',
  'notifications/initialized',
  'notifications/cancelled',
  'notifications/progress',
  'notifications/roots/list_changed',
  'notifications/tasks/status',
  '(stream)',
  '(end)',
  '(response)',
];

describe('the methods that a rule can allow', () => {
  test.each(named)('include %s, which names: %s', (method, expected) => {
    expect(kinds.filter((kind) => mayName(method, kind)).join(' or ') || 'nothing').toBe(expected);
    expect(mayNameNothing(method)).toBe(expected === 'nothing' || method === 'subscriptions/listen');
  });

  test('are exactly these: a * in a rule covers no other method', () => {
    expect([...methods.keys()].sort()).toEqual(named.map(([method]) => method).sort());
  });
});

describe('the lifecycle steps that any rule for a server allows', () => {
  test.each(steps)('include %s: a caller who may only list tools may send it', (method) => {
    expect(decide(policy, ['list'], 'a', [{ method }])).toEqual({ allowed: true, rule: 'list[0]' });
  });

  test('are exactly these: a method that returns data of a server needs its own rule', () => {
    expect([...lifecycle].sort()).toEqual([...steps].sort());
    for (const [method] of named) expect(lifecycle.has(method)).toBe(false);
  });
});

test.each([...ClientRequestSchema.options, ...ClientNotificationSchema.options].map(({ shape }) => shape.method.value))(
  '%s, which a client of the official SDK can send, is a known method',
  (method) => {
    expect(lifecycle.has(method) || methods.has(method)).toBe(true);
  },
);
