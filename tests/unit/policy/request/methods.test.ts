import { ClientNotificationSchema, ClientRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { parsePolicy } from '../../../../common/policy/policy-file.ts';
import { decide } from '../../../../policy/decide.ts';
import { isKnownMethod } from '../../../../policy/policy.ts';
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

// By hand, from the `params` of each method in the MCP schemas 2024-11-05 to 2026-07-28.
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
  test.each(named)('%s is among them, and names: %s', (method, expected) => {
    expect(kinds.filter((kind) => mayName(method, kind)).join(' or ') || 'nothing').toBe(expected);
    expect(mayNameNothing(method)).toBe(expected === 'nothing' || method === 'subscriptions/listen');
  });

  test('are no others: a * in a rule covers nothing that is not written here', () => {
    expect([...methods.keys()].sort()).toEqual(named.map(([method]) => method).sort());
  });
});

describe('the steps that any rule for a server carries', () => {
  test.each(steps)('%s is one: who may only list tools may take it', (method) => {
    expect(decide(policy, ['list'], 'a', [{ method }])).toEqual({ allowed: true, rule: 'list[0]' });
  });

  test('are no others: what shows something of a server needs a rule of its own', () => {
    expect([...lifecycle].sort()).toEqual([...steps].sort());
    for (const [method] of named) expect(lifecycle.has(method)).toBe(false);
  });
});

test.each([...ClientRequestSchema.options, ...ClientNotificationSchema.options].map(({ shape }) => shape.method.value))(
  '%s, which a client by the official SDK can send, is known',
  (method) => {
    expect(isKnownMethod(method)).toBe(true);
  },
);
