import { decide } from '../../../policy/decide.ts';
import { compilePolicy, expandMethods, type Rule } from '../../../policy/policy.ts';

const rule = (change: Partial<Rule>): Rule => ({
  at: 's[0]',
  server: 'a',
  methods: ['tools/call'],
  tools: [],
  toolRules: [],
  prompts: [],
  resources: [],
  ...change,
});
const call = (name: string) => [{ method: 'tools/call', object: { kind: 'tool', name } }] as const;

describe('the rules of one scope', () => {
  // Compiled again for each test, so that faults in compiling show here.
  const ask = (rules: Rule[], server: string, name: string) => {
    const policy = compilePolicy({ groups: new Map(), ui: new Map(), limits: [], scopes: new Map([['s', rules]]) });
    return decide(policy, ['s'], server, call(name));
  };

  test('add up when they name the same server and method, and the decision names the rule that allowed', () => {
    const rules = [rule({ tools: ['x', 'both'] }), rule({ at: 's[1]', tools: ['y', 'both'] })];
    expect(ask(rules, 'a', 'x')).toEqual({ allowed: true, rule: 's[0]' });
    expect(ask(rules, 'a', 'y')).toEqual({ allowed: true, rule: 's[1]' });
    expect(ask(rules, 'a', 'both')).toEqual({ allowed: true, rule: 's[0]' });
    expect(ask(rules, 'a', 'z')).toMatchObject({ allowed: false, reason: 'object_not_allowed' });
  });

  test('do not add up when they name different servers or methods', () => {
    const rules = [
      rule({ tools: ['x'] }),
      rule({ at: 's[1]', server: 'b', tools: ['y'] }),
      rule({ at: 's[2]', methods: ['prompts/get'], tools: ['z'], prompts: ['z'] }),
    ];
    expect(ask(rules, 'a', 'y')).toMatchObject({ allowed: false, reason: 'object_not_allowed' });
    expect(ask(rules, 'b', 'x')).toMatchObject({ allowed: false, reason: 'object_not_allowed' });
    expect(ask(rules, 'a', 'z')).toMatchObject({ allowed: false, reason: 'object_not_allowed' });
  });

  test('keep the source of the file beside the compiled form', () => {
    const scopes = new Map([['s', [rule({ server: 'all', methods: ['*'] })]]]);
    expect(compilePolicy({ groups: new Map(), ui: new Map(), limits: [], scopes }).source.scopes).toBe(scopes);
  });
});

describe('a glob over methods', () => {
  test.each([
    [['tools/*'], ['tools/list', 'tools/call']],
    [['resources/t*'], ['resources/templates/list']],
    [
      ['prompts/get', 'prompts/*', 'no/such'],
      ['prompts/list', 'prompts/get', 'no/such'],
    ],
    [
      ['skills/*', 'com.example/search'],
      ['skills/list', 'skills/get', 'com.example/search'],
    ],
    [['resources/directory/*', 'resources/directory/read'], ['resources/directory/read']],
    [['skills*', 'sk*', 'com.example/*'], []],
    [['Tools/Call', 'TOOLS/CALL', 'Tools/Li\u017ft', 'tools/call ', 'notifications/Initialized'], []],
    [['tools'], []],
    [['ping', 'initialize', '(stream)'], []],
    [[], []],
  ])('%j covers exactly %j', (patterns, covered) => {
    expect([...expandMethods(patterns)].sort()).toEqual([...covered].sort());
  });

  test.each(['*', 'all'])(
    '%s covers every method that a rule can allow, and no method that is allowed without a rule',
    (pattern) => {
      const covered = expandMethods([pattern]);
      expect(covered.has('tools/call')).toBe(true);
      expect(covered.has('subscriptions/listen')).toBe(true);
      expect(covered.has('initialize')).toBe(false);
    },
  );
});
