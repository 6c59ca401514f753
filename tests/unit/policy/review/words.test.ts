import { parsePolicy } from '../../../../common/policy/policy-file.ts';
import { limitWords, ruleWords, toolRuleWords } from '../../../../policy/review/words.ts';

const ruleOf = (text: string) => {
  const policy = parsePolicy(`{group_mappings: {g: [s]}, s: [{server: a, methods: [tools/call], ${text}}]}`);
  const [rule] = policy.source.scopes.get('s') ?? [];
  if (!rule) throw new Error('it has one rule');
  return rule;
};
const entry = (text: string) => {
  const [tool] = ruleOf(`tools: [${text}]`).toolRules;
  if (!tool) throw new Error('it has one condition');
  return toolRuleWords(tool);
};

test.each([
  ['{name: pay, arguments: {to: [bob]}}', 'pay, when to is bob'],
  ['{name: pay, arguments: {to: [bob, amy, "team/*"]}}', 'pay, when to is bob, amy or text that begins with team/'],
  ['{name: pay, arguments: {to: ["*"]}}', 'pay, when to is any text'],
  ['{name: pay, arguments: {to: {any: true}}}', 'pay, when to is given'],
  ['{name: pay, arguments: {to: {any: true, optional: true}}}', 'pay, when to, if given, is anything'],
  [
    '{name: pay, arguments: {n: [1, true], m: ["1", "true", "a b", ""]}}',
    'pay, when n is 1 or true and m is "1", "true", "a b" or ""',
  ],
  ['{name: pay, arguments: {n: {min: 1, max: 5}}}', 'pay, when n is from 1 to 5'],
  ['{name: pay, arguments: {n: {min: 1}, m: {max: 5}}}', 'pay, when n is at least 1 and m is at most 5'],
  [
    '{name: pay, arguments: {l: {in: [a], optional: true, empty: true}}}',
    'pay, when l, if given, is a, or an empty list',
  ],
  ['{name: pay, arguments: {to: [bob]}, only: true}', 'pay, when to is bob, with no other arguments'],
  ['{name: "get_*", only: true}', 'get_*, with no arguments'],
  ['{name: "*", approve: person}', 'every tool, after approval by the caller'],
  ['{name: pay, approve: {groups: [ops, sec]}}', 'pay, after approval by a person in ops or sec'],
  ['{hint: read-only}', 'every tool, if a person approved it as read-only'],
  ['{name: pay, until: 2026-12-28T18:00:00+01:00}', 'pay, until 2026-12-28 17:00 UTC'],
  [
    '{name: pay, arguments: {/to/team: [a]}, approve: person, until: 2026-12-28T17:00:30Z}',
    'pay, when /to/team is a, after approval by the caller, until 2026-12-28 17:00:30 UTC',
  ],
])('%s is, in words: %s', (text, words) => {
  expect(entry(text)).toBe(words);
});

test('a rule is a list of activities, in which each tool with a condition stands by itself', () => {
  expect(ruleWords(ruleOf('tools: [get, "list_*", {name: pay, approve: person}]'))).toEqual([
    'connect',
    'call the tools get, list_*',
    'call pay, after approval by the caller',
  ]);
  expect(ruleWords(ruleOf('tools: [{name: pay, only: true}]'))).toEqual(['connect', 'call pay, with no arguments']);
});

test('a limit says how many calls of what, where and in which time', () => {
  const limit = { server: 'github', tools: ['pay', 'drop_*'], calls: 100, seconds: 3600 } as const;
  expect(limitWords(limit)).toBe('100 calls of pay or drop_* on github an hour');
  expect(limitWords({ ...limit, server: '*', tools: ['all'], calls: 1, seconds: 60 })).toBe(
    '1 call of every tool on every server a minute',
  );
});

test('a long list of values is cut, and says how many more there are', () => {
  const values = Array.from({ length: 30 }, (_, i) => `v${i}`);
  expect(entry(`{name: pay, arguments: {to: [${values}]}}`)).toMatch(/v18, v19 or 10 more$/);
});
