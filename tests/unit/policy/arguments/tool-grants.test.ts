import { ToolGrants, type ToolVerdict } from '../../../../policy/arguments/tool-grants.ts';
import type { ArgumentRule, ToolRule } from '../../../../policy/arguments/tool-rule.ts';
import { anyArguments, type ToolArguments, unknownArguments } from '../../../../policy/request/tool-arguments.ts';

const repo: ArgumentRule = { name: 'repo', path: ['repo'], values: ['acme'], optional: false, empty: false };
const approve = { person: true, groups: ['ops'] };
const ruleOf = (change: Partial<ToolRule>): ToolRule => ({ arguments: [], only: false, ...change });
const grants = new ToolGrants();
grants.add('r[0]', ruleOf({ pattern: 'get_*' }));
grants.add('r[1]', ruleOf({ pattern: 'get_issue', arguments: [repo] }));
grants.add('r[2]', ruleOf({ pattern: 'alone', only: true }));
grants.add('r[3]', ruleOf({ pattern: 'drop', approve }));
grants.add('r[4]', ruleOf({ hint: 'read-only', arguments: [repo] }));

const allowed = (rule: string): ToolVerdict => ({ is: 'allowed', rule });
const refused = (argument: string | undefined): ToolVerdict => ({ is: 'refused', argument });
const held: ToolVerdict = { is: 'held', rule: 'r[3]', approvers: approve };
const right = { repo: 'acme' };

test.each<[what: string, tool: string, ToolArguments, isReadOnly: boolean, ToolVerdict[]]>([
  ['a tool that no rule names', 'set', right, false, []],
  ['a tool that a glob names', 'get_me', {}, false, [allowed('r[0]')]],
  ['a tool that two rules name', 'get_issue', right, false, [allowed('r[1]'), allowed('r[0]')]],
  ['other arguments', 'get_issue', { repo: 'x' }, false, [refused('repo'), allowed('r[0]')]],
  ['arguments that are not known', 'get_issue', unknownArguments, false, [refused('repo'), allowed('r[0]')]],
  ['some arguments', 'get_issue', anyArguments, false, [allowed('r[1]'), allowed('r[0]')]],
  ['an argument, where there may be none', 'alone', { x: 1 }, false, [refused('x')]],
  ['arguments that are not known, where there may be none', 'alone', unknownArguments, false, [refused(undefined)]],
  ['a call that takes an approval', 'drop', {}, false, [held]],
  ['unknown arguments of a call that takes an approval', 'drop', unknownArguments, false, [held]],
  ['a tool that only reads', 'look', right, true, [allowed('r[4]')]],
  ['other arguments of a tool that only reads', 'look', {}, true, [refused('repo')]],
  ['a tool that only reads, and that rules name', 'drop', right, true, [held, allowed('r[4]')]],
])('each alternative answers %s', (_what, tool, given, isReadOnly, expected) => {
  expect([...grants.verdicts(tool, given, () => isReadOnly)]).toEqual(expected);
});

test('without a rule by the hint, a tool that only reads has no alternative', () => {
  const named = new ToolGrants();
  named.add('r[0]', ruleOf({ pattern: 'get' }));
  expect([...named.verdicts('look', {}, () => true)]).toEqual([]);
  expect([named.coversAll(), grants.coversAll()]).toEqual([false, false]);
  named.add('r[1]', ruleOf({ pattern: '*', approve }));
  expect(named.coversAll()).toBe(true);
});
