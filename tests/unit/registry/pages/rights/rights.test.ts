import { parsePolicy } from '../../../../../common/policy/policy-file.ts';
import { ruleWords, serverWords } from '../../../../../policy/review/words.ts';
import type { CatalogueEntry } from '../../../../../registry/access/catalogue.ts';
import type { Person } from '../../../../../registry/access/guards.ts';
import { answerTo, type Explained, questionIn } from '../../../../../registry/pages/rights/explained.ts';
import { rightsOf } from '../../../../../registry/pages/rights/rights.ts';

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

describe('with conditions', () => {
  const strict = parsePolicy(`
group_mappings: { users: [some], payers: [more] }
some: [{ server: bank, methods: [tools/call], tools: [{ name: pay, arguments: { amount: { max: 10 } } }, { name: drop, approve: person }] }]
more: [{ server: bank, methods: [tools/call], tools: [{ name: pay, arguments: { amount: { max: 100 } } }] }]
`);
  const asked = (object: string, json = '') =>
    answerTo(strict, questionIn({ who: 'users', server: 'bank', object, arguments: json }), known);

  test('an answer names the argument that fails, whom to ask, and groups whose rules allow these arguments', () => {
    const denied = asked('pay', '{"amount": 50}') as Explained;
    expect(denied).toMatchObject({ allowed: false, depends: false, helps: ['the group payers'] });
    expect(denied.verdict).toMatch(/none allows these arguments; the first that fails is “amount”\.$/);
    expect(denied.scopes[0]?.rules[0]?.words).toMatch(
      /^does not allow this amount: pay, when amount is at most 10; drop/,
    );
    expect(asked('pay', '{"amount": 500}')).toMatchObject({ allowed: false, helps: [] });
    expect(asked('pay', '{"amount": 5}')).toMatchObject({ allowed: true });
    const held = asked('drop', '{}') as Explained;
    expect(held.verdict).toMatch(/only after a person has approved the call: the caller may approve it\.$/);
    expect(held.scopes[0]?.rules[0]?.words).toBe('allows it after approval by the caller');
  });

  test('without arguments it says on which it depends', () => {
    expect(asked('pay')).toMatchObject({
      allowed: false,
      depends: true,
      verdict: 'A person in these groups may do tools/call “pay” on “bank” when amount is at most 10.',
    });
  });

  test.each([
    ['no JSON', '{amount', /must be a JSON object/],
    ['a key twice', '{"a": 1, "a": 2}', /a key stands twice/],
  ])('arguments that are %s are answered with what is wrong', (_, json, said) => {
    expect(asked('pay', json)).toMatch(said);
  });
});

test('My rights show what else has to hold for a call, until when a rule lasts, and hide what has ended', () => {
  const now = Date.parse('2029-01-01T00:00:00Z');
  const timed = parsePolicy(
    `
group_mappings: { users: [some] }
some:
  - { server: bank, methods: [tools/call], tools: [get, { name: pay, arguments: { amount: { max: 10 } } }, { hint: read-only }] }
  - { server: bank, methods: [tools/call], tools: [old], until: 2028-01-01T00:00:00Z }
`,
    now,
  );
  const tools = ['get', 'pay', 'look', 'old'].map((name) => ({ name }));
  const server = {
    name: 'bank',
    title: 'Bank',
    enabled: true,
    members: null,
    health: { tools },
  } as unknown as CatalogueEntry;
  const person = { scopes: ['some'], groups: ['users'], authMethod: 'session_cookie' } as unknown as Person;
  const guard = { readOnly: new Map([['bank', new Set(['look'])]]) };
  const { servers, scopes } = rightsOf(timed, person, [server], [server], guard);
  expect(servers[0]).toMatchObject({
    tools: ['get', 'pay', 'look'],
    conditional: [{ tool: 'pay', words: 'when amount is at most 10' }],
    denied: ['old'],
  });
  expect(scopes[0]?.rules.map(({ hasEnded, until }) => [hasEnded, until])).toEqual([
    [false, undefined],
    [true, '2028-01-01 00:00 UTC'],
  ]);
});
