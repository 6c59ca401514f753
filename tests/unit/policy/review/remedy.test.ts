import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { parsePolicy } from '../../../../common/policy/policy-file.ts';
import { decide } from '../../../../policy/decide.ts';
import { compilePolicy, scopesOfGroups } from '../../../../policy/policy.ts';
import { type Access, unknownArguments } from '../../../../policy/request/mcp-request.ts';
import { type Denied, groupsThatHelp, scopeThatHelps } from '../../../../policy/review/remedy.ts';
import { anyPolicy, questions } from '../policies.ts';

const tool = (name: string): Access => ({ method: 'tools/call', object: { kind: 'tool', name } });
const resource = (name: string): Access => ({ method: 'resources/read', object: { kind: 'resource', name } });
const denied = (scopes: string[], server: string, ...accesses: [Access, ...Access[]]): Denied => ({
  scopes,
  server,
  accesses,
});

describe('with the shipped policy', () => {
  const policy = parsePolicy(readFileSync('scopes.yml', 'utf8'));
  const [restricted, unrestricted] = ['mcp-servers-restricted/', 'mcp-servers-unrestricted/'];

  test.each<[string, string[], string, Access, string | undefined]>([
    ['calling a tool, with restricted read', ['restricted/read'], 'currenttime', tool('x'), `${restricted}execute`],
    [
      'calling a tool, with unrestricted read',
      ['unrestricted/read'],
      'currenttime',
      tool('x'),
      `${unrestricted}execute`,
    ],
    [
      'listing tools, with restricted execute',
      ['restricted/execute'],
      'fininfo',
      { method: 'tools/list' },
      `${restricted}read`,
    ],
    ['changing the registry', ['restricted/read'], 'mcpgw', tool('register_service'), `${unrestricted}execute`],
    ['calling a tool of any other server', ['unrestricted/read'], 'echo', tool('x'), `${unrestricted}execute`],
    ['a method that no rule can allow', ['restricted/read'], 'currenttime', { method: 'admin/reset' }, undefined],
    ['a call that names no tool', ['restricted/read'], 'currenttime', { method: 'tools/call' }, undefined],
    ['a method that is already allowed', ['restricted/read'], 'currenttime', { method: 'tools/list' }, undefined],
    [
      'a server that the caller neither uses nor sees',
      ['restricted/execute'],
      'mcpgw',
      { method: 'tools/list' },
      undefined,
    ],
    ['a caller without scopes', [], 'currenttime', { method: 'tools/list' }, undefined],
  ])('for %s the suggested scope is right', (_what, held, server, access, scope) => {
    const scopes = held.map((name) => `mcp-servers-${name}`);
    expect(scopeThatHelps(policy, denied(scopes, server, access))).toBe(scope);
  });

  test('a person gets the groups that would help, the least powerful first, and no more than requested', () => {
    const call = denied(scopesOfGroups(policy, ['mcp-registry-user']), 'currenttime', tool('x'));
    const all = ['mcp-registry-operator', 'mcp-registry-developer', 'mcp-registry-admin'];
    expect(groupsThatHelp(policy, call, 3)).toEqual(all);
    expect(groupsThatHelp(policy, call, 1)).toEqual(all.slice(0, 1));
  });
});

describe('the suggested scope', () => {
  const policy = (text: string) =>
    parsePolicy(`group_mappings: {}\nheld/list:\n  - {server: s, methods: [x]}\n${text}`);
  const call = denied(['held/list'], 's', tool('t'));
  const rule = (server: string, tools: string, methods = 'tools/call') =>
    `  - {server: "${server}", methods: ["${methods}"], tools: [${tools}]}\n`;

  test.each<[string, string, string | undefined]>([
    ['the one with fewer names', `b/two:\n${rule('s', 't, u')}a/one:\n${rule('s', 't')}`, 'a/one'],
    ['names rather than a glob', `b/glob:\n${rule('s', '"t*"')}a/two:\n${rule('s', 't, u, v')}`, 'a/two'],
    ['`all` counts as a glob', `b/all:\n${rule('s', 'all')}a/two:\n${rule('s', 't, u')}`, 'a/two'],
    ['one server rather than all', `b/all:\n${rule('*', 't')}a/globs:\n${rule('s', '"*"', '*')}`, 'a/globs'],
    ['the first of two equal ones', `b/one:\n${rule('s', 't')}a/one:\n${rule('s', 't')}`, 'b/one'],
    [
      'the one of a resource server that the agent already uses',
      `a/one:\n${rule('s', 't')}held/all:\n${rule('*', '"*"')}`,
      'held/all',
    ],
    ['none, if each allows something else', `a/u:\n${rule('s', 'u')}a/o:\n${rule('other', 't')}`, undefined],
    ['none without a slash, which Cognito requires', `plain:\n${rule('s', 't')}`, undefined],
    ['none with a space', `"a b/c":\n${rule('s', 't')}`, undefined],
    ['none with a quote', `'a"/c':\n${rule('s', 't')}`, undefined],
    ['none with a backslash', `'a\\/c':\n${rule('s', 't')}`, undefined],
    ['none with non-ASCII letters', `größe/c:\n${rule('s', 't')}`, undefined],
    ['none without a name', `a/:\n${rule('s', 't')}`, undefined],
    ['none without an identifier', `/a:\n${rule('s', 't')}`, undefined],
    ['none with an identifier that is too long', `${'a'.repeat(257)}/c:\n${rule('s', 't')}`, undefined],
    ['one whose identifier is a URL', `https://gw.example/s/use:\n${rule('s', 't')}`, 'https://gw.example/s/use'],
  ])('is %s', (_what, text, scope) => {
    expect(scopeThatHelps(policy(text), call)).toBe(scope);
  });

  test('allows everything that is missing, not only a part of it', () => {
    const some = 'a/one:\n  - {server: s, methods: [resources/read], resources: ["x:1"]}\n';
    const all = 'b/both:\n  - {server: s, methods: [resources/read], resources: ["x:1", "x:2"]}\n';
    const asked = denied(['held/list'], 's', resource('x:1'), resource('x:2'));
    expect(scopeThatHelps(policy(some), asked)).toBeUndefined();
    expect(scopeThatHelps(policy(some + all), asked)).toBe('b/both');
    expect(scopeThatHelps(policy(some + all), denied(['held/list', 'a/one'], 's', resource('x:2')))).toBe('b/both');
  });
});

test('does not reveal to a caller without permission whether a server exists', () => {
  const policy = parsePolicy(`
group_mappings: {falcon: [falcon/use]}
UI-Scopes: {seer/see: {list_service: [secret-plans]}}
falcon/use:
  - {server: secret-plans, methods: [tools/call], tools: ["*"]}
`);
  const help = (scopes: string[], server: string) => {
    const asked = denied(scopes, server, tool('x'));
    return [scopeThatHelps(policy, asked), ...groupsThatHelp(policy, asked, 3)];
  };
  expect(help(['other/read'], 'secret-plans')).toEqual(help(['other/read'], 'nowhere'));
  expect(help(['seer/see'], 'secret-plans')).toEqual(['falcon/use', 'falcon']);
  expect(help(['seer/see'], 'nowhere')).toEqual([undefined]);
});

test('would allow the request, and is missing only if no scope would, for any policy', () => {
  let offered = 0;
  fc.assert(
    fc.property(anyPolicy, fc.subarray(['p/s', 'q/t', 'p/none']), (random, scopes) => {
      const { groups, scopes: rules } = random.source;
      const renamed = new Map([...rules].map(([name, all]) => [name === 's' ? 'p/s' : 'q/t', all]));
      const seen = new Map(scopes.map((scope) => [scope, new Map([['list_service', ['*']]])]));
      const mapped = new Map([...groups].map(([g, all]) => [g, all.map((name) => (name === 's' ? 'p/s' : 'q/t'))]));
      const policy = compilePolicy({ groups: mapped, ui: seen, limits: [], scopes: renamed });
      const wrong = questions.filter(([server, access]) => {
        const asked = denied(scopes, server, access);
        const allows = (more: readonly string[]) => decide(policy, [...scopes, ...more], server, [access]).allowed;
        const wanted = scopes.length > 0 && !allows([]);
        const scope = scopeThatHelps(policy, asked);
        const someGroups = groupsThatHelp(policy, asked, 9);
        if (scope !== undefined) offered++;
        const goodScope = scope === undefined ? !wanted || !['p/s', 'q/t'].some((s) => allows([s])) : allows([scope]);
        const expected = [...mapped].filter(([, given]) => wanted && allows(given)).map(([name]) => name);
        return !goodScope || [...someGroups].sort().join() !== expected.sort().join();
      });
      expect(wrong).toEqual([]);
    }),
    { numRuns: 60 },
  );
  expect(offered).toBeGreaterThan(100);
});

describe('the cost of the search', () => {
  const thousand = (server: (i: number) => string) =>
    compilePolicy({
      groups: new Map(),
      limits: [],
      ui: new Map([['a/held', new Map([['list_service', ['*']]])]]),
      scopes: new Map(
        Array.from({ length: 1000 }, (_, i) => [
          `a/s${String(i).padStart(3, '0')}`,
          Array.from({ length: 10 }, (_rule, j) => ({
            at: '',
            server: server(i * 10 + j),
            methods: ['tools/call'],
            tools: [`t${i}`],
            toolRules: [],
            prompts: [],
            resources: [],
          })),
        ]),
      ),
    });

  test('with ten thousand rules for as many servers covers only those for the requested server', () => {
    const policy = thousand((n) => `server-${n}`);
    expect(scopeThatHelps(policy, denied(['a/held'], 'server-9995', tool('t999')))).toBe('a/s999');
  });

  test('with a thousand scopes for one server ends before all are examined', () => {
    const policy = thousand(() => 's');
    expect(scopeThatHelps(policy, denied(['a/held'], 's', tool('t150')))).toBe('a/s150');
    expect(scopeThatHelps(policy, denied(['a/held'], 's', tool('t950')))).toBeUndefined();
  });

  test('is skipped for a request with very many or very long names', () => {
    const policy = parsePolicy(`
group_mappings: {}
UI-Scopes: {a/held: {list_service: [s]}}
a/all:
  - {server: s, methods: [resources/read], resources: ["*"]}
`);
    const many = (count: number, length: number) => {
      const [first = resource('x:a'), ...rest] = Array.from({ length: count }, () =>
        resource(`x:${'a'.repeat(length - 2)}`),
      );
      return scopeThatHelps(policy, denied(['a/held'], 's', first, ...rest));
    };
    expect([many(16, 1024), many(17, 10), many(1, 1025)]).toEqual(['a/all', undefined, undefined]);
  });
});

describe('the limit of the search', () => {
  const rule = (server: string, methods: string[], tools: string[], resources: string[] = []) => ({
    at: '',
    server,
    methods,
    tools,
    toolRules: [],
    prompts: [],
    resources,
  });
  type Rules = Record<string, ReturnType<typeof rule>[]>;
  const seen = new Map([['a/held', new Map([['list_service', ['*']]])]]);
  const policyOf = (scopes: Rules, groups: Record<string, string[]> = {}) =>
    compilePolicy({
      groups: new Map(Object.entries(groups)),
      ui: seen,
      limits: [],
      scopes: new Map(Object.entries(scopes)),
    });
  const call = denied(['a/held'], 's', tool('t'));

  test('keeps the least powerful scope first, with the server by name or by glob', () => {
    const both = [rule('s', ['tools/call'], ['t']), rule('*', ['tools/call'], ['t'])];
    const less = [rule('*', ['tools/call'], ['t'])];
    expect(scopeThatHelps(policyOf({ 'b/both': both, 'c/less': less }), call)).toBe('c/less');
    expect(groupsThatHelp(policyOf({ both, less }, { big: ['both'], small: ['less'] }), call, 9)).toEqual([
      'small',
      'big',
    ]);
  });

  test('allows the last of two hundred scopes for one server to be found, and no later one', () => {
    const only = (last: number) =>
      policyOf(
        Object.fromEntries(
          Array.from({ length: last }, (_, i) => [`a/${i}`, [rule('s', ['tools/call'], [i === last - 1 ? 't' : 'u'])]]),
        ),
      );
    expect(scopeThatHelps(only(200), call)).toBe('a/199');
    expect(scopeThatHelps(only(201), call)).toBeUndefined();
  });

  test('is lower for a request with several accesses', () => {
    const [first = resource('x:0'), ...others] = Array.from({ length: 16 }, (_, i) => resource(`x:${i}`));
    const policy = policyOf(
      Object.fromEntries(
        Array.from({ length: 20 }, (_, i) => [`a/${i}`, [rule('s', ['resources/read'], [], [i < 19 ? 'x:no' : '*'])]]),
      ),
    );
    expect(scopeThatHelps(policy, denied(['a/held'], 's', first))).toBe('a/19');
    expect(scopeThatHelps(policy, denied(['a/held'], 's', first, ...others))).toBeUndefined();
  });

  test('is reached by one very long name, among short ones or beside a method without a name', () => {
    const policy = policyOf({ 'a/all': [rule('s', ['resources/read', 'tools/list'], [], ['*'])] });
    const long = resource(`x:${'a'.repeat(1023)}`);
    expect(scopeThatHelps(policy, denied(['a/held'], 's', resource('x:a')))).toBe('a/all');
    expect(scopeThatHelps(policy, denied(['a/held'], 's', resource('x:a'), long))).toBeUndefined();
    expect(scopeThatHelps(policy, denied(['a/held'], 's', { method: 'tools/list' }, long))).toBeUndefined();
  });

  test('does not count scopes of a group that no rule defines', () => {
    const many = Array.from({ length: 300 }, (_, i) => `page/${i}`);
    const policy = policyOf({ use: [rule('s', ['tools/call'], ['t'])] }, { g: [...many, 'use'] });
    expect(groupsThatHelp(policy, call, 1)).toEqual(['g']);
  });

  test('the rules of a policy are ranked once, at the first denial', () => {
    const compiled = policyOf({ 'a/use': [rule('s', ['tools/call'], ['t'])] });
    let looks = 0;
    const policy = Object.defineProperty({ ...compiled }, 'source', {
      get: () => {
        looks++;
        return compiled.source;
      },
    });
    expect(scopeThatHelps(policy, call)).toBe('a/use');
    const atFirst = looks;
    expect(scopeThatHelps(policy, call)).toBe('a/use');
    expect(atFirst).toBeGreaterThan(0);
    expect(looks).toBe(atFirst);
  });
});

test('the more values the arguments have, the fewer groups are tried', () => {
  const names = Array.from({ length: 150 }, (_, i) => `g${i}`);
  const policy = parsePolicy(`
group_mappings: { ${names.map((name) => `${name}: [${name}]`).join(', ')} }
${names.map((name, i) => `${name}:\n  - { server: s, methods: [tools/call], tools: [{ name: t, arguments: { k: [${i}], n: [1] } }] }`).join('\n')}
`);
  const helps = (count: number) => {
    const given = { k: 149, n: Array.from({ length: count }, () => 1) };
    const object = { kind: 'tool', name: 't' } as const;
    const asked: [Access] = [{ method: 'tools/call', object, arguments: given }];
    return groupsThatHelp(policy, { scopes: ['g0'], server: 's', accesses: asked }, 1);
  };
  expect(helps(10)).toEqual(['g149']);
  expect(helps(50_000)).toEqual([]);
});

describe('with rules that have conditions', () => {
  const policy = parsePolicy(`
group_mappings: { none: [none], small: [small], large: [large], held: [held], hint: [hint], all: [all] }
none: [{ server: bank, methods: [tools/list] }]
small: [{ server: bank, methods: [tools/call], tools: [{ name: pay, arguments: { amount: { max: 10 } } }] }]
large: [{ server: bank, methods: [tools/call], tools: [{ name: pay, arguments: { amount: { max: 100 } } }, get] }]
held: [{ server: bank, methods: [tools/call], tools: [{ name: pay, approve: person }] }]
hint: [{ server: bank, methods: [tools/call], tools: [{ hint: read-only }, list] }]
all: [{ server: bank, methods: [tools/call], tools: ["*"] }]
`);
  const pay = (amount: number): Access => ({ ...tool('pay'), arguments: { amount } });
  const readOnly = { readOnly: new Map([['bank', new Set(['pay'])]]) };

  test.each<[string, string[], Access, Denied['tools'], string[]]>([
    ['a small amount', ['none'], pay(5), undefined, ['small', 'large', 'all', 'held']],
    ['a larger amount', ['small'], pay(50), undefined, ['large', 'all', 'held']],
    ['a call that waits for an approval', ['held'], pay(5), undefined, ['small', 'large', 'all']],
    ['a tool that only reads', ['none'], pay(500), readOnly, ['hint', 'all', 'held']],
    [
      'a tool of which no arguments are known',
      ['none'],
      { ...tool('pay'), arguments: unknownArguments },
      undefined,
      ['all', 'held'],
    ],
  ])(
    'for %s, the groups that would help are those that allow it with these arguments, then those that hold it',
    (...args) => {
      const [, scopes, access, tools, expected] = args;
      expect(groupsThatHelp(policy, { ...denied(scopes, 'bank', access), tools }, 9)).toEqual(expected);
    },
  );
});
