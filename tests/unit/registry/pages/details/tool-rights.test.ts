import { parsePolicy } from '../../../../../common/policy/policy-file.ts';
import type { Person } from '../../../../../registry/access/guards.ts';
import { toolRights } from '../../../../../registry/pages/details/tool-rights.ts';

const now = Date.parse('2026-06-01T00:00:00Z');
const policy = parsePolicy(
  `
group_mappings: { staff: [calls] }
UI-Scopes: { calls: { list_service: [all] }, bot: { list_service: [all] } }
limits:
  - { who: [staff], server: bank, tools: [pay], calls: 3, per: hour }
  - { who: [bot], server: bank, calls: 9, per: day }
  - { server: other, calls: 1, per: day }
calls: &rules
  - server: bank
    methods: [tools/list, tools/call]
    tools:
      - get
      - { name: pay, arguments: { amount: { max: 10 } } }
      - { name: drop, approve: { groups: [staff] } }
      - { name: move, until: 2027-01-01T00:00:00Z }
      - { hint: read-only }
bot: *rules
`,
  now,
);
const person: Person = {
  sub: 's',
  username: 'ann',
  groups: ['staff'],
  scopes: ['calls'],
  authMethod: 'session_cookie',
};
const agent: Person = { sub: 'b', username: 'bot', groups: [], scopes: ['bot'], authMethod: 'jwt' };
const readOnly = new Map([['bank', new Set(['read', 'drop'])]]);
const approved = new Map([['bank', new Set(['get', 'pay'])]]);
const callers = { 'A person': person, 'An agent': agent };
const judged = {
  ...{ is: 'yes', condition: 'when amount is at most 10', need: 'arguments' },
  limits: ['3 calls of pay on bank an hour'],
};
const always = { is: 'yes', condition: '', need: undefined, limits: [] };

test.each<[who: keyof typeof callers, tool: string, right: object]>([
  ['A person', 'get', always],
  ['A person', 'nothing', { is: 'no' }],
  ['A person', 'read', always],
  ['A person', 'pay', judged],
  // Of two rules one needs no approval.
  ['A person', 'drop', always],
  ['A person', 'move', { is: 'yes', condition: 'until 2027-01-01 00:00 UTC', need: 'time', limits: [] }],
  ['An agent', 'get', { ...always, limits: ['9 calls of every tool on bank a day'] }],
])('%s sees what the gate says to calls of %s', (who, tool, right) => {
  expect(toolRights(policy, callers[who], 'bank', { readOnly })(tool)).toEqual(right);
});

test('A tool that waits for its approval says so, with what else has to hold', () => {
  const rightOn = toolRights(policy, person, 'bank', { readOnly: new Map(), approved });
  expect(['get', 'drop', 'nothing'].map((tool) => rightOn(tool))).toEqual([
    always,
    { is: 'waits', condition: 'after approval by a person in staff', need: 'approval', limits: [] },
    { is: 'no' },
  ]);
});
