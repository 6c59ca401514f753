import { parsePolicy } from '../../../../../common/policy/policy-file.ts';
import { diff } from '../../../../../policy/review/diff.ts';
import { accessTo, callersOf } from '../../../../../registry/access/who-may-use.ts';
import { giveAccess, readTools } from '../../../../../registry/pages/details/give-access.ts';
import { admin, toolOf } from '../../../../support/registry/registry-fixture.ts';

const groups = `group_mappings:
  mcp-registry-admin:
    - mcp-registry-admin
  readers:
    - shared
  writers:
    - shared
    - writers
`;
const ui = `UI-Scopes:
  mcp-registry-admin:
    list_service: [all]
    modify_service: [all]
`;
const rules = `mcp-registry-admin:
  - server: "*"
    methods: ["*"]
    tools: ["*"]
shared:
  - server: other
    methods: [tools/call]
    tools: [x]
writers:
  - server: other
    methods: [tools/call]
    tools: [y]
`;
const text = groups + ui + rules;
const person = { ...admin, authMethod: 'session_cookie' as const };
const give = (file: string, { wanted = '', tools = ['get_note', 'search'] as readonly string[] } = {}) => {
  const policy = parsePolicy(file);
  return giveAccess(policy, 'notes', accessTo(policy, person, 'notes'), { wanted, tools });
};
/** Writes the lines where they belong. */
const written = (file: string, lines: NonNullable<ReturnType<typeof give>>['lines']) => {
  let now = file;
  for (const { where, place, text: added } of lines) {
    if (where === 'end') now += `${added}\n`;
    else if (where === 'under') now = now.replace(`${place}:\n`, (head) => `${head}${added}\n`);
    else now = now.replace(`  ${place.split(': ')[1]}:\n`, (head) => `${head}${added}\n`);
  }
  return now;
};

test('The lines, written where they belong, give the group its tools and nothing else, and no other group anything', () => {
  const access = give(text);
  expect([access?.groups, access?.group]).toEqual([['readers', 'writers'], 'readers']);
  const after = parsePolicy(written(text, access?.lines ?? []));
  const gains = diff(parsePolicy(text), after).filter(({ kind }) => kind === 'person');
  expect(new Set(gains.map(({ who, change, server }) => `${who} ${change} ${server}`))).toEqual(
    new Set(['readers gains notes']),
  );
  expect(gains.map(({ what }) => what).filter((what) => /tools\/call|list_service/.test(what))).toEqual(
    expect.arrayContaining(['tools/call get_note', 'tools/call search', 'list_service (in the registry)']),
  );
  expect(callersOf(accessTo(after, person, 'notes').rows)).toEqual({
    named: ['readers'],
    everywhere: ['mcp-registry-admin'],
  });
});

test('A second group shares the rules that the first one got, and gets other ones where they differ', () => {
  const once = written(text, give(text)?.lines ?? []);
  const shared = give(once, { wanted: 'writers' })?.lines ?? [];
  expect(shared.map(({ id, text: added }) => [id, added])).toEqual([['lines-group', '    - notes/read']]);
  expect(callersOf(accessTo(parsePolicy(written(once, shared)), person, 'notes').rows).named).toEqual([
    'readers',
    'writers',
  ]);
  const other = give(once, { wanted: 'writers', tools: ['get_note'] })?.lines ?? [];
  expect(other.at(-1)?.text).toContain('notes/read-2:');
});

test('A group that is unknown or may call all tools already cannot be chosen', () => {
  for (const wanted of ['mcp-registry-admin', 'no-such-group', '"><b>'])
    expect(give(text, { wanted })?.group).toBe('readers');
  const policy = parsePolicy('group_mappings: { a: [s] }\ns: [{ server: "*", methods: ["*"], tools: ["*"] }]');
  expect(
    giveAccess(policy, 'notes', accessTo(policy, { ...person, groups: ['a'] }, 'notes'), { wanted: '', tools: [] }),
  ).toBeUndefined();
});

test('Without tools that only read, the lines allow no call', () => {
  const after = parsePolicy(written(text, give(text, { tools: [] })?.lines ?? []));
  const gains = diff(parsePolicy(text), after).filter(({ kind }) => kind === 'person');
  expect(gains.filter(({ what }) => what.startsWith('tools/call'))).toEqual([]);
});

test.each(['null', '1.5', 'true', '0x10', 'yes', '2026-01-01', '-', '.', 'a/b'])(
  'A tool called %s is written so that the policy file reads it back',
  (name) => {
    const after = parsePolicy(written(text, give(text, { tools: [name] })?.lines ?? []));
    expect(after.source.scopes.get('notes/read')?.[0]?.tools).toEqual([name]);
  },
);

test('A tool whose name a rule would read as more than one tool, or that waits for approval, is left out', () => {
  const reads = { annotations: { readOnlyHint: true } };
  const evil = ['*', 'get_*', 'all', 'a b', 'a\n    tools: ["*"]', 'a"', 'ä', ''].map((name) => toolOf(name, reads));
  const tools = [
    ...evil,
    toolOf('get', reads),
    toolOf('changed', reads),
    toolOf('silent'),
    toolOf('writes', { annotations: { readOnlyHint: false } }),
  ];
  expect(readTools(tools, (name) => name === 'changed')).toEqual({ named: ['get'], left: 9 });
});
