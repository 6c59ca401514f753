import { readFileSync } from 'node:fs';
import { parsePolicy } from '../../../../common/policy/policy-file.ts';
import { attempt, ConfigError } from '../../../../common/text/config-error.ts';
import { decide } from '../../../../policy/decide.ts';
import { isKnownScope, scopesOfGroups } from '../../../../policy/policy.ts';
import { lifecycle, methods } from '../../../../policy/request/methods.ts';
import { mayUseUi } from '../../../../policy/ui.ts';

const faultsOf = (text: string) => attempt(() => parsePolicy(text)).faults;

const groups = 'group_mappings: {}\n';

describe('the policy file of the project', () => {
  const policy = parsePolicy(readFileSync('scopes.yml', 'utf8'));

  test('loads, and gives each group of the README its scopes', () => {
    expect(scopesOfGroups(policy, ['mcp-registry-admin'])).toEqual([
      'mcp-registry-admin',
      'mcp-servers-unrestricted/read',
      'mcp-servers-unrestricted/execute',
    ]);
    expect(scopesOfGroups(policy, ['mcp-registry-user'])).toEqual(['mcp-registry-user', 'mcp-servers-restricted/read']);
  });

  test('defines every scope that it gives to a group', () => {
    const handedOut = [...policy.source.groups.values()].flat();
    expect(handedOut.filter((scope) => !isKnownScope(policy, scope))).toEqual([]);
  });

  test('names only methods that a rule can allow', () => {
    const written = [...policy.source.scopes.values()].flat().flatMap((rule) => rule.methods);
    const isKnown = (method: string) => lifecycle.has(method) || methods.has(method);
    expect(written.filter((method) => !method.endsWith('*') && !isKnown(method))).toEqual([]);
  });

  test('gives two groups together what each gives, without duplicates, and nothing to an unknown group', () => {
    const both = scopesOfGroups(policy, ['mcp-registry-operator', 'mcp-registry-developer', 'unknown-group']);
    expect(both).toEqual([
      'mcp-registry-operator',
      'mcp-servers-restricted/read',
      'mcp-servers-restricted/execute',
      'mcp-registry-developer',
    ]);
    expect(scopesOfGroups(policy, ['constructor', '__proto__', ''])).toEqual([]);
  });
});

describe('a policy file with a fault', () => {
  test.each([
    ['nothing in it', '', 'the file is empty'],
    ['only comments in it', '# later\n', 'the file is empty'],
    ['a list at the top', '- a\n- b\n', /expected object/],
    ['a string at the top', 'allow everything\n', /expected object/],
    [
      'a group that maps to a string',
      'group_mappings:\n  g: admin\n',
      /line 2: group_mappings\.g: must be a list of sc/,
    ],
    ['a group that maps to a number', 'group_mappings:\n  g: [1]\n', /line 2: group_mappings\.g\[0\]: must be a name/],
    ['two equal groups', 'group_mappings:\n  g: [a]\n  g: [b]\n', /^line 3: .*keys must be unique/],
    ['two equal scopes', `${groups}s: []\ns: []\n`, /^line 3: .*keys must be unique/],
    ['a rule with two equal keys', `${groups}s:\n  - server: a\n    server: b\n    methods: []\n`, /^line 4: .*unique/],
    ['broken YAML', `${groups}s: [\n`, /line/],
    ['two documents', `${groups}---\n${groups}`, /multiple documents/],
    [
      'a glob in the middle',
      `${groups}s:\n  - server: a*b\n    methods: []\n`,
      /line 3: s\[0\]\.server: may have one \*/,
    ],
    [
      'a glob twice',
      `${groups}s:\n  - server: a\n    methods: [x]\n    tools: [ok, "a**"]\n`,
      /line 5: s\[0\]\.tools\[1\]/,
    ],
    ['a misspelt key', `${groups}s:\n  - server: a\n    methods: [x]\n    tool: [t]\n`, /line \d: s\[0\]: .*"tool"/],
    ['a rule without a server', `${groups}s:\n  - methods: [x]\n`, /line 3: s\[0\]\.server: must be a name/],
    ['a rule without methods', `${groups}s:\n  - server: a\n`, /line 3: s\[0\]\.methods: must be a list of names/],
    ['an empty server', `${groups}s:\n  - server: ""\n    methods: [x]\n`, /line 3: s\[0\]\.server: must not be empty/],
  ])('with %s is rejected with the line and what was expected', (_what, text, expected) => {
    expect(faultsOf(text)).toContainEqual(
      typeof expected === 'string' ? expected : expect.stringMatching(expected as RegExp),
    );
  });

  test('with aliases that stand for too much, for themselves or for nothing is rejected', () => {
    const doubled = Array.from({ length: 30 }, (_, i) => `a${i + 1}: &a${i + 1} [*a${i},*a${i}]\n`).join('');
    expect(faultsOf(`a0: &a0 [x,x]\n${doubled}`).join()).toMatch(/aliases .* stand for more than/);
    expect(faultsOf('a: &a [*a]\n').join()).toMatch(/aliases .* or for themselves/);
    expect(faultsOf('group_mappings:\n  a: *nothing\n').join()).toMatch(/line 2: /);
  });

  test('with several faults gets all of them at once, in the message too', () => {
    const text = 'group_mappings:\n  g: admin\ns:\n  - methods: [x]\n  - server: "*x"\n    methods: [y]\n';
    const faults = faultsOf(text);
    expect(faults).toHaveLength(3);
    expect(() => parsePolicy(text)).toThrow(/line 2: group_mappings\.g[\s\S]*line 4: s\[0\][\s\S]*line 5: s\[1\]/);
  });
});

describe('the accepted styles of a policy file', () => {
  test('`all` means `*` for servers, methods, tools and permissions', () => {
    const text = (any: string) =>
      `${groups}UI-Scopes: {s: {list_service: [${any}]}}\ns:\n  - {server: ${any}, methods: [${any}], tools: [${any}]}\n`;
    for (const policy of [parsePolicy(text('all')), parsePolicy(text('"*"'))]) {
      const call = { method: 'tools/call', object: { kind: 'tool', name: 'some-tool' } } as const;
      expect(decide(policy, ['s'], 'anything', [call])).toEqual({ allowed: true, rule: 's[0]' });
      expect(mayUseUi(policy, ['s'], 'list_service', 'anything')).toBe(true);
    }
  });

  test('a single name is accepted instead of a list', () => {
    const policy = parsePolicy(`${groups}s:\n  - {server: a, methods: tools/call, tools: t}\n`);
    const call = (name: string) => [{ method: 'tools/call', object: { kind: 'tool', name } }] as const;
    expect(decide(policy, ['s'], 'a', call('t')).allowed).toBe(true);
    expect(decide(policy, ['s'], 'a', call('u')).allowed).toBe(false);
  });

  test('a file in the style of the Python original loads and has the same meaning', () => {
    const policy = parsePolicy(`
# UI Scopes for registry
UI-Scopes:
  mcp-registry-admin:
    list_service:
      - all
    register_service:
      - all
group_mappings:
  mcp-registry-admin:
  - mcp-registry-admin
  - mcp-servers-unrestricted/read
  mcp-registry-lob1:
  - registry-lob1
mcp-servers-unrestricted/read:
- server: auth_server
  methods:
  - initialize
  - notifications/initialized
  - ping
  - tools/list
  - tools/call
  tools:
  - validate_permissions
- server: currenttime
  methods: [initialize, notifications/initialized, ping, tools/list, tools/call]
  tools: [current_time_by_timezone]
registry-lob1:
- server: fininfo
  methods:
  - tools/list
`);
    const admin = scopesOfGroups(policy, ['mcp-registry-admin']);
    const call = (name: string) => [{ method: 'tools/call', object: { kind: 'tool', name } }] as const;
    expect(decide(policy, admin, 'currenttime', call('current_time_by_timezone')).allowed).toBe(true);
    expect(decide(policy, admin, 'currenttime', call('other')).allowed).toBe(false);
    expect(decide(policy, admin, 'fininfo', [{ method: 'tools/list' }]).allowed).toBe(false);
    expect(decide(policy, ['registry-lob1'], 'fininfo', [{ method: 'tools/list' }]).allowed).toBe(true);
    expect(mayUseUi(policy, admin, 'register_service', 'new')).toBe(true);
    expect(mayUseUi(policy, ['registry-lob1'], 'list_service', 'fininfo')).toBe(false);
  });
});

describe('parts of a policy file that mean nothing here', () => {
  const idle = (text: string) =>
    parsePolicy(`${text}used: [{server: a, methods: [x]}]\n`).source.idle?.map(
      ({ at, message }) => `${at}: ${message}`,
    );

  test.each([
    [
      'permissions of a newer original',
      'UI-Scopes:\n  adm: {list_service: [all], list_agents: [all], publish_agent: {a: b}}\n',
      ['line 2: UI-Scopes.adm.list_agents: is a permission', 'line 2: UI-Scopes.adm.publish_agent: is a permission'],
    ],
    [
      'rules about agents',
      's:\n- agents: {actions: [{action: list_agents, resources: [all]}]}\n',
      ['line 2: s[0]: names'],
    ],
    [
      'rules about something else',
      's:\n- {virtual_server: v, methods: [all], tools: [all]}\n',
      ['line 2: s[0]: names'],
    ],
    ['sections that are no list', 'version: 2\nmeta:\n  by: me\n', ['line 1: version: is no', 'line 2: meta: is no']],
    ['lists of something else', 'peers: [one]\n', ['line 1: peers[0]: is no rule']],
    ['empty sections', 'group_mappings:\nUI-Scopes:\ns: null\n', ['line 1: gr', 'line 2: UI', 'line 3: s: is empty']],
    ['empty groups and permissions', 'group_mappings: {g: }\nUI-Scopes: {s: {list_service: }}\n', ['line 1', 'line 2']],
    ['keys of a rule that narrow nothing', 's:\n- {server: a, methods: [x], description: d}\n', ['line 2: s[0].desc']],
  ])('load, and each is named with its line: %s', (_what, text, expected) => {
    expect(idle(text)).toEqual(expected.map((start) => expect.stringContaining(start)));
  });

  test('leave the rules beside them as they are, with their number', () => {
    const policy = parsePolicy('s:\n- agents: {}\n- {server: a, methods: [tools/list]}\n');
    expect(decide(policy, ['s'], 'a', [{ method: 'tools/list' }])).toEqual({ allowed: true, rule: 's[1]' });
    expect(idle('s:\n- {server: a, methods: [tools/list], tools: null}\n')).toEqual([]);
  });

  test('are faults if the file has nothing else: it is no policy', () => {
    expect(faultsOf('{"name": "x", "files": ["a"]}')).toEqual([
      expect.stringContaining('line 1: name is no list of rules'),
      expect.stringContaining('line 1: files[0] is no rule'),
    ]);
  });

  test('are faults where a key of a rule may be misspelt', () => {
    expect(faultsOf('s: [{servr: a, methods: [x]}]\n').join()).toContain('Unrecognized key: "servr"');
  });

  test('are faults where skipping them could grant more', () => {
    const rule = (key: string) => `s:\n- {server: a, methods: [tools/call], tools: [all], ${key}: [t]}\n`;
    for (const key of ['except', 'deny_tools', 'arguments', 'Tools']) {
      expect(faultsOf(rule(key))).toEqual([expect.stringContaining(`line 2: s[0]: Unrecognized key: "${key}"`)]);
    }
  });
});

describe('a policy file as another program writes it', () => {
  test('may share lists by aliases, as PyYAML does, also more than a hundred times', () => {
    const rules = Array.from({ length: 150 }, (_, i) => `- server: s${i}\n  methods: *id001\n  tools: *id002\n`).join(
      '',
    );
    const policy = parsePolicy(`
group_mappings:
  g: &id003
  - s
  h: *id003
s:
- server: first
  methods: &id001
  - tools/call
  tools: &id002
  - t
${rules}`);
    const call = [{ method: 'tools/call', object: { kind: 'tool', name: 't' } }] as const;
    expect(decide(policy, scopesOfGroups(policy, ['h']), 's149', call)).toEqual({ allowed: true, rule: 's[150]' });
  });

  test('may use merge keys', () => {
    const policy = parsePolicy('s:\n- &r {server: a, methods: [tools/list]}\n- {<<: *r, server: b}\n');
    expect(decide(policy, ['s'], 'b', [{ method: 'tools/list' }])).toEqual({ allowed: true, rule: 's[1]' });
  });

  test('needs no group_mappings: agents hold scopes by their token', () => {
    const policy = parsePolicy('s: [{server: a, methods: [tools/list]}]\n');
    expect(scopesOfGroups(policy, ['s'])).toEqual([]);
    expect(decide(policy, ['s'], 'a', [{ method: 'tools/list' }]).allowed).toBe(true);
  });
});

describe('how a fault is reported', () => {
  test('in one line each, below one line with the subject', () => {
    const text = 'group_mappings:\n  g: admin\n  h: guest\n';
    expect(() => parsePolicy(text)).toThrow(
      new ConfigError(
        ['line 2: group_mappings.g: must be a list of scopes', 'line 3: group_mappings.h: must be a list of scopes'],
        'The policy file',
      ),
    );
    expect(new ConfigError(['one', 'two'], 'The policy file').message.split('\n')).toEqual([
      'The policy file cannot be used:',
      '  - one',
      '  - two',
    ]);
  });

  test('without the excerpt that the YAML parser adds', () => {
    const [fault = '', ...others] = faultsOf(`${groups}s: [\n`);
    expect(fault).toMatch(/line 3/);
    expect([fault, ...others].filter((line) => line.includes('\n'))).toEqual([]);
  });

  test('with the line of the rule in which something is missing', () => {
    const good = '  - server: a\n    methods: [x]\n';
    expect(faultsOf(`${groups}s:\n${good}${good}  - methods: [x]\n`)).toEqual([
      expect.stringMatching(/^line 7: s\[2\]\.server: /),
    ]);
  });

  test('with the line of the scope, if its name is a number', () => {
    expect(faultsOf(`${groups}2026:\n  - methods: [x]\n`)).toEqual([
      'line 2: 2026[0].server: must be a name in quotes or plain text',
    ]);
  });

  test('for a key that is longer than YAML allows', () => {
    const key = 'x'.repeat(1100);
    expect(faultsOf(`${groups}${key}: []\n`)).toEqual([expect.stringMatching(/1024/)]);
    expect(faultsOf(`${groups}${key.slice(0, 1000)}: []\n`)).toEqual([]);
  });
});
