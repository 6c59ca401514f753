import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { parsePolicy } from '../../../../../common/policy/policy-file.ts';
import { decide } from '../../../../../policy/decide.ts';
import { compilePolicy } from '../../../../../policy/policy.ts';
import { lint } from '../../../../../policy/review/lint/lint.ts';
import { redundantRules } from '../../../../../policy/review/lint/redundancy.ts';
import { anyPolicy, questions } from '../../policies.ts';

const shipped = parsePolicy(readFileSync('scopes.yml', 'utf8'));
const findings = (yaml: string, servers?: string[]) =>
  lint(parsePolicy(yaml), servers && new Set(servers)).map(({ level, at, message }) => `${level} ${at}: ${message}`);
const ofRule = (rule: string) =>
  findings(`{group_mappings: {g: [s]}, UI-Scopes: {s: {list_service: [all]}}, s: [${rule}]}`);

test('the shipped policy has no findings', () => {
  expect(lint(shipped)).toEqual([]);
});

test('with a list of known servers, each mention of another server is reported, in UI-Scopes too', () => {
  const all = ['currenttime', 'mcpgw', 'fininfo', 'realserverfaketools'];
  expect(lint(shipped, new Set(all))).toEqual([]);
  const ats = lint(shipped, new Set(all.slice(0, 3))).map(({ level, at }) => `${level} ${at}`);
  expect(ats).toEqual([
    'warning UI-Scopes.mcp-registry-user.list_service',
    'warning UI-Scopes.mcp-servers-restricted/read.list_service',
    'warning mcp-servers-restricted/read[2]',
    'warning mcp-servers-restricted/execute[2]',
  ]);
});

test('a glob that covers no known server is only an info, because such a server may be added later', () => {
  const yaml =
    '{group_mappings: {g: [s]}, UI-Scopes: {s: {list_service: [all]}}, s: [{server: "fin*", methods: [tools/list]}]}';
  expect(findings(yaml, ['fininfo'])).toEqual([]);
  expect(findings(yaml, ['clock'])).toEqual(['info s[0]: no known server has a name like fin*']);
});

test('a scope that a group gives and nothing defines is a warning; one that UI-Scopes defines is not', () => {
  expect(findings('{group_mappings: {g: [typo, seen]}, UI-Scopes: {seen: {list_service: [all]}}}')).toEqual([
    'warning group_mappings.g: gives typo, which nothing defines: it grants nothing',
  ]);
});

test('a scope that no group gives is an info, because an agent may hold it', () => {
  expect(
    findings('{group_mappings: {}, UI-Scopes: {s: {list_service: a}}, s: [{server: a, methods: [tools/list]}]}'),
  ).toEqual(['info s: no group gives this scope: only an agent can hold it']);
});

test('a server that a group may use and not list is a warning, because the registry hides it', () => {
  const rules = 's: [{server: a, methods: [tools/list]}, {server: "b*", methods: [tools/list]}]';
  const listing = (names: string) => findings(`{group_mappings: {g: [s, t]}, UI-Scopes: {t: {${names}}}, ${rules}}`);
  expect(listing('list_service: [a, "b*"]')).toEqual([]);
  expect(listing('list_service: all')).toEqual([]);
  expect(listing('list_service: [b1], toggle_service: [a]')).toEqual([
    'warning group_mappings.g: gives the use of a, b* without list_service in UI-Scopes: the registry and the tool finder hide it',
  ]);
});

test('a server that only an agent may use, and not list, is an info', () => {
  expect(findings('{s: [{server: a, methods: [tools/list]}]}')).toEqual([
    'info s: no group gives this scope: only an agent can hold it',
    'info s: gives the use of a without list_service in UI-Scopes: the registry and the tool finder hide it',
  ]);
});

test('each part of the file that has no effect is a warning with its line', () => {
  expect(findings('group_mappings: {}\nversion: 2\nUI-Scopes:\n  s: {list_agents: [all]}\n')).toEqual([
    'warning line 2: version: is no list of rules: the gateway does not know this section, and it has no effect',
    'warning line 4: UI-Scopes.s.list_agents: is a permission that the gateway does not have: it has no effect',
  ]);
});

test('a server with a name that was reserved since is a warning with the command to run', () => {
  const listed = 'group_mappings: {g: [s]}, UI-Scopes: {s: {list_service: [all]}}';
  expect(findings(`{${listed}, s: [{server: mcp, methods: [tools/list]}]}`)).toEqual([
    'warning s[0]: no server can ever be called mcp: rename it: npm run -s servers:rename -- mcp my-mcp',
  ]);
});

test('a scope without rules is a warning', () => {
  expect(findings('{group_mappings: {g: [s]}, UI-Scopes: {s: {list_service: [all]}}, s: []}')).toEqual([
    'warning s: has no rules: it grants nothing on any server',
  ]);
});

test.each([
  [
    'an unknown method',
    '{server: a, methods: [tools/run, tools/list]}',
    'warning',
    /no known method is called tools\/run/,
  ],
  ['a method that is not offered', '{server: a, methods: [jobs/*]}', 'warning', /jobs\/\*/],
  ['a lifecycle step', '{server: a, methods: [ping, tools/list]}', 'info', /ping need not be written/],
  ['tools/call without tools', '{server: a, methods: [tools/list, tools/call]}', 'warning', /without "tools"/],
  ['prompts/get without prompts', '{server: a, methods: [prompts/get], prompts: []}', 'warning', /without "prompts"/],
  ['completion without either', '{server: a, methods: [completion/complete]}', 'warning', /"prompts" or "resources"/],
  ['a glob that covers calls, without tools', '{server: a, methods: [tools/*]}', 'info', /tools\/call grants nothing/],
  ['tools without tools/call', '{server: a, methods: [tools/list], tools: [x]}', 'warning', /"tools" grants nothing/],
  [
    'prompts without a method',
    '{server: a, methods: [tools/list], prompts: [x]}',
    'warning',
    /"prompts" grants nothing/,
  ],
  ['resources without a method', '{server: a, methods: [tools/list], resources: [x]}', 'warning', /"resources" grants/],
  ['a server in capitals', '{server: Clock, methods: [tools/list]}', 'warning', /ever be called Clock/],
  ['a server with a slash', '{server: /clock, methods: [tools/list]}', 'warning', /ever be called \/clock/],
  ['a reserved server', '{server: registry, methods: [tools/list]}', 'warning', /ever be called registry/],
  ['a server glob that no name can match', '{server: "A*", methods: [tools/list]}', 'warning', /ever be called A\*/],
])('%s is reported once', (_, rule, level, message) => {
  const found = ofRule(rule);
  expect(found).toEqual([expect.stringMatching(message)]);
  expect(found[0]).toMatch(new RegExp(`^${level} s\\[0\\]: `));
});

test.each([
  ['all for everything', '{server: all, methods: [all], tools: [all], prompts: [all], resources: [all]}'],
  ['listening without resources', '{server: a, methods: [subscriptions/listen]}'],
  ['completion of prompts only', '{server: a, methods: [completion/complete], prompts: [x]}'],
  ['a glob that starts with a reserved word', '{server: "registry*", methods: [tools/list]}'],
  ['tools that a method glob uses', '{server: a, methods: [tools/*], tools: [x]}'],
])('%s is not reported', (_, rule) => {
  expect(ofRule(rule)).toEqual([]);
});

test('of two scopes with the same rules, in any order and form, the second is reported', () => {
  const yaml = `
group_mappings: {g: [one, two, three]}
UI-Scopes: {one: {list_service: [all]}}
one: [{server: all, methods: [tools/call, tools/list], tools: [x, y]}, {server: b, methods: [prompts/list]}]
two: [{server: b, methods: [prompts/list]}, {server: "*", methods: ["tools/*"], tools: [y, x]}]
three: [{server: "*", methods: [tools/*], tools: [y]}]
`;
  expect(findings(yaml)).toEqual([
    'warning two: has the same rules as one: holding one or the other makes no difference',
  ]);
});

test.each([
  ['an equal rule', '{server: a, methods: [tools/list]}', '{server: a, methods: [tools/list]}', 's[1]'],
  ['a narrower server', '{server: "*", methods: [tools/list]}', '{server: a, methods: [tools/list]}', 's[1]'],
  ['an earlier narrower rule', '{server: a, methods: [tools/list]}', '{server: "a*", methods: [tools/list]}', 's[0]'],
  [
    'narrower tools',
    '{server: a, methods: [tools/*], tools: [get_*, x]}',
    '{server: a, methods: [tools/call], tools: [get_t*, get_, x]}',
    's[1]',
  ],
])('%s of the same scope is reported as granting nothing more', (_, first, second, at) => {
  expect(ofRule(`${first}, ${second}`)).toEqual([expect.stringContaining(`warning ${at}: grants nothing that`)]);
});

test('a rule that grants nothing is reported as that, and not also as redundant', () => {
  expect(ofRule('{server: a, methods: [tools/list]}, {server: a, methods: [ping]}')).toEqual([
    'info s[1]: ping need not be written: any rule for a server carries it',
  ]);
  expect(findings('{group_mappings: {g: [s, t]}, s: [], t: []}')).toEqual([
    'warning s: has no rules: it grants nothing on any server',
    'warning t: has no rules: it grants nothing on any server',
  ]);
});

test('a resource that leads out of a prefix does not count as covered by it', () => {
  const rules = (glob: string, uri: string) =>
    ofRule(
      `{server: a, methods: [resources/read], resources: ["${glob}"]}, {server: a, methods: [resources/read], resources: ["${uri}"]}`,
    );
  for (const uri of ['file:///d/../x', 'file:///d/../x/*', 'file:///d/?/../x']) {
    expect(rules('file:///d/*', uri)).toEqual([]);
    expect(rules('*', uri)).toHaveLength(1);
  }
  for (const uri of ['file:///d/x', 'file:///d/x/*', 'file:///d/*']) expect(rules('file:///d/*', uri)).toHaveLength(1);
});

test('deleting a redundant rule changes no verdict, for any policy', () => {
  let redundant = 0;
  fc.assert(
    fc.property(anyPolicy, (policy) => {
      const rules = policy.source.scopes.get('s') ?? [];
      for (const [rule] of redundantRules(rules)) {
        redundant++;
        const scopes = new Map([['s', rules.filter((other) => other !== rule)]]);
        const without = compilePolicy({ ...policy.source, scopes });
        const changed = questions.filter(([server, access]) => {
          const verdict = (p: typeof policy) => decide(p, ['s'], server, [access]).allowed;
          return verdict(without) !== verdict(policy);
        });
        expect(changed).toEqual([]);
      }
    }),
    { numRuns: 300 },
  );
  expect(redundant).toBeGreaterThan(5);
});
