import { parsePolicy } from '../../../../../common/policy/policy-file.ts';
import { lintArguments } from '../../../../../policy/review/lint/arguments.ts';
import { lint } from '../../../../../policy/review/lint/lint.ts';

const now = Date.parse('2026-12-01T00:00:00Z');
const findings = (rules: string, more = '') => {
  const seen = 'UI-Scopes: {s: {list_service: [all]}, t: {list_service: [all]}}';
  const policy = parsePolicy(`{group_mappings: {g: [s], h: [s, t], ops: []}, ${seen}, ${more} ${rules}}`, now);
  return lint(policy).map(({ level, at, message }) => `${level} ${at}: ${message}`);
};
const rule = (tools: string, more = '') => `{server: bank, methods: [tools/call], tools: [${tools}] ${more}}`;
const other = `t: [${rule('get')}]`;

test.each<[string, string, string[]]>([
  ['a hold and an argument rule that have an effect', `s: [${rule('{name: pay, approve: person}')}], ${other}`, []],
  [
    'a hold beside a rule that allows every tool, for all who have it',
    `s: [${rule('{name: pay, approve: person}')}, ${rule('"*"')}], ${other}`,
    [
      'warning s[0]: grants nothing that s[1] does not grant',
      'warning s[0]: the condition of pay, after approval by the caller has no effect for the groups g, h: s[1] allows the same without it',
    ],
  ],
  [
    'an argument rule that another scope makes idle, for one of two groups',
    `s: [${rule('{name: pay, arguments: {n: {max: 1}}}')}], t: [{server: "*", methods: [tools/call], tools: ["*"]}]`,
    [
      'info s[0]: the condition of pay, when n is at most 1 has no effect for the group h: t[0] allows the same without it',
    ],
  ],
  [
    'a hold beside the same arguments without one',
    `s: [${rule('{name: pay, arguments: {n: {max: 1}}, approve: person}')}], t: [${rule('{name: pay, arguments: {n: {max: 5}}}')}]`,
    [
      'info s[0]: the condition of pay, when n is at most 1, after approval by the caller has no effect for the group h: t[0] allows the same without it',
    ],
  ],
  [
    'a hold that lasts longer than the rule that allows the same',
    `s: [${rule('{name: pay, approve: person}')}, ${rule('pay', ', until: 2030-01-01T00:00:00Z')}], ${other}`,
    [],
  ],
  [
    'the same condition in other words, in one scope',
    `s: [${rule('{name: pay, arguments: {to: [a, b]}}')}, ${rule('{name: pay, arguments: {to: {in: [b, a]}}}')}], ${other}`,
    ['warning s[1]: grants nothing that s[0] does not grant'],
  ],
  [
    'a rule that a rule with another end does not make idle',
    `s: [${rule('pay', ', until: 2030-01-01T00:00:00Z')}, ${rule('pay', ', until: 2031-01-01T00:00:00Z')}], ${other}`,
    ['warning s[0]: grants nothing that s[1] does not grant'],
  ],
  [
    'approvers that no one is',
    `s: [${rule('{name: pay, approve: {groups: [ops, opps]}}')}], ${other}`,
    ['warning s[0]: lets people in opps approve, a group that nothing maps'],
  ],
  [
    'what has ended and what ends soon',
    `s: [${rule('{name: pay, until: 2026-11-30T23:00:00Z}, {name: get, until: 2026-12-03T12:00:00Z}')}, ${rule('a', ', until: 2026-12-01T12:00:00Z')}, ${rule('b', ', until: 2026-12-31T12:00:00Z')}], ${other}`,
    [
      'warning s[0]: pay ended on 2026-11-30 23:00 UTC and grants nothing: delete it',
      'info s[0]: get ends on 2026-12-03 12:00 UTC, in 2 days',
      'info s[1]: ends on 2026-12-01 12:00 UTC, within a day',
    ],
  ],
  [
    'a hint on servers that are not there yet',
    `s: [{server: "*", methods: [tools/call], tools: [{hint: read-only}]}], ${other}`,
    [
      'info s[0]: "hint: read-only" on * covers tools of servers that are registered later, once a person approves their definitions',
    ],
  ],
  [
    'conditions without tools/call',
    `s: [{server: bank, methods: [tools/list], tools: [{name: pay, approve: person}]}], ${other}`,
    ['warning s[0]: "tools" grants nothing without tools/call in "methods"'],
  ],
  [
    'scopes with the same conditions',
    `s: [${rule('{name: pay, arguments: {to: [a, b]}}')}], t: [${rule('{name: pay, arguments: {to: [b, a]}}')}]`,
    ['warning t: has the same rules as s: holding one or the other makes no difference'],
  ],
])('%s is found', (_, rules, expected) => {
  expect(findings(rules)).toEqual(expected);
});

test('limits that hold no one, or less than another one, are found', () => {
  const limits = [
    '{who: [g], server: bank, tools: [pay], calls: 100, per: hour}',
    '{who: [g, nobodies], server: bank, calls: 10, per: day}',
    '{server: bank, tools: [get], calls: 1, per: day}',
  ];
  expect(findings(`s: [${rule('pay')}], t: [${rule('pay')}, ${rule('set')}]`, `limits: [${limits}],`)).toEqual([
    'warning limits[0]: has no effect: limits[1] allows only 10 calls of every tool on bank a day',
    'warning limits[1]: names nobodies, which is neither a group nor a scope of this file',
    'info limits[2]: counts no call that a rule allows',
  ]);
});

const schema = {
  properties: { to: {}, amount: {}, note: {}, options: { properties: { force: {}, dry: {} } } },
};
const tools = [
  { server: 'bank', name: 'pay', inputSchema: schema },
  { server: 'bank', name: 'get', inputSchema: schema },
  { server: 'other', name: 'pay', inputSchema: schema },
];

test.each<[string, string, unknown, string[]]>([
  [
    'what a rule does not judge',
    '{name: pay, arguments: {to: [bob]}}',
    schema,
    ['info: pay of bank: amount, note and options stay free'],
  ],
  ['nothing, with only', '{name: pay, arguments: {to: [bob]}, only: true}', schema, []],
  [
    'what is beside a nested one, with only too',
    '{name: pay, arguments: {/options/force: [false]}, only: true}',
    schema,
    ['info: pay of bank: /options/dry stays free'],
  ],
  [
    'names that the tool does not have',
    '{name: pay, arguments: {too: [bob], /options/forse: [false]}, only: true}',
    schema,
    [
      'warning: pay of bank has no argument too or /options/forse',
      'info: pay of bank: /options/force and /options/dry stay free',
    ],
  ],
  ['nothing for a rule without arguments', '{name: pay, approve: person}', schema, []],
  ...[null, 7, { properties: [] }, undefined].map((odd): [string, string, unknown, string[]] => {
    return [`nothing of the schema ${JSON.stringify(odd)}`, '{name: pay, arguments: {to: [bob]}}', odd, []];
  }),
])('of the arguments of listed tools, scopes:check tells %s', (_, entry, inputSchema, expected) => {
  const { source } = parsePolicy(`{group_mappings: {g: [s]}, s: [${rule(entry)}]}`);
  const listed = tools.map((tool) => ({ ...tool, inputSchema }));
  expect(lintArguments(source, listed).map(({ level, message }) => `${level}: ${message}`)).toEqual(expected);
});
