import type { PolicySource } from '../../../../policy/policy.ts';
import { type RightsQuery, type RuleUse, unusedRights } from '../../../../policy/review/unused-rights.ts';

const rule = (at: string, server: string, tools: string[], methods = ['tools/call']) => {
  return { at, server, methods, tools, toolRules: [], prompts: [], resources: [] };
};
const policy: PolicySource = {
  groups: new Map([
    ['staff', ['user']],
    ['boss', ['user', 'admin']],
  ]),
  scopes: new Map([
    ['user', [rule('user[0]', 'time', ['now']), rule('user[1]', 'mail', [], ['tools/list', 'initialize'])]],
    ['admin', [rule('admin[0]', 'all', ['*'])]],
    ['bot/run', [rule('bot/run[0]', 'mail', ['send*'])]],
  ]),
  ui: new Map(),
  limits: [],
};
const tools = new Map([
  ['time', ['now', 'zone']],
  ['mail', ['send', 'read']],
]);
const use = (change: Partial<RuleUse>): RuleUse => {
  return { rule: 'user[0]', server: 'time', method: 'tools/call', object: 'now', last: 200, ...change };
};
const ask = (uses: RuleUse[], change: Partial<RightsQuery> = {}) =>
  unusedRights(policy, uses, { from: 100, tools, servers: 'all', ...change });

test('A policy of which nothing was used is named in whole: rule, groups or scope, server, tools', () => {
  expect(ask([])).toEqual([
    { rule: 'user[0]', groups: ['staff', 'boss'], server: 'time', tools: ['now'], lastUsed: null },
    { rule: 'user[1]', groups: ['staff', 'boss'], server: 'mail', tools: [], lastUsed: null },
    {
      rule: 'admin[0]',
      groups: ['boss'],
      server: '*',
      tools: ['time/now', 'time/zone', 'mail/send', 'mail/read'],
      lastUsed: null,
    },
    { rule: 'bot/run[0]', groups: ['bot/run'], server: 'mail', tools: ['send'], lastUsed: null },
  ]);
});

test('A right that was used in whole is not named; one that was used in part is, after those that were not used', () => {
  const rights = ask([
    use({}),
    use({ rule: 'user[1]', server: 'mail', method: 'tools/list', object: '' }),
    use({ rule: 'admin[0]' }),
    use({ rule: 'bot/run[0]', server: 'mail', object: 'send', last: 99 }),
  ]);
  expect(rights.map(({ rule, tools, lastUsed }) => ({ rule, tools, lastUsed }))).toEqual([
    { rule: 'bot/run[0]', tools: ['send'], lastUsed: 99 },
    { rule: 'admin[0]', tools: ['time/zone', 'mail/send', 'mail/read'], lastUsed: 200 },
  ]);
});

test('A rule that had another name is not called unused: its use counts for the rules of its scope that cover it', () => {
  const names = (uses: RuleUse[]) => ask(uses).map(({ rule }) => rule);
  expect(names([use({ rule: 'user[1]' })])).not.toContain('user[0]');
  expect(names([use({ rule: 'user[7]' })])).not.toContain('user[0]');
  expect(names([use({ rule: 'admin[0]' })])).toContain('user[0]');
  expect(names([use({ rule: 'users[0]' })])).toContain('user[0]');
});

test('To open a session is no use of a right; a tool that no catalogue knows is one of the rule only', () => {
  const [first] = ask([use({ rule: 'user[1]', server: 'mail', method: 'initialize', object: '' })]);
  expect(first?.rule).toBe('user[0]');
  expect(ask([use({ object: 'other' })]).find(({ rule }) => rule === 'user[0]')).toMatchObject({
    tools: ['now'],
    lastUsed: 200,
  });
});

test('For some servers, each right is judged by what was used on each of them', () => {
  const rights = ask([use({ rule: 'admin[0]' })], { servers: ['mail'] });
  expect(rights).toMatchObject([
    { rule: 'user[1]', server: 'mail' },
    { rule: 'admin[0]', server: 'mail', tools: ['send', 'read'], lastUsed: null },
    { rule: 'bot/run[0]', server: 'mail' },
  ]);
});

test('Tools with a condition are rights too; what has ended is none, and what a hint covers is not known', () => {
  const condition = { arguments: [], only: true };
  const rules: PolicySource['scopes'] = new Map([
    [
      'user',
      [
        { ...rule('user[0]', 'time', []), toolRules: [{ pattern: 'now', ...condition }] },
        { ...rule('user[1]', 'time', []), toolRules: [{ hint: 'read-only', arguments: [], only: false }] },
        { ...rule('user[2]', 'time', ['zone']), until: 1_000 },
      ],
    ],
  ]);
  const asked = (uses: RuleUse[]) =>
    unusedRights({ ...policy, scopes: rules }, uses, { from: 100, at: 1_000, tools, servers: 'all' }).map(
      ({ rule: name, tools: missed }) => [name, ...missed],
    );
  expect(asked([])).toEqual([['user[0]', 'now'], ['user[1]']]);
  expect(asked([use({}), use({ rule: 'user[1]', object: 'zone' })])).toEqual([]);
});
