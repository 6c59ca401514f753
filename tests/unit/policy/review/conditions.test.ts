import { readFileSync } from 'node:fs';
import { parsePolicy } from '../../../../common/policy/policy-file.ts';
import { callConditions, callNeeds, toolsOn } from '../../../../policy/review/conditions.ts';

const now = Date.parse('2029-06-01T00:00:00Z');
const policy = parsePolicy(
  `
group_mappings: { g: [s, t] }
s:
  - server: bank
    methods: [tools/list, tools/call]
    tools:
      - get
      - { name: pay, arguments: { amount: { max: 10 } } }
      - { name: pay, arguments: { amount: { max: 5 } } }
      - { name: drop, approve: person, until: 2030-01-01T00:00:00Z }
      - { name: drop, until: 2029-01-01T00:00:00Z }
      - { hint: read-only }
  - { server: bank, methods: [tools/call], tools: [later], until: 2030-01-01T00:00:00Z }
  - { server: bank, methods: [tools/call], tools: ["*"], until: 2029-01-01T00:00:00Z }
  - { server: other, methods: [tools/list], tools: [{ name: pay, approve: person }] }
t:
  - { server: bank, methods: [tools/call], tools: [{ name: pay, approve: { groups: [ops] } }, { name: get, only: true }] }
`,
  now,
);
const hint = 'if a person approved it as read-only';

test.each<[string, string[]]>([
  ['get', ['']],
  ['pay', ['when amount is at most 10', hint, 'after approval by a person in ops']],
  ['drop', ['after approval by the caller, until 2030-01-01 00:00 UTC', hint]],
  ['later', ['until 2030-01-01 00:00 UTC', hint]],
  ['unnamed', [hint]],
])('%s may be called under the conditions that are needed, and none that another one covers', (tool, expected) => {
  expect(callConditions(policy, ['s', 't'])('bank', tool)).toEqual(expected);
});

test.each<[string, string, ReturnType<ReturnType<typeof callNeeds>>['need']]>([
  ['free', 'nothing', undefined],
  ['denied', 'nothing, and may not be called', undefined],
  ['held', 'an approval', 'approval'],
  ['held_twice', 'one of two approvals', 'approval'],
  ['judged', 'some arguments', 'arguments'],
  ['alone', 'no arguments', 'arguments'],
  ['held_or_judged', 'some arguments, or an approval', 'arguments'],
  ['ending', 'to be called before a time', 'time'],
  ['ending_or_held', 'an approval after a time', 'time'],
])('every call of %s needs %s', (tool, _words, need) => {
  const end = 'until: 2099-01-01T00:00:00Z';
  const needs = parsePolicy(
    `
s:
  - server: bank
    methods: [tools/call]
    tools:
      - free
      - { name: free, approve: { groups: [ops] } }
      - { name: held, approve: { groups: [ops] } }
      - { name: held_twice, arguments: { a: [1] }, approve: { groups: [ops] } }
      - { name: held_twice, arguments: { b: [1] }, approve: { groups: [ops, boss] } }
      - { name: judged, arguments: { a: [1] } }
      - { name: alone, only: true }
      - { name: held_or_judged, arguments: { a: [1] } }
      - { name: held_or_judged, approve: { groups: [ops] } }
      - { name: ending, ${end} }
      - { name: ending_or_held, ${end} }
      - { name: ending_or_held, approve: { groups: [ops] } }
`,
    now,
  );
  const { need: found, words } = callNeeds(needs, ['s'])('bank', tool);
  expect(found).toBe(need);
  expect(words).toEqual(callConditions(needs, ['s'])('bank', tool));
});

test('with the tools that only read, a hint is no condition: it holds, or it does not', () => {
  const tools = { readOnly: new Map([['bank', new Set(['pay', 'unnamed'])]]) };
  const ask = callConditions(policy, ['s', 't'], tools);
  expect(['pay', 'unnamed', 'later'].map((tool) => ask('bank', tool))).toEqual([
    [''],
    [''],
    ['until 2030-01-01 00:00 UTC'],
  ]);
  expect(ask('bank', 'nothing')).toEqual([]);
});

test('on another server, and with a rule that lacks tools/call, nothing may be called', () => {
  expect(callConditions(policy, ['s', 't'])('other', 'pay')).toEqual([]);
  expect(callConditions(policy, [])('bank', 'get')).toEqual([]);
});

test('the named tools of a server are those without a condition, and the others with their words', () => {
  expect(toolsOn(policy, ['s', 't'], 'bank')).toEqual({
    plain: ['get'],
    conditional: [
      { name: 'pay', words: 'when amount is at most 10' },
      { name: 'pay', words: 'when amount is at most 5' },
      { name: 'drop', words: 'after approval by the caller, until 2030-01-01 00:00 UTC' },
      { name: '*', words: hint },
      { name: 'later', words: 'until 2030-01-01 00:00 UTC' },
      { name: 'pay', words: 'after approval by a person in ops' },
    ],
  });
  expect(toolsOn(policy, ['s'], 'other')).toEqual({ plain: [], conditional: [] });
});

test('the example of docs/scopes.md is a policy, and means what stands beside it', () => {
  const [, example = ''] = /```yaml\n(github-triage:[^`]*)```/.exec(readFileSync('docs/scopes.md', 'utf8')) ?? [];
  const written = parsePolicy(`group_mappings: {g: [github-triage]}\n${example}`, Date.parse('2026-12-01T00:00:00Z'));
  expect(toolsOn(written, ['github-triage'], 'github')).toEqual({
    plain: ['get_issue'],
    conditional: [
      {
        name: 'create_issue',
        words:
          'when repo is text that begins with acme/ and priority is low or medium and amount is from 1 to 100 and labels, if given, is bug or question',
      },
      { name: 'delete_branch', words: 'after approval by a person in mcp-registry-operator' },
      { name: 'merge_pull_request', words: 'until 2026-12-28 17:00 UTC' },
      { name: '*', words: 'if a person approved it as read-only' },
    ],
  });
});
