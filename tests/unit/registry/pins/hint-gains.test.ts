import { parsePolicy } from '../../../../common/policy/policy-file.ts';
import type { Person } from '../../../../registry/access/guards.ts';
import { type HintGain, hintGains, hintRightOf } from '../../../../registry/pins/hint-gains.ts';

const policy = parsePolicy(`
group_mappings:
  readers: [readers]
  named: [named, readers]
  all: [all, readers]
  bound: [bound, readers]
  held: [held, readers]
  helped: [held, helpers]
  asked: [asking]
  elsewhere: [elsewhere]
  editors: [editors]
  plain: [plain]
UI-Scopes:
  editors: { list_service: [all], modify_service: [all], edit_policy: [all] }
  plain: { list_service: [all], modify_service: [all], edit_policy: [notes] }
readers: [{ server: notes, methods: [tools/call], tools: [{ hint: read-only }] }]
agents/read: [{ server: "n*", methods: [tools/call], tools: [{ hint: read-only }] }]
named: [{ server: notes, methods: [tools/call], tools: [find] }]
all: [{ server: "*", methods: [tools/call], tools: ["*"] }]
bound: [{ server: notes, methods: [tools/call], tools: [{ name: find, arguments: { box: [inbox] } }] }]
held: [{ server: notes, methods: [tools/call], tools: [{ name: find, approve: { groups: [editors] } }] }]
helpers: [{ server: notes, methods: [tools/call], tools: [{ hint: read-only, approve: person }] }]
asking: [{ server: notes, methods: [tools/call], tools: [{ hint: read-only, approve: person }] }]
elsewhere: [{ server: other, methods: [tools/call], tools: [{ hint: read-only }] }]
`);
const gainsOf = (tools: string[], server = 'notes') =>
  [...hintGains(policy, server, tools)].map(({ kind, name, tools: own }: HintGain) => `${kind} ${name}: ${own}`);

test.each<[string, string[], string, string[]]>([
  ['no tool', [], 'notes', []],
  [
    'a tool that no other rule names',
    ['list'],
    'notes',
    [
      'group readers: list',
      'group named: list',
      'group bound: list',
      'group held: list',
      'group helped: list',
      'group asked: list',
      'agent agents/read: list',
    ],
  ],
  [
    'a tool that other rules name',
    ['find'],
    'notes',
    [
      'group readers: find',
      'group bound: find',
      'group held: find',
      'group helped: find',
      'group asked: find',
      'agent agents/read: find',
    ],
  ],
  ['tools of a server that only a pattern names', ['find'], 'nearby', ['agent agents/read: find']],
  ['tools of a server that no hint rule names', ['find'], 'time', []],
])(
  'Once the hint counts of %s, those gain whom a hint rule gives more, and no others',
  (_what, tools, server, gains) => {
    expect(gainsOf(tools, server)).toEqual(gains);
  },
);

const person = (scopes: string[], more: Partial<Person> = {}): Person => {
  return { sub: 's', username: 'u', groups: scopes, scopes, authMethod: 'session_cookie', ...more };
};
test('A person without edit_policy for all makes no hint count by which someone gains', () => {
  const right = hintRightOf(policy, person(['plain']), 'notes');
  expect(() => right?.(['list'])).toThrow(/people in readers.* call list: it takes the permission edit_policy/);
  expect(() => right?.([])).not.toThrow();
  expect(() => hintRightOf(policy, person(['plain']), 'time')?.(['list'])).not.toThrow();
});

test('A person with edit_policy does, also with a token', () => {
  expect(() => hintRightOf(policy, person(['editors']), 'notes')?.(['list'])).not.toThrow();
  expect(() => hintRightOf(policy, person(['editors'], { authMethod: 'jwt' }), 'notes')?.(['list'])).not.toThrow();
});

test("What an agent approves is not a person's approval", () => {
  expect(hintRightOf(policy, person(['editors'], { authMethod: 'jwt', groups: [] }), 'notes')).toBeUndefined();
});
