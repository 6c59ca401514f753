import { parsePolicy } from '../../../../common/policy/policy-file.ts';
import { addedLines, leastRule, remediesFor } from '../../../../registry/requests/least-rule.ts';

const text = `# The policy of our gateway.
group_mappings:
  support: [support]  # the first line
  writers: [writers]
  some: [some]
UI-Scopes:
  support:
    list_service: [notes]
support:
  - server: notes
    methods: [tools/list, tools/call]
    tools: [read]
writers:
  - { server: notes, methods: [tools/list, tools/call], tools: [read, write] }
some:
  - server: notes
    methods: [tools/list, tools/call]
    tools: [{ name: append, arguments: { to: [diary] } }, { hint: read-only }]
`;
const known = { readOnly: new Map([['notes', new Set(['list'])]]) };
const request = (tools: string[], groups = ['support'], server = 'notes') => ({ server, tools, groups });

test.each<[string, ReturnType<typeof request>, boolean, string[], boolean?]>([
  ['what the person may call already', request(['read']), true, []],
  ['what another group has', request(['write']), false, ['writers']],
  ['what no group has', request(['delete']), false, []],
  ['what a group has with some arguments only', request(['append']), false, []],
  ['what the person has by a hint', request(['list'], ['some']), true, []],
  ['what another group has by a hint', request(['list']), false, ['some']],
  ['what the person has with some arguments', request(['append'], ['some']), true, [], false],
  ['several tools of which one is missing', request(['read', 'write']), false, ['writers']],
  ['some access that the person has', request([]), true, []],
  ['some access that no group has', request([], ['support'], 'other'), false, []],
  ['what others have of a server that a person without groups may not know', request(['read'], []), false, []],
])('Of a request for %s, it is said what would do', (_what, asked, isAllowed, join, isWhole = isAllowed) => {
  expect(remediesFor(parsePolicy(text), known, asked)).toEqual({ isAllowed, isWhole, join });
});

test('The least rule for a group gives what was asked for and no more, and is shown without the rest of the file', async () => {
  const rule = await leastRule(text, 'support', request(['write']));
  const lines = 'lines' in rule ? rule.lines : '';
  expect(lines).toContain('write');
  expect(lines).not.toContain('the first line');
  expect(lines).not.toContain('writers');
  expect(lines).not.toMatch(/\*|delete/);
});

test('The least rule for a set opens it, and gives no tool', async () => {
  const rule = await leastRule(text, 'support', request([], ['support'], 'daily'), true);
  expect(rule).toEqual({ lines: expect.stringContaining('daily') });
  expect('lines' in rule && rule.lines).not.toContain('tools/call');
});

test.each([
  ['no tools', request([])],
  ['a group that cannot be one', { ...request(['write']), server: 'no server' }],
])('With %s, a sentence says why there is no rule', async (_what, asked) => {
  expect(await leastRule(text, 'support', asked)).toEqual({ refused: expect.stringMatching(/\w.*\.$/) });
});

test.each([
  ['a line at the end', 'a\nb', 'a\nb\nc', 'c'],
  ['a line between equal lines', 'a\nx\na\nx', 'a\nx\na\ny\nx', 'y'],
  ['a replaced line', 'a\nb: [1]\nc', 'a\nb: [1, 2]\nc', 'b: [1, 2]'],
  ['a replaced line and an added one', 'a\nb\nc\nd', 'a\nB\nc\nnew\nd', 'B\nnew'],
  ['nothing', 'a\nb', 'a\nb', ''],
])('Of %s, the lines that are new are shown', (_what, before, after, added) => {
  expect(addedLines(before, after)).toBe(added);
});
