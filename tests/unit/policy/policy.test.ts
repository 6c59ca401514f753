import { decide } from '../../../policy/decide.ts';
import { compilePolicy, endsOf, expandMethods, type Rule } from '../../../policy/policy.ts';

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

test.each<[patterns: string[], method: string, boolean]>([
  [['resources/*'], 'resources/read', true],
  [['resources/*'], 'resources/directory/read', false],
  [['resources/directory/*'], 'resources/directory/read', false],
  [['*'], 'resources/directory/read', false],
  [['*'], 'skills/list', false],
  [['resources/directory/read'], 'resources/directory/read', true],
  [['skills/*'], 'skills/list', true],
  [['skills/*'], 'skills/made-up', false],
  [['/*'], 'skills/list', false],
])('whether %j grants %s: %j', (patterns, method, expected) => {
  expect(expandMethods(patterns).has(method)).toBe(expected);
});

describe('what a policy is compiled to', () => {
  const rule = (at: string, change: Partial<Rule>): Rule => ({
    ...{ at, server: at, methods: ['*'], tools: [], toolRules: [], prompts: [], resources: [], ...change },
  });
  const compiled = (...rules: Rule[]) =>
    compilePolicy({ groups: new Map(), ui: new Map(), limits: [], scopes: new Map([['s', rules]]) });
  const methodsOn = (policy: ReturnType<typeof compiled>, server: string) =>
    policy.scopes.get('s')?.matching(server).next().value?.methods ?? new Map();

  test('methods of two rules that join to the same text stay apart', () => {
    const policy = compiled(rule('a', { methods: ['x/a', 'b/c'] }), rule('b', { methods: ['x/ab/c'] }));
    expect([...methodsOn(policy, 'a').keys()]).toEqual(['x/a', 'b/c']);
    expect([...methodsOn(policy, 'b').keys()]).toEqual(['x/ab/c']);
  });

  test('tools under a condition are there for calls of tools only', () => {
    const policy = compiled(rule('a', { toolRules: [{ pattern: 't', arguments: [], only: true }] }));
    const withTools = [...methodsOn(policy, 'a')].filter(([, { tools }]) => tools !== undefined);
    expect(withTools.map(([method]) => method)).toEqual(['tools/call']);
  });

  test('methods that many rules name are expanded once', () => {
    const again = ['tools/*', 'prompts/*'];
    again.filter = () => {
      throw new Error('expanded again');
    };
    const policy = compiled(rule('a', { methods: ['tools/*', 'prompts/*'] }), rule('b', { methods: again }));
    expect([...methodsOn(policy, 'b').keys()]).toEqual([...methodsOn(policy, 'a').keys()]);
  });

  test('its ends are those of rules and entries, each once, the first first', () => {
    const entry = (until?: number) => ({ pattern: 't', arguments: [], only: true, until });
    const { source } = compiled(
      rule('a', { until: 10, toolRules: [entry(9), entry(), entry(100)] }),
      rule('b', { toolRules: [entry(100)] }),
      rule('c', {}),
    );
    expect(endsOf(source)).toEqual([9, 10, 100]);
  });
});
