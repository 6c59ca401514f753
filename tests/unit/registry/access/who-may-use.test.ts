import { parsePolicy } from '../../../../common/policy/policy-file.ts';
import type { Person } from '../../../../registry/access/guards.ts';
import { accessTo, callersOf, mayCallSome } from '../../../../registry/access/who-may-use.ts';

const policy = parsePolicy(
  `
group_mappings: { boss: [all], clerk: [some], guest: [ended], hinted: [hint] }
UI-Scopes: { all: { list_service: [all], modify_service: [all] } }
limits:
  - { who: [clerk], server: bank, tools: [pay], calls: 5, per: day }
  - { server: bank, calls: 100, per: minute }
  - { server: other, calls: 1, per: day }
all: [{ server: "*", methods: ["*"], tools: ["*"] }]
some:
  - { server: bank, methods: [tools/call], tools: [get, { name: pay, arguments: { amount: { max: 10 } } }] }
  - { server: bank, methods: [tools/call, prompts/get], tools: [later], prompts: [p], until: 2030-01-01T00:00:00Z }
ended: [{ server: bank, methods: [tools/call, prompts/get], tools: ["*"], prompts: ["*"], until: 2020-01-01T00:00:00Z }]
hint: [{ server: bank, methods: [tools/call], tools: [{ hint: read-only }] }]
`,
  Date.parse('2029-01-01T00:00:00Z'),
);
const person = (group: string, scope: string) => ({ groups: [group], scopes: [scope] }) as unknown as Person;
const boss = person('boss', 'all');
const clerk = person('clerk', 'some');

test('Who may change the server sees of each group its tools, those with a condition in words, and no rule that has ended', () => {
  const { isWhole, rows } = accessTo(policy, boss, 'bank');
  expect(isWhole).toBe(true);
  expect(
    rows
      .filter(({ kind }) => kind === 'group')
      .map(({ name, tools, conditional, prompts }) => [name, tools, conditional, prompts]),
  ).toEqual([
    ['boss', ['*'], [], []],
    [
      'clerk',
      ['get'],
      [
        { name: 'pay', words: 'when amount is at most 10' },
        { name: 'later', words: 'until 2030-01-01 00:00 UTC' },
      ],
      ['p'],
    ],
    ['hinted', [], [{ name: '*', words: 'if a person approved it as read-only' }], []],
  ]);
  expect(callersOf(rows)).toEqual({ named: ['clerk', 'hinted'], everywhere: ['boss'] });
});

test('Limits on the server are shown with whom they hold; others see only their own', () => {
  expect(accessTo(policy, boss, 'bank').limits).toEqual([
    { who: ['clerk'], words: '5 calls of pay on bank a day' },
    { who: [], words: '100 calls of every tool on bank a minute' },
  ]);
  expect(accessTo(policy, clerk, 'bank').limits.map(({ words }) => words)).toHaveLength(2);
  expect(accessTo(policy, person('guest', 'ended'), 'bank').limits).toEqual([
    { who: [], words: '100 calls of every tool on bank a minute' },
  ]);
});

test.each([
  ['all', true],
  ['some', true],
  ['hint', true],
  ['ended', false],
  ['unknown', false],
])('A caller with the scope %s may call some tool of the server: %s', (scope, expected) => {
  expect(mayCallSome(policy, [scope], 'bank')).toBe(expected);
});
