import { giveAccess } from '../../../../../common/policy/edit/give.ts';
import { takeAway } from '../../../../../common/policy/edit/take.ts';
import { parsePolicy } from '../../../../../common/policy/policy-file.ts';

const group = (name: string) => ({ kind: 'group', name }) as const;
const agent = (name: string) => ({ kind: 'agent', name }) as const;

const text = `# the policy
group_mappings:
    support:   # first line
    - 'github/read'
    sales: &sales
    - "github/read"
    ops: *sales

UI-Scopes:
    'github/read': {list_service: [ github ]}

# rules
'github/read': &gh
-   server: github      # the code
    methods:
        [tools/list,   tools/call]
    # two tools
    tools: [ get_issue,  "list_issues" ]   # these

copy/scope: *gh
merged/scope:
- &base
  server: jira
  methods: [tools/list, tools/call]
  tools: [a]
- <<: *base
  server: wiki
# the end
`;

/** Comments, quoted names, anchors and aliases. */
const marks = /#[^\n]*|'[^'\n]*'|"[^"\n]*"|[&*][a-z]+/g;
const marksOf = (of: string) => of.match(marks)?.sort() ?? [];
const rulesOf = (of: string, scope: string) =>
  parsePolicy(of)
    .source.scopes.get(scope)
    ?.map(({ server, tools }) => `${server}: ${tools.join(' ')}`);

describe('In a file that its author has written in an own way,', () => {
  test('a grant for a new server leaves all that is there as it is', () => {
    const given = giveAccess(text, { to: group('support'), server: 'mail', tools: ['send'] });
    const lines = given.text.split('\n');
    const lost = text.split('\n').filter((line) => !lines.includes(line));
    expect(lost).toEqual([]);
    expect(rulesOf(given.text, 'support-mail')).toEqual(['mail: send']);
  });

  test('comments, quotes and anchors survive a change beside them', () => {
    const given = giveAccess(text, { to: agent('merged/scope'), server: 'mail', tools: ['send'] });
    expect(marksOf(given.text)).toEqual(marksOf(text));
    expect(rulesOf(given.text, 'merged/scope')).toEqual(['jira: a', 'wiki: a', 'mail: send']);
  });

  test('a rule that an alias repeats is changed in one place only', () => {
    const given = giveAccess(text, { to: agent('copy/scope'), server: 'github', tools: ['merge'] });
    expect(rulesOf(given.text, 'copy/scope')).toEqual(['github: get_issue list_issues merge']);
    expect(rulesOf(given.text, 'github/read')).toEqual(['github: get_issue list_issues']);
    const taken = takeAway(text, { from: agent('github/read'), server: 'github', tools: ['get_issue'] });
    expect(rulesOf(taken.text, 'github/read')).toEqual(['github: list_issues']);
    expect(rulesOf(taken.text, 'copy/scope')).toEqual(['github: get_issue list_issues']);
    expect(taken.text).toContain('copy/scope: &gh');
    expect(taken.text).toContain('# two tools');
  });

  test('a rule that a merge key builds on can be changed, and can go', () => {
    const given = giveAccess(text, { to: agent('merged/scope'), server: 'wiki', tools: ['b'] });
    expect(rulesOf(given.text, 'merged/scope')).toEqual(['jira: a', 'wiki: a b']);
    expect(given.text).toContain('<<: *base');
    const taken = takeAway(text, { from: agent('merged/scope'), server: 'jira', tools: ['a'] });
    expect(rulesOf(taken.text, 'merged/scope')).toEqual(['wiki: a']);
  });

  test('a list that an alias gives to another group is changed for one group only', () => {
    const { source } = parsePolicy(takeAway(text, { from: group('sales'), server: 'github' }).text);
    expect(source.groups.get('sales')).toEqual([]);
    expect(source.groups.get('ops')).toEqual(['github/read']);
    expect(source.groups.get('support')).toEqual(['github/read']);
  });

  test('lines end as the author ends them', () => {
    const windows = text.replaceAll('\n', '\r\n');
    const given = giveAccess(windows, { to: group('support'), server: 'mail', tools: ['send'] });
    expect(given.text.replaceAll('\r\n', '')).not.toContain('\n');
  });

  test('a rule of 5,000 is found and changed, and the others stay', () => {
    const rules = Array.from({ length: 5_000 }, (_, i) => `  - {server: s${i}, methods: [tools/call], tools: [a]}`);
    const large = `group_mappings:\n  g: [own]\nown:\n${rules.join('\n')}\n`;
    const taken = takeAway(large, { from: group('g'), server: 's4000' });
    expect(taken.text.split('\n')).toHaveLength(large.split('\n').length - 1);
    expect(taken.text).not.toContain('server: s4000,');
  });
});
