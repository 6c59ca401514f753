import { parsePolicy } from '../../../../../common/policy/policy-file.ts';
import { lint } from '../../../../../policy/review/lint/lint.ts';
import { lintSets } from '../../../../../policy/review/lint/sets.ts';

const policy = parsePolicy(`
group_mappings: { team: [people] }
UI-Scopes: { people: { list_service: [all] }, robots: { list_service: [all] } }
people:
  - { server: team, methods: [tools/list] }
  - { server: notes, methods: [tools/list, tools/call], tools: ["read_*"] }
  - { server: files, methods: [tools/list] }
robots:
  - { server: notes, methods: [tools/call], tools: [purge] }
`);
const found = (name: string, members: { server: string; tools: string[] | null }[]) =>
  lintSets(policy, [{ name, members }]).map(({ level, at, message }) => `${level} ${at}: ${message}`);

test('A set that offers what some group may call, and that some group may open, has no findings', () => {
  const members = [
    { server: 'notes', tools: ['read_one'] },
    { server: 'notes', tools: null },
  ];
  expect(found('team', members)).toEqual([]);
});

test('What a set offers and no group may call is a warning, and an info if agents may; being in a set grants nothing', () => {
  const tools = ['read_one', 'purge', 'write'];
  expect(
    found('team', [
      { server: 'notes', tools },
      { server: 'files', tools: null },
      { server: 'gone', tools },
    ]),
  ).toEqual([
    'warning set team: offers write of notes, which no group may call',
    'info set team: offers purge of notes, which only agents may call',
    'warning set team: offers every tool of files, which no group may call',
    'warning set team: offers read_one, purge, write of gone, which no group may call',
  ]);
  const many = Array.from({ length: 12 }, (_, i) => `t${i}`);
  expect(found('team', [{ server: 'notes', tools: many }])[0]).toMatch(/t9 and 2 more of notes/);
});

test('A set that no rule of a group names cannot be opened, which is a warning', () => {
  expect(found('other', [{ server: 'notes', tools: null }])).toEqual([
    'warning set other: no group may open it: no rule of a group names it',
  ]);
});

test('A rule may name the hub, which no server can be called', () => {
  const yaml =
    '{group_mappings: {g: [s]}, UI-Scopes: {s: {list_service: [a]}}, s: [{server: hub, methods: [tools/list]}]}';
  expect(lint(parsePolicy(yaml), new Set(['a']))).toEqual([]);
});
