import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { parsePolicy } from '../../../../common/policy/policy-file.ts';
import { decide } from '../../../../policy/decide.ts';
import { type Policy, scopesOfGroups } from '../../../../policy/policy.ts';
import { diff } from '../../../../policy/review/diff.ts';
import { mayUseUi } from '../../../../policy/ui.ts';
import { anyPolicy, questions, servers } from '../policies.ts';

const shippedText = readFileSync('scopes.yml', 'utf8');
const shipped = parsePolicy(shippedText);
const told = (before: Policy, after: Policy) =>
  diff(before, after).map(({ kind, who, change, what, server }) => `${kind} ${who} ${change} ${what} on ${server}`);
const ofRules = (before: string, after: string) => {
  const policy = (rules: string) => parsePolicy(`{group_mappings: {}, s: [${rules}]}`);
  return told(policy(before), policy(after)).map((line) => line.replace('agent s ', ''));
};

test('a policy has no difference from itself', () => {
  expect(diff(shipped, shipped)).toEqual([]);
});

test('a line added to a scope of the shipped policy is reported for the groups and the scope that gain from it', () => {
  const after = shippedText.replace(
    'mcp-servers-restricted/read:\n  - server',
    'mcp-servers-restricted/read:\n  - {server: currenttime, methods: [tools/call], tools: [current_time_by_timezone]}\n  - server',
  );
  expect(told(shipped, parsePolicy(after))).toEqual([
    'person mcp-registry-user gains tools/call current_time_by_timezone on currenttime',
    'agent mcp-servers-restricted/read gains tools/call current_time_by_timezone on currenttime',
  ]);
});

test('a removed group loses its permissions, and no caller gains any', () => {
  const after = parsePolicy(shippedText.replace(/ {2}mcp-registry-operator:\n {4}.*\n {4}.*\n {4}.*\n/, ''));
  const differences = diff(shipped, after);
  expect(differences.length).toBeGreaterThan(5);
  expect(new Set(differences.map(({ who, change }) => `${who} ${change}`))).toEqual(
    new Set(['mcp-registry-operator loses']),
  );
});

test('a change of registry permissions is reported too', () => {
  const policy = (names: string) =>
    parsePolicy(`{group_mappings: {g: [u]}, UI-Scopes: {u: {list_service: [${names}]}}}`);
  expect(told(policy('a'), policy('a, b'))).toEqual([
    'person g gains list_service (in the registry) on b',
    'agent u gains list_service (in the registry) on b',
  ]);
  expect(told(policy('a'), policy('all'))).toEqual([
    'person g gains list_service (in the registry) on any other server',
    'agent u gains list_service (in the registry) on any other server',
  ]);
});

const any = '{server: "*", methods: [tools/list]}';
test.each([
  ['the same rules in another form', '{server: all, methods: [tools/list]}', any, []],
  ['a rule that matches nothing', any, `${any}, {server: a, methods: [run]}`, []],
  [
    'methods of extensions',
    any,
    `${any}, {server: a, methods: [skills/list, acme/run]}`,
    ['gains skills/list on a', 'gains acme/run on a'],
  ],
  [
    'a server glob instead of a name',
    '{server: a, methods: [tools/list]}',
    '{server: "a*", methods: [tools/list]}',
    ['gains connecting (initialize, ping and the like) on a*', 'gains tools/list on a*'],
  ],
  [
    'another tool on every server',
    '{server: "*", methods: [tools/call], tools: [x]}',
    '{server: "*", methods: [tools/call], tools: [y]}',
    ['gains tools/call y on every server', 'loses tools/call x on every server'],
  ],
  [
    'every tool instead of some',
    '{server: "*", methods: [tools/call], tools: [get_*]}',
    '{server: "*", methods: [tools/call], tools: ["*"]}',
    ['gains tools/call any other tool on every server'],
  ],
  [
    'every prompt, and completion with it',
    any,
    `${any}, {server: "*", methods: [prompts/get, completion/complete], prompts: ["*"]}`,
    ['gains prompts/get every prompt on every server', 'gains completion/complete every prompt on every server'],
  ],
  [
    'listening, to one resource',
    any,
    `${any}, {server: "*", methods: [subscriptions/listen], resources: ["x:y"]}`,
    ['gains subscriptions/listen on every server', 'gains subscriptions/listen resource x:y on every server'],
  ],
  [
    'a glob over resources, which covers what every reader places under it',
    any,
    `${any}, {server: "*", methods: [resources/read], resources: ["http*", "file:///d/*"]}`,
    ['gains resources/read http* on every server', 'gains resources/read file:///d/* on every server'],
  ],
  [
    'a glob that leaves almost no other tool name',
    `{server: "*", methods: [tools/call], tools: [${[...'xyzabcdefghijklmnopqrstuvw0123456789_~-'].map((c) => `"${c}*"`)}]}`,
    '{server: "*", methods: [tools/call], tools: ["*"]}',
    ['gains tools/call any other tool on every server'],
  ],
])('%s is described in words', (_, before, after, expected) => {
  expect(ofRules(before, after)).toEqual(expected);
});

test('every different verdict is reported, and equal policies have no difference, for any policies', () => {
  let equal = 0;
  let different = 0;
  const verdicts = (policy: Policy) =>
    [['s'], ['t'], scopesOfGroups(policy, ['g']), scopesOfGroups(policy, ['h'])].flatMap((scopes) => [
      ...questions.map(([server, access]) => decide(policy, scopes, server, [access]).allowed),
      ...servers.map((server) => mayUseUi(policy, scopes, 'list_service', server)),
    ]);
  fc.assert(
    fc.property(anyPolicy, anyPolicy, fc.boolean(), (before, other, same) => {
      const after = same ? before : other;
      const differs = JSON.stringify(verdicts(before)) !== JSON.stringify(verdicts(after));
      if (differs) different++;
      else equal++;
      // Only in this direction: the samples contain more names than these questions.
      if (differs) expect(diff(before, after)).not.toEqual([]);
      if (same) expect(diff(before, after)).toEqual([]);
    }),
    { numRuns: 60 },
  );
  expect(Math.min(equal, different)).toBeGreaterThan(5);
});
