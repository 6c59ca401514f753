import fc from 'fast-check';
import { parsePolicy } from '../../../../common/policy/policy-file.ts';
import { decide } from '../../../../policy/decide.ts';
import type { Access } from '../../../../policy/request/mcp-request.ts';
import { explain } from '../../../../policy/review/explain.ts';
import { anyPolicy, questions } from '../policies.ts';

const policy = parsePolicy(`
group_mappings: {}
clock:
  - {server: other, methods: [tools/call], tools: ["*"]}
  - {server: time, methods: [tools/list]}
  - {server: time, methods: [tools/call], tools: [get_*]}
  - {server: "*", methods: [resources/read], resources: ["file:///d/*"]}
empty: []
`);
const tool = (name: string): Access => ({ method: 'tools/call', object: { kind: 'tool', name } });
const resource = (name: string): Access => ({ method: 'resources/read', object: { kind: 'resource', name } });
const outcomes = (server: string, access: Access, scopes = ['clock']) =>
  explain(policy, scopes, server, access).scopes.flatMap(({ rules }) => rules.map(({ outcome }) => outcome));

test('a rule hits if and only if the gateway allows, for any policy and question', () => {
  let allowed = 0;
  fc.assert(
    fc.property(anyPolicy, fc.subarray(['s', 't', 'unknown']), (random, scopes) => {
      const wrong = questions.filter(([server, access]) => {
        const { decision, scopes: explained } = explain(random, scopes, server, access);
        const hit = explained.some(({ rules }) => rules.some(({ outcome }) => outcome === 'hit'));
        if (decision.allowed) allowed++;
        return hit !== decision.allowed || decision.allowed !== decide(random, scopes, server, [access]).allowed;
      });
      expect(wrong).toEqual([]);
    }),
    { numRuns: 60 },
  );
  expect(allowed).toBeGreaterThan(100);
});

test.each<[string, string, Access, string[]]>([
  ['the tool get_now', 'time', tool('get_now'), ['server', 'method', 'hit', 'method']],
  ['the tool set_now', 'time', tool('set_now'), ['server', 'method', 'object', 'method']],
  ['the tools of a server without rules', 'nowhere', tool('get_now'), ['server', 'server', 'server', 'method']],
  ['ping, which any rule for the server allows', 'time', { method: 'ping' }, ['server', 'hit', 'hit', 'hit']],
  ['an unknown method', 'time', { method: 'tasks/made-up' }, ['server', 'method', 'method', 'method']],
])('for %s each rule names its first mismatch', (_, server, access, expected) => {
  expect(outcomes(server, access)).toEqual(expected);
});

test('a scope without rules, an unknown scope and no scope at all show no rule', () => {
  expect(explain(policy, ['empty', 'unknown'], 'time', tool('x')).scopes).toEqual([
    { scope: 'empty', rules: [] },
    { scope: 'unknown', rules: [] },
  ]);
  expect(explain(policy, [], 'time', tool('x'))).toMatchObject({ decision: { reason: 'no_scope' }, scopes: [] });
});

test('a glob that matches a URI only literally is reported as not applicable', () => {
  const last = (uri: string) => explain(policy, ['clock'], 'time', resource(uri)).scopes[0]?.rules[3];
  expect(last('file:///d/../etc')).toMatchObject({ outcome: 'object', unheededGlob: 'file:///d/*' });
  expect(last('file:///elsewhere')).not.toHaveProperty('unheededGlob');
  const subscribe: Access = { ...resource('file:///d/../etc'), method: 'resources/subscribe' };
  expect(explain(policy, ['clock'], 'time', subscribe).scopes[0]?.rules[3]).not.toHaveProperty('unheededGlob');
  expect(last('file:///d/a')).toMatchObject({ outcome: 'hit' });
});

describe('of a rule with conditions', () => {
  const now = Date.parse('2026-12-01T00:00:00Z');
  const conditional = parsePolicy(
    `
group_mappings: { g: [s] }
s:
  - { server: bank, methods: [tools/call], tools: [{ name: pay, arguments: { amount: { max: 10 } } }] }
  - { server: bank, methods: [tools/call], tools: [{ name: pay, approve: { groups: [ops] } }] }
  - { server: bank, methods: [tools/call], tools: [{ hint: read-only }] }
  - { server: bank, methods: [tools/call], tools: [pay], until: 2026-11-30T00:00:00Z }
  - { server: bank, methods: [tools/call], tools: [{ name: pay, until: 2026-11-01T00:00:00Z }, { name: pay, until: 2026-11-02T00:00:00Z }] }
  - { server: bank, methods: [tools/call], tools: [drop] }
`,
    now,
  );
  const asked = (call: Record<string, unknown>, readOnly: string[] = []) => {
    const access: Access = { ...tool('pay'), arguments: call };
    return explain(conditional, ['s'], 'bank', access, { readOnly: new Map([['bank', new Set(readOnly)]]) });
  };
  const told = (call: Record<string, unknown>, readOnly?: string[]) =>
    asked(call, readOnly).scopes[0]?.rules.map(({ rule: _, ...rest }) => rest);

  test('it says which argument fails, who may approve, and when it ended', () => {
    expect(told({ amount: 50 })).toEqual([
      { outcome: 'argument', argument: 'amount' },
      { outcome: 'approval', approvers: { person: false, groups: ['ops'] } },
      { outcome: 'object' },
      { outcome: 'ended', ended: Date.parse('2026-11-30T00:00:00Z') },
      { outcome: 'ended', ended: Date.parse('2026-11-02T00:00:00Z') },
      { outcome: 'object' },
    ]);
    expect(asked({ amount: 50 })).toMatchObject({
      decision: { allowed: false, reason: 'approval_needed' },
      conditions: ['when amount is at most 10', 'after approval by a person in ops'],
    });
  });

  test('it hits if the arguments are right, and a hint hits for a tool that only reads', () => {
    expect(asked({ amount: 5 }).decision).toEqual({ allowed: true, rule: 's[0]' });
    expect(told({ amount: 50 }, ['pay'])?.[2]).toEqual({ outcome: 'hit' });
  });
});
