import { readFileSync } from 'node:fs';
import { parsePolicy } from '../../../common/policy/policy-file.ts';
import { decide } from '../../../policy/decide.ts';
import { scopesOfGroups } from '../../../policy/policy.ts';
import type { Access } from '../../../policy/request/mcp-request.ts';
import { lifecycle } from '../../../policy/request/methods.ts';

const policy = parsePolicy(readFileSync('scopes.yml', 'utf8'));
const inGroup = (group: string) => scopesOfGroups(policy, [group]);
const people: Record<string, readonly string[]> = {
  admin: inGroup('mcp-registry-admin'),
  operator: inGroup('mcp-registry-operator'),
  developer: inGroup('mcp-registry-developer'),
  user: inGroup('mcp-registry-user'),
  'a person in no group': [],
  'a person in a group that the policy does not define': inGroup('finance'),
  'an agent with unrestricted read and execute': ['mcp-servers-unrestricted/read', 'mcp-servers-unrestricted/execute'],
  'an agent with unrestricted execute only': ['mcp-servers-unrestricted/execute'],
  'an agent with restricted read only': ['mcp-servers-restricted/read'],
  'an agent with a scope that the policy does not define': ['openid'],
};

const tool = (name: string): Access => ({ method: 'tools/call', object: { kind: 'tool', name } });
const resource = (name: string): Access => ({ method: 'resources/read', object: { kind: 'resource', name } });
const prompt = (name: string): Access => ({ method: 'prompts/get', object: { kind: 'prompt', name } });
const just = (method: string): Access => ({ method });

function verdict(scopes: readonly string[], server: string, ...accesses: [Access, ...Access[]]): string {
  const decision = decide(policy, scopes, server, accesses);
  return decision.allowed ? 'allowed' : decision.reason;
}

describe('with the shipped policy', () => {
  test.each<[string, string, Access, string]>([
    ['admin', 'currenttime', just('tools/list'), 'allowed'],
    ['admin', 'registered-yesterday', tool('anything'), 'allowed'],
    ['admin', 'mcpgw', tool('register_service'), 'allowed'],
    ['admin', 'mcpgw', just('no/such/method'), 'unknown_method'],
    ['admin', 'mcpgw', just('tasks/result'), 'allowed'],
    ['user', 'mcpgw', just('tasks/result'), 'method_not_allowed'],
    ['admin', 'mcpgw', just('tasks/made-up'), 'unknown_method'],
    ['operator', 'currenttime', tool('current_time_by_timezone'), 'allowed'],
    ['operator', 'mcpgw', tool('healthcheck'), 'allowed'],
    ['operator', 'mcpgw', tool('toggle_service'), 'object_not_allowed'],
    ['operator', 'registered-yesterday', just('tools/list'), 'server_not_allowed'],
    ['developer', 'fininfo', tool('get_stock_aggregates'), 'allowed'],
    ['developer', 'mcpgw', tool('register_service'), 'object_not_allowed'],
    ['developer', 'fininfo', resource('file:///report.txt'), 'allowed'],
    ['user', 'fininfo', just('tools/list'), 'allowed'],
    ['user', 'fininfo', tool('get_stock_aggregates'), 'method_not_allowed'],
    ['user', 'fininfo', prompt('summary'), 'allowed'],
    ['user', 'mcpgw', tool('intelligent_tool_finder'), 'allowed'],
    ['user', 'mcpgw', tool('remove_service'), 'object_not_allowed'],
    ['user', 'registered-yesterday', just('initialize'), 'server_not_allowed'],
    ['a person in no group', 'currenttime', just('tools/list'), 'no_scope'],
    ['a person in no group', 'currenttime', just('initialize'), 'no_scope'],
    ['a person in a group that the policy does not define', 'currenttime', just('tools/list'), 'no_scope'],
    ['an agent with unrestricted read and execute', 'registered-yesterday', tool('anything'), 'allowed'],
    ['an agent with unrestricted execute only', 'currenttime', tool('anything'), 'allowed'],
    ['an agent with unrestricted execute only', 'currenttime', just('tools/list'), 'method_not_allowed'],
    ['an agent with restricted read only', 'currenttime', just('tools/list'), 'allowed'],
    ['an agent with restricted read only', 'currenttime', tool('anything'), 'method_not_allowed'],
    ['an agent with a scope that the policy does not define', 'currenttime', just('ping'), 'server_not_allowed'],
  ])('%s on %s asking for %j gets: %s', (who, server, access, expected) => {
    expect(verdict(people[who] ?? [], server, access)).toBe(expected);
  });

  const questions: [string, Access][] = ['currenttime', 'mcpgw', 'registered-yesterday'].flatMap((server) =>
    [just('tools/list'), tool('any_tool'), tool('healthcheck'), resource('file:///a')].map(
      (access): [string, Access] => [server, access],
    ),
  );
  const allowedTo = (scope: string) =>
    questions.filter(([server, access]) => verdict([scope], server, access) === 'allowed');

  test('the four combinations of read or execute with restricted or unrestricted grant different permissions', () => {
    const scopes = ['unrestricted/read', 'unrestricted/execute', 'restricted/read', 'restricted/execute'];
    const answers = scopes.map((scope) => JSON.stringify(allowedTo(`mcp-servers-${scope}`)));
    expect(new Set(answers).size).toBe(4);
  });

  test.each(['read', 'execute'])('unrestricted %s allows everything that restricted allows, and more', (kind) => {
    const restricted = allowedTo(`mcp-servers-restricted/${kind}`);
    const unrestricted = allowedTo(`mcp-servers-unrestricted/${kind}`);
    expect(unrestricted).toEqual(expect.arrayContaining(restricted));
    expect(unrestricted.length).toBeGreaterThan(restricted.length);
    expect(restricted.length).toBeGreaterThan(0);
  });
});

const own = parsePolicy(`
group_mappings: {}
list: [{server: a, methods: [tools/list]}]
everything: [{server: "*", methods: ["*"], tools: ["*"], prompts: ["*"], resources: ["*"]}]
all: [{server: all, methods: [all], resources: [all]}]
getters: [{server: a, methods: [tools/call], tools: ["get_*", exact]}]
files: [{server: a, methods: [tools/call, prompts/get], tools: ["files/*"], prompts: ["files/*"]}]
no-objects: [{server: a, methods: ["*"]}]
data: [{server: a, methods: [resources/*, subscriptions/listen], resources: ["file:///data/*", "file:///up/../x"]}]
completer: [{server: a, methods: [completion/complete], resources: ["file:///data/*", "file:///up/{x}"]}]
everything-under: [{server: a, methods: [resources/read], resources: ["file:///*"]}]
prompter: [{server: a, methods: [completion/complete], prompts: [greet]}]
apart:
  - {server: a, methods: [tools/call], tools: [on_a]}
  - {server: b, methods: [tools/call], tools: [on_b]}
  - {server: "a*", methods: [prompts/get], prompts: [p]}
`);
const ask = (scopes: string[], server: string, ...accesses: [Access, ...Access[]]) =>
  decide(own, scopes, server, accesses);

describe('the lifecycle', () => {
  test.each([...lifecycle])(
    'step %s is allowed by any rule for the server, and by no rule for another server',
    (method) => {
      expect(ask(['list'], 'a', just(method))).toEqual({ allowed: true, rule: 'list[0]' });
      expect(ask(['list'], 'b', just(method))).toMatchObject({ allowed: false, reason: 'server_not_allowed' });
      expect(ask([], 'a', just(method))).toMatchObject({ allowed: false, reason: 'no_scope' });
    },
  );
});

describe('methods and objects', () => {
  test.each(['tools/lists', 'TOOLS/CALL', 'tools/call ', 'tasks/gets', 'notifications/made-up', '', 'constructor'])(
    'the unknown method %j is denied, even to a caller with * for everything',
    (method) => {
      expect(ask(['everything'], 'a', just(method))).toMatchObject({ allowed: false, reason: 'unknown_method' });
    },
  );

  test.each([
    ['tools', tool],
    ['prompts', prompt],
  ])('a glob of %s goes by letters, unlike one of resources', (_kind, named) => {
    expect(ask(['files'], 'a', named('files/../x')).allowed).toBe(true);
    expect(ask(['files'], 'a', named('file/x')).allowed).toBe(false);
  });

  test.each([
    ['get_time', true],
    ['get_', true],
    ['exact', true],
    ['get', false],
    ['GET_time', false],
    ['exact2', false],
    ['set_time', false],
    ['get_*', true],
    ['*', false],
    ['', false],
  ])('the tool %j under the patterns get_* and exact is allowed: %s', (name, allowed) => {
    expect(ask(['getters'], 'a', tool(name)).allowed).toBe(allowed);
  });

  test.each(['tools/call', 'prompts/get', 'resources/read', 'resources/subscribe', 'completion/complete'])(
    '%s without an object, or under a rule without an object list, is denied',
    (method) => {
      expect(ask(['everything'], 'a', just(method))).toMatchObject({ reason: 'object_not_allowed' });
      const object = { kind: 'tool', name: 'x' } as const;
      expect(ask(['no-objects'], 'a', { method, object })).toMatchObject({ reason: 'object_not_allowed' });
    },
  );

  test('a grant for one kind of object does not apply to another: a prompt with the name of a tool stays denied', () => {
    expect(ask(['getters'], 'a', prompt('exact')).allowed).toBe(false);
    expect(
      ask(['prompter'], 'a', { method: 'completion/complete', object: { kind: 'resource', name: 'greet' } }),
    ).toEqual(expect.objectContaining({ allowed: false }));
  });

  test('completion is allowed only for a reference that the rule names', () => {
    const complete = (name: string): Access => ({ method: 'completion/complete', object: { kind: 'prompt', name } });
    expect(ask(['prompter'], 'a', complete('greet')).allowed).toBe(true);
    expect(ask(['prompter'], 'a', complete('other')).allowed).toBe(false);
  });

  test('rules for different servers do not combine', () => {
    expect(ask(['apart'], 'a', tool('on_a'))).toEqual({ allowed: true, rule: 'apart[0]' });
    expect(ask(['apart'], 'a', tool('on_b')).allowed).toBe(false);
    expect(ask(['apart'], 'b', prompt('p')).allowed).toBe(false);
    expect(ask(['apart'], 'abc', prompt('p'))).toEqual({ allowed: true, rule: 'apart[2]' });
  });

  test('a request with several accesses needs all of them allowed, and the denial names the first one that is not', () => {
    const denied = ask(['getters', 'list'], 'a', just('tools/list'), tool('get_x'), tool('set_x'));
    expect(denied).toEqual({ allowed: false, reason: 'object_not_allowed', access: tool('set_x') });
    expect(ask(['getters', 'list'], 'a', just('tools/list'), tool('get_x'))).toEqual({
      allowed: true,
      rule: 'list[0]',
    });
  });
});

describe('resource URIs', () => {
  test.each([
    ['file:///data/a.txt', true],
    ['file:///data/', true],
    ['file:///data/../etc/passwd', false],
    ['file:///data/./a', false],
    ['file:///data/%2e%2e/etc/passwd', false],
    ['file:///data/%2E%2E/etc', false],
    ['file:///data/..%2fetc', false],
    ['file:///data/x%5c..%5cetc', false],
    ['file:///data\\..\\etc', false],
    ['file:///data/a b', false],
    ['file:///data/a\tb', false],
    [' file:///data/a', false],
    ['FILE:///data/a', false],
    ['file:///dat', false],
    ['file:///up/../x', true],
    ['file:///x', false],
    ['data/a', false],
  ])('%j under the patterns file:///data/* and file:///up/../x is allowed: %s', (uri, allowed) => {
    expect(ask(['data'], 'a', resource(uri)).allowed).toBe(allowed);
  });

  test.each([
    'http://host/a',
    'http://user@host/a',
    'postgres://user:pw@host:5432/db',
    'http://host/../a',
    'http://HOST/a%2Fb',
    'note:pub/../secret',
    'docs/Übersicht 2.pdf',
    'no uri at all',
    'мемо://日本/✓',
    'file:///{+path}',
  ])('%j is allowed by a lone * and by "all", which guard nothing', (uri) => {
    for (const scope of ['everything', 'all'])
      for (const method of ['resources/read', 'resources/subscribe', 'completion/complete'])
        expect(ask([scope], 'a', { method, object: { kind: 'resource', name: uri } }).allowed).toBe(true);
  });

  test.each([
    ['file:///data/{name}', true],
    ['file:///data/{name}.txt', true],
    ['file:///data/{year}/{month,day}', true],
    ['file:///data/{+path}', true],
    ['file:///data/a{?q,page}', true],
    ['file:///data/{list*}', true],
    ['file:///data/{name:3}/b', true],
    ['file:///data/a.txt', true],
    ['file:///up/{x}', true],
    ['file:///up/{y}', false],
    ['file:///data{/path}', false],
    ['file:///dat{x}', false],
    ['file:///{+path}', false],
    ['{+uri}', false],
    ['{scheme}:///data/{x}', false],
    ['file:///data/../etc/{name}', false],
    ['file:///data/{name}/../../etc/{x}', false],
    ['file:///data/%2e%2e/{name}', false],
    ['file:///data/{x}//{y}', false],
    ['file:///data/{x', false],
    ['file:///data/x}', false],
    ['file:///data/{}', false],
    ['file:///data/{../../etc}', false],
    ['file:///data/{{x}}', false],
    ['file:///data/{x} {y}', false],
    [`file:///data/{${'x'.repeat(4_096)}}`, false],
  ])('the template %j may be completed under the patterns file:///data/* and file:///up/{x}: %s', (name, allowed) => {
    const access: Access = { method: 'completion/complete', object: { kind: 'resource', name } };
    expect(ask(['completer'], 'a', access).allowed).toBe(allowed);
    // A template is no resource: where braces are read, they are part of a name.
    if (name.includes('{') && name !== 'file:///up/{x}')
      expect(ask(['everything-under'], 'a', resource(name)).allowed).toBe(false);
  });

  test('a subscription needs permission for every URI that it names, and may name none', () => {
    const listen = (name: string): Access => ({ method: 'subscriptions/listen', object: { kind: 'resource', name } });
    const start = just('subscriptions/listen');
    expect(ask(['data'], 'a', start).allowed).toBe(true);
    expect(ask(['data'], 'a', start, listen('file:///data/1'), listen('file:///data/2')).allowed).toBe(true);
    expect(ask(['data'], 'a', start, listen('file:///data/1'), listen('file:///etc/x')).allowed).toBe(false);
    expect(ask(['list'], 'a', start).allowed).toBe(false);
  });
});

describe('where tools need approval', () => {
  const approved = {
    approved: new Map([['currenttime', new Set(['current_time_by_timezone'])]]),
    readOnly: new Map(),
  };
  test.each<[string, string, Access, string]>([
    ['admin', 'currenttime', tool('current_time_by_timezone'), 'allowed'],
    ['admin', 'currenttime', tool('another'), 'tool_changed'],
    ['admin', 'a-server-without-approvals', tool('current_time_by_timezone'), 'tool_changed'],
    ['admin', 'currenttime', just('tools/list'), 'allowed'],
    ['admin', 'currenttime', prompt('another'), 'allowed'],
    ['admin', 'currenttime', resource('file:///another'), 'allowed'],
    // Who may not use a tool does not learn that it waits.
    ['user', 'currenttime', tool('another'), 'method_not_allowed'],
  ])('%s at %s: %j is %s', (who, server, access, expected) => {
    const decision = decide(policy, people[who] ?? [], server, [access], approved);
    expect(decision).toEqual(
      decision.allowed ? { allowed: true, rule: expect.any(String) } : { allowed: false, reason: expected, access },
    );
    expect(decision.allowed ? 'allowed' : decision.reason).toBe(expected);
  });
});
