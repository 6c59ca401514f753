import { parse } from 'yaml';
import { giveAccess } from '../../../../../common/policy/edit/give.ts';
import type { Grant, ToolEntry } from '../../../../../common/policy/edit/grant.ts';
import { takeAway } from '../../../../../common/policy/edit/take.ts';
import { parsePolicy } from '../../../../../common/policy/policy-file.ts';

const text = `group_mappings:
  support: [base]
base:
  - {server: wiki, methods: [tools/list]}
`;
const to = { kind: 'group', name: 'support' } as const;
const given = (tools: Grant['tools'], more: Partial<Grant> = {}) =>
  giveAccess(text, { to, server: 'github', tools, ...more }).text;
const toolsIn = (of: string) => parse(of)['support-github'][0].tools;

const issue: ToolEntry = {
  name: 'create_issue',
  arguments: { repo: ['acme/*'], amount: { min: 1, max: 100 }, '/options/force': [false] },
  only: true,
  approve: { groups: ['support'] },
  until: '2126-12-28T17:00:00Z',
};

describe('Entries with conditions', () => {
  test.each<[string, ToolEntry]>([
    ['arguments, an approval and an end', issue],
    ['a hint', { hint: 'read-only' }],
    ['a hint that a person approves', { hint: 'read-only', approve: 'person' }],
    ['an end', { name: 'get_*', until: '2126-12-28T17:00:00+01:00' }],
    ['words that YAML reads otherwise', { name: 'null', arguments: { on: ['yes', '1', 1, true] } }],
  ])('are written as the file has them: %s', (_what, entry) => {
    const written = given([entry]);
    expect(toolsIn(written)).toEqual([entry]);
    expect(parsePolicy(written).source.scopes.get('support-github')?.[0]?.toolRules).toHaveLength(1);
  });

  test('are written one member a line, so that a change of one is a line', () => {
    expect(given([issue]).split('\n').slice(-20)).toEqual(
      expect.arrayContaining(['      - name: create_issue', '        only: true']),
    );
  });

  test('stand beside plain names, and each is there once', () => {
    const once = given(['get_issue', issue, issue, { name: 'list_issues' }]);
    expect(toolsIn(once)).toEqual(['get_issue', issue, 'list_issues']);
    const again = giveAccess(once, { to, server: 'github', tools: [issue, 'get_issue'] });
    expect(again.text).toBe(once);
  });

  test('are alternatives: the same tool may have several', () => {
    const second = { name: 'create_issue', arguments: { repo: ['other/*'] } };
    const both = giveAccess(given([issue]), { to, server: 'github', tools: [second] }).text;
    expect(toolsIn(both)).toEqual([issue, second]);
    const left = takeAway(both, { from: to, server: 'github', tools: ['create_issue'] }).text;
    expect(parse(left)['support-github']).toBeUndefined();
  });

  test('are taken by their names, and hints by theirs', () => {
    const all = given(['get_issue', issue, { hint: 'read-only' }]);
    const left = takeAway(all, { from: to, server: 'github', tools: ['hint: read-only', 'get_issue'] }).text;
    expect(toolsIn(left)).toEqual([issue]);
  });

  test('a tool that a hint still grants cannot be taken alone', () => {
    const all = given(['get_issue', { hint: 'read-only' }]);
    const take = (readOnly: string[]) =>
      takeAway(all, {
        from: to,
        server: 'github',
        tools: ['get_issue'],
        readOnly: new Map([['github', new Set(readOnly)]]),
      });
    expect(() => take(['get_issue'])).toThrow(
      /^The rule support-github\[0\], which covers more, lets support call get_issue/,
    );
    expect(toolsIn(take(['other']).text)).toEqual([{ hint: 'read-only' }]);
  });

  test.each<[string, ToolEntry, RegExp]>([
    ['neither a name nor a hint', { only: true }, /either a name or a hint/],
    ['both', { name: 'a', hint: 'read-only' }, /either a name or a hint/],
    ['a date without a time', { name: 'a', until: '2126-12-28' }, /The policy cannot be changed like this: line \d+/],
    ['no approver', { name: 'a', approve: { groups: [] } }, /The policy cannot be changed like this: line \d+/],
    ['a name that means every tool', { name: 'all', only: true }, /reads it as every tool/],
  ])('are refused with %s', (_what, entry, message) => {
    expect(() => given([entry])).toThrow(message);
  });

  test('an agent is not given what a person of its own would have to approve', () => {
    const grant: Grant = {
      to: { kind: 'agent', name: 'bot/run' },
      server: 'github',
      tools: [{ name: 'a', approve: 'person' }],
    };
    expect(() => giveAccess(text, grant)).toThrow(/The policy cannot be changed like this/);
  });
});
