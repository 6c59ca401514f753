import { parsePolicy } from '../../../../common/policy/policy-file.ts';
import { callable } from '../../../../registry/search/rights.ts';

const policy = parsePolicy(
  `
group_mappings: { users: [some] }
UI-Scopes: { some: { list_service: [bank] } }
some:
  - server: "*"
    methods: [tools/list, tools/call]
    tools:
      - { name: pay, arguments: { amount: { max: 10 } } }
      - { name: drop, approve: person }
      - { name: old, until: 2020-01-01T00:00:00Z }
      - { name: soon, until: 2099-01-01T00:00:00Z }
      - { hint: read-only }
`,
  Date.parse('2029-01-01T00:00:00Z'),
);
const known = { readOnly: new Map([['bank', new Set(['look'])]]) };

test.each([
  ['whose arguments are judged when it is called', 'bank', 'pay', true],
  ['whose calls wait for an approval', 'bank', 'drop', true],
  ['whose right has not ended yet', 'bank', 'soon', true],
  ['whose right has ended', 'bank', 'old', false],
  ['that only reads, as a person approved it', 'bank', 'look', true],
  ['of which no person said that it only reads', 'bank', 'write', false],
  ['of a server that the caller does not see', 'hidden', 'pay', false],
])('The search finds a tool %s: on %s, %s: %s', (_, server, tool, expected) => {
  expect(callable(policy, ['some'], known)(server, tool)).toBe(expected);
});

test('Where tools need an approval, one without it is not found, whatever its condition is', () => {
  const mayCall = callable(policy, ['some'], { ...known, approved: new Map([['bank', new Set(['pay'])]]) });
  expect(['pay', 'drop', 'look'].map((tool) => mayCall('bank', tool))).toEqual([true, false, false]);
});
