import { readFileSync } from 'node:fs';
import { giveAccess } from '../../../../../common/policy/edit/give.ts';
import type { Grant } from '../../../../../common/policy/edit/grant.ts';
import { takeAway } from '../../../../../common/policy/edit/take.ts';
import { parsePolicy } from '../../../../../common/policy/policy-file.ts';
import { diff } from '../../../../../policy/review/diff.ts';

const shipped = readFileSync('scopes.yml', 'utf8');
const group = (name: string) => ({ kind: 'group', name }) as const;
const agent = (name: string) => ({ kind: 'agent', name }) as const;

/** The lines that a text has more often than another. */
function newLines(text: string, than: string): string[] {
  const left = than.split('\n');
  return text.split('\n').filter((line) => {
    const at = left.indexOf(line);
    if (at !== -1) left.splice(at, 1);
    return at === -1 && line !== '';
  });
}

const changes = (before: string, after: string) =>
  diff(parsePolicy(before), parsePolicy(after)).map(
    ({ who, change, what, server }) => `${who} ${change} ${what}: ${server}`,
  );

describe('In the shipped policy,', () => {
  test('a group gets a scope of its own, and no line of the file is lost', () => {
    const grant: Grant = { to: group('mcp-registry-user'), server: 'github', tools: ['get_issue', 'list_*'] };
    const { text, scope } = giveAccess(shipped, grant);
    expect(scope).toBe('mcp-registry-user-github');
    expect(newLines(shipped, text)).toEqual([]);
    expect(newLines(text, shipped)).toEqual([
      '    - mcp-registry-user-github',
      '  mcp-registry-user-github:',
      '    list_service: [github]',
      'mcp-registry-user-github:',
      '  - server: github',
      '    methods: [tools/list, tools/call]',
      '    tools: [get_issue, list_*]',
    ]);
    expect(new Set(changes(shipped, text).map((line) => line.split(' ')[0]))).toEqual(
      new Set(['mcp-registry-user', 'mcp-registry-user-github']),
    );
  });

  test('a second grant for the same server goes into the same rule, and the same grant changes nothing', () => {
    const to = group('mcp-registry-user');
    const one = giveAccess(shipped, { to, server: 'github', tools: ['get_issue'] });
    const two = giveAccess(one.text, { to, server: 'github', tools: ['get_issue', 'list_issues'] });
    expect(two.scope).toBe(one.scope);
    expect(newLines(two.text, one.text)).toEqual(['    tools: [get_issue, list_issues]']);
    expect(giveAccess(two.text, { to, server: 'github', tools: ['list_issues'] }).text).toBe(two.text);
  });

  test('a grant that ends has a rule of its own', () => {
    const to = group('mcp-registry-user');
    const one = giveAccess(shipped, { to, server: 'github', tools: ['get_issue'] });
    const until = '2126-12-28T17:00:00Z';
    const two = giveAccess(one.text, { to, server: 'github', tools: ['list_issues'], until });
    expect(newLines(two.text, one.text)).toEqual([
      '  - server: github',
      `    until: ${until}`,
      '    methods: [tools/list, tools/call]',
      '    tools: [list_issues]',
    ]);
  });

  test('a group that the file does not have gets a line, and a server that it sees already no second permission', () => {
    const { text } = giveAccess(shipped, { to: group('Support & Sales'), server: 'fininfo', tools: ['*'] });
    expect(newLines(text, shipped)).toContain('  Support & Sales:');
    expect(parsePolicy(text).source.groups.get('Support & Sales')).toEqual(['Support-Sales-fininfo']);
    const seen = giveAccess(shipped, { to: group('mcp-registry-user'), server: 'fininfo', tools: ['*'] });
    expect(seen.text).not.toContain('list_service: [fininfo]');
  });

  test('prompts and resources come only if they are asked for', () => {
    const grant: Grant = { to: group('new'), server: 'github', tools: ['a'], alsoPrompts: true, alsoResources: true };
    const [rule] = parsePolicy(giveAccess(shipped, grant).text).source.scopes.get('new-github') ?? [];
    expect(rule).toMatchObject({ tools: ['a'], prompts: ['*'], resources: ['*'] });
    const without = giveAccess(shipped, { ...grant, alsoPrompts: false, alsoResources: false });
    const [plain] = parsePolicy(without.text).source.scopes.get('new-github') ?? [];
    expect(plain).toMatchObject({ methods: ['tools/list', 'tools/call'], prompts: [], resources: [] });
  });

  test('a grant without tools opens a set', () => {
    const { text } = giveAccess(shipped, { to: group('mcp-registry-user'), server: 'my-set', tools: [] });
    expect(parsePolicy(text).source.scopes.get('mcp-registry-user-my-set')).toMatchObject([
      { methods: ['tools/list'], tools: [] },
    ]);
  });

  test('an agent gets a rule in its scope, and the groups that hold the scope go on without it', () => {
    const scope = 'mcp-servers-restricted/read';
    const given = giveAccess(shipped, { to: agent(scope), server: 'github', tools: ['get_issue'] });
    expect(given.scope).toBe(scope);
    expect(new Set(changes(shipped, given.text).map((line) => line.split(' ')[0]))).toEqual(
      new Set([scope, `${scope.replace('/', '-')}-people`]),
    );
    expect(changes(shipped, given.text)).toContain(`${scope} gains tools/call get_issue: github`);
  });

  test('what is taken from one group stays with the others and with agents', () => {
    const from = group('mcp-registry-operator');
    const { text, alsoLose } = takeAway(shipped, { from, server: 'fininfo' });
    expect(alsoLose).toEqual([]);
    const lines = changes(shipped, text);
    expect(lines).toContain('mcp-registry-operator loses tools/call every tool: fininfo');
    expect(lines.filter((line) => line.includes(' loses ') && !line.startsWith('mcp-registry-operator '))).toEqual([]);
    expect(newLines(shipped, text)).toEqual([
      '    - mcp-servers-restricted/execute',
      '    - mcp-servers-restricted/read',
    ]);
  });

  test('a scope that is changed for all names those who lose too', () => {
    const from = group('mcp-registry-operator');
    const { text, alsoLose } = takeAway(shipped, { from, server: 'fininfo', tools: ['*'], split: false });
    expect(alsoLose).toEqual(['mcp-registry-developer', 'mcp-servers-restricted/execute']);
    expect(changes(shipped, text)).toContain('mcp-registry-developer loses tools/call every tool: fininfo');
    expect(newLines(text, shipped)).toEqual([]);
  });

  test.each([
    [
      'a rule for every server covers it',
      group('mcp-registry-admin'),
      'fininfo',
      undefined,
      /mcp-servers-unrestricted/,
    ],
    [
      'a pattern covers the tool',
      group('mcp-registry-operator'),
      'fininfo',
      ['quote'],
      /mcp-servers-restricted\/execute/,
    ],
    ['there is nothing to take', group('mcp-registry-user'), 'github', ['quote'], /^No rule gives mcp-registry-user/],
    ['the group is unknown', group('strangers'), 'fininfo', undefined, /^No rule gives strangers/],
  ])('nothing is taken if %s', (_why, from, server, tools, message) => {
    expect(() => takeAway(shipped, { from, server, ...(tools && { tools }) })).toThrow(
      expect.objectContaining({ name: 'EditRefused', message: expect.stringMatching(message) }),
    );
  });

  test.each([
    ['all', /every tool/],
    ['get issue', /letters, digits/],
    ['get_*_all', /letters, digits/],
    ['', /letters, digits/],
    ['a'.repeat(129), /letters, digits/],
  ])('a rule is not given the tool %j, which would mean something else', (tool, message) => {
    const grant = { to: group('mcp-registry-user'), server: 'github', tools: [tool] };
    expect(() => giveAccess(shipped, grant)).toThrow(message);
  });

  test.each(['all', '*', 'GitHub', 'a/b', ''])('a rule is not given the server %j', (server) => {
    expect(() => giveAccess(shipped, { to: group('g'), server, tools: ['a'] })).toThrow(/no name of a server/);
  });

  test.each([
    [group(''), /visible characters/],
    [group('a\nb'), /visible characters/],
    [agent('limits'), /section of the file/],
    [agent('group_mappings'), /section of the file/],
  ])('%j gets nothing', (to, message) => {
    expect(() => giveAccess(shipped, { to, server: 'github', tools: ['a'] })).toThrow(message);
  });

  test('a policy with faults is not edited', () => {
    const faulty = shipped.replace('methods: [tools/call, tasks/*]', 'method: [tools/call]');
    const grant: Grant = { to: group('g'), server: 'github', tools: ['a'] };
    expect(() => giveAccess(faulty, grant)).toThrow(/has faults. Correct them first: line \d+/);
  });
});
