import { parsePolicy } from '../../../../../common/policy/policy-file.ts';
import { ruleWords, serverWords } from '../../../../../policy/review/words.ts';
import { answerTo, type Explained, questionIn } from '../../../../../registry/pages/rights/explained.ts';

const policy = parsePolicy(`
group_mappings:
  users: [look]
  admins: [look, pool/act]
look:
  - {server: clock, methods: [tools/list, resources/read], resources: ["file:///a/*"]}
pool/act:
  - {server: clock, methods: [tools/call], tools: [now, set_*]}
`);
const known = { servers: [{ name: 'clock', enabled: true }], tools: undefined };
const ask = (change: Record<string, string>) =>
  answerTo(policy, questionIn({ kind: 'group', who: 'users', server: 'clock', object: 'now', ...change }), known);

test('A denial shows what is missing and what would help; a permission shows its rule', () => {
  const denied = ask({}) as Explained;
  expect(denied).toMatchObject({ allowed: false, rule: undefined, helps: ['the group admins'] });
  expect(denied.verdict).toContain('a rule names the server, but none names the method');
  expect(denied.scopes[0]?.rules[0]).toEqual({
    at: 'look[0]',
    hit: false,
    words: 'has other methods: tools/list, resources/read',
  });
  expect(ask({ who: 'admins' })).toMatchObject({ allowed: true, rule: 'pool/act[0]', helps: [] });
  expect(ask({ who: 'users, admins' })).toMatchObject({ allowed: true });
  expect(ask({ kind: 'scope', who: 'pool/act' })).toMatchObject({ allowed: true });
  expect(ask({ kind: 'scope', who: 'look' })).toMatchObject({ allowed: false, helps: ['the scope pool/act'] });
});

test.each([
  [{ who: ' ' }, 'Name at least one group.'],
  [{ who: '', kind: 'scope' }, 'Name at least one scope.'],
  [{ server: '' }, 'Name the server.'],
  [{ object: '' }, 'tools/call requires a name: fill in the tool.'],
  [{ method: 'tools/list' }, 'tools/list takes no name: leave the last field empty.'],
])('An incomplete question (%j) is answered with what is missing', (change, said) => {
  expect(ask(change)).toBe(said);
});

test('Notes name what the policy or the gateway does not know', () => {
  const { notes } = ask({ who: 'users nobodies', server: 'No Server' }) as Explained;
  expect(notes).toEqual([
    'The policy does not know the group “nobodies”, so it grants nothing.',
    '“No Server” is not a valid server name: the gateway rejects it before the policy.',
  ]);
});

test('A resource is named by its URI, and the answer names a glob that does not apply to it', () => {
  const read = { method: 'resources/read' };
  expect(ask({ ...read, object: 'file:///a/b' })).toMatchObject({ allowed: true });
  const denied = ask({ ...read, object: 'file:///a/../b' }) as Explained;
  expect(denied.allowed).toBe(false);
  expect(denied.scopes[0]?.rules[0]?.words).toContain('file:///a/* would match');
});

test('Rules are explained in words', () => {
  const [look] = policy.source.scopes.get('look') ?? [];
  const [act] = policy.source.scopes.get('pool/act') ?? [];
  if (!look || !act) throw new Error('the policy above has both');
  expect(ruleWords(look)).toEqual(['connect', 'list the tools that may be called', 'read the resource file:///a/*']);
  expect(ruleWords(act)).toEqual(['connect', 'call the tools now, set_*']);
  expect(ruleWords({ ...act, tools: [] })).toContain('call no tool');
  expect([serverWords('all'), serverWords('a-*'), serverWords('x')]).toEqual([
    'every server',
    'servers that begin with “a-”',
    'x',
  ]);
});
