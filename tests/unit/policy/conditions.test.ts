import { parsePolicy } from '../../../common/policy/policy-file.ts';
import { decide } from '../../../policy/decide.ts';
import { isAllVisible, isSomeListFiltered, isVisible, listings } from '../../../policy/listing.ts';
import { endsOf, lasting, nextEnd } from '../../../policy/policy.ts';
import {
  type Access,
  anyArguments,
  type ToolArguments,
  unknownArguments,
} from '../../../policy/request/mcp-request.ts';

const toolsList = listings.get('tools/list');
if (!toolsList) throw new Error('tools/list is not known');

/** Each scope has one rule for the server `a`, with these entries of `tools`. */
const policyOf = (scopes: Record<string, string>, more = '') =>
  parsePolicy(
    `group_mappings: {g: [${Object.keys(scopes)}]}\n${Object.entries(scopes)
      .map(([scope, tools]) => `${scope}: [{server: a, methods: [tools/list, tools/call], tools: [${tools}]${more}}]\n`)
      .join('')}`,
    0,
  );
const readOnly = new Map([['a', new Set(['look'])]]);
const call = (name: string, given: ToolArguments = {}): Access => ({
  method: 'tools/call',
  object: { kind: 'tool', name },
  arguments: given,
});

describe('Several rules for one tool', () => {
  const acme = '{name: t, arguments: {repo: [acme]}}';
  const bugs = '{name: t, arguments: {label: [bug]}}';
  const held = '{name: t, approve: person}';
  const heldAcme = '{name: t, arguments: {repo: [acme]}, approve: {groups: [ops, eve]}}';
  const byOps = '{name: "*", approve: {groups: [ops]}}';
  const given = { repo: 'acme' };

  test.each<[string, Record<string, string>, object, object]>([
    ['the first allows', { x: acme, y: bugs }, given, { allowed: true, rule: 'x[0]' }],
    ['the second allows', { x: bugs, y: acme }, given, { allowed: true, rule: 'y[0]' }],
    ['of one scope, the second allows', { x: `${bugs}, ${acme}` }, given, { allowed: true, rule: 'x[0]' }],
    ['one is for another tool, without a condition', { x: 'u', y: acme }, given, { allowed: true, rule: 'y[0]' }],
    ['one has no condition', { x: acme, y: 't' }, {}, { allowed: true, rule: 'y[0]' }],
    ['one without a condition is named', { x: acme, y: '"*"' }, given, { allowed: true, rule: 'y[0]' }],
    ['a hold has no effect beside one that allows', { x: held, y: acme }, given, { allowed: true, rule: 'y[0]' }],
    ['none allows', { x: acme, y: bugs }, {}, { reason: 'argument_not_allowed', argument: 'label' }],
    [
      'an approval is nearer than other arguments',
      { x: acme, y: held },
      {},
      { reason: 'approval_needed', hold: { rule: 'y[0]', approvers: { person: true, groups: [] } } },
    ],
    [
      'all who hold may approve',
      { x: held, y: heldAcme, z: byOps },
      given,
      { reason: 'approval_needed', hold: { rule: 'x[0]', approvers: { person: true, groups: ['eve', 'ops'] } } },
    ],
    [
      'those whose arguments fail do not hold',
      { x: byOps, y: heldAcme },
      { repo: 'evil' },
      { reason: 'approval_needed', hold: { rule: 'x[0]', approvers: { person: false, groups: ['ops'] } } },
    ],
    [
      'a rule for another tool does not count',
      { x: '{name: u, approve: person}' },
      {},
      { reason: 'object_not_allowed' },
    ],
  ])('%s: the verdict is the same in any order', (_what, scopes, args, expected) => {
    const names = Object.keys(scopes);
    const reversed = Object.fromEntries(
      Object.entries(scopes)
        .reverse()
        .map(([scope, tools]) => [scope, tools]),
    );
    const access = call('t', args as Record<string, unknown>);
    for (const policy of [policyOf(scopes), policyOf(reversed)]) {
      for (const held of [names, names.toReversed()]) {
        const { access: _access, ...decision } = { access, ...decide(policy, held, 'a', [access]) };
        expect(decision).toEqual('allowed' in expected ? expected : { allowed: false, ...expected });
      }
    }
  });

  test('the denial names the access, and only the arguments that fail', () => {
    const access = call('t', { repo: 'secret' });
    const decision = decide(policyOf({ x: acme }), ['x'], 'a', [access]);
    expect(decision).toEqual({ allowed: false, reason: 'argument_not_allowed', argument: 'repo', access });
  });

  test('arguments that are not there count as none, of prompts too', () => {
    const policy = policyOf({ x: acme });
    const bare = { method: 'tools/call', object: { kind: 'tool' as const, name: 't' } };
    expect(decide(policy, ['x'], 'a', [bare])).toMatchObject({ reason: 'argument_not_allowed', argument: 'repo' });
    const prompt = { method: 'tools/call', object: { kind: 'prompt' as const, name: 't' } };
    expect(decide(policy, ['x'], 'a', [prompt])).toMatchObject({ reason: 'object_not_allowed' });
    expect(decide(policy, ['x'], 'a', [{ method: 'tools/call' }])).toMatchObject({ reason: 'object_not_allowed' });
  });
});

describe('In place of arguments', () => {
  const entries: [string, string, string][] = [
    ['{name: t, arguments: {a: [1]}}', 'argument_not_allowed', 'allowed'],
    ['{name: t, arguments: {a: {in: [1], optional: true}}}', 'argument_not_allowed', 'allowed'],
    ['{name: t, only: true}', 'argument_not_allowed', 'allowed'],
    ['{name: t, arguments: {a: [1]}, approve: person}', 'argument_not_allowed', 'allowed'],
    ['{name: t, approve: person}', 'approval_needed', 'allowed'],
    ['t', 'allowed', 'allowed'],
    ['u', 'object_not_allowed', 'object_not_allowed'],
  ];
  test.each(entries)(
    'with the entry %s: unknown ones are %s, some that could be allowed are %s',
    (entry, unknown, any) => {
      const policy = policyOf({ x: entry });
      const verdict = (given: ToolArguments) => {
        const decision = decide(policy, ['x'], 'a', [call('t', given)]);
        return decision.allowed ? 'allowed' : decision.reason;
      };
      expect([verdict(unknownArguments), verdict(anyArguments)]).toEqual([unknown, any]);
    },
  );
});

describe('A hint', () => {
  const policy = policyOf({
    x: '{hint: read-only}, {name: "w*", approve: person}',
    y: '{hint: read-only, approve: person}',
  });
  const verdict = (scope: string, name: string, tools?: Parameters<typeof decide>[4], server = 'a') => {
    const decision = decide(policy, [scope], server, [call(name)], tools);
    return decision.allowed ? 'allowed' : decision.reason;
  };

  test('covers the tools that are known to only read, on their server', () => {
    expect(verdict('x', 'look', { readOnly })).toBe('allowed');
    expect(verdict('y', 'look', { readOnly })).toBe('approval_needed');
    for (const name of ['write', 'Look', 'look ', 'constructor'])
      expect(verdict('y', name, { readOnly })).toBe('object_not_allowed');
    expect(verdict('x', 'look')).toBe('object_not_allowed');
    expect(verdict('x', 'look', { readOnly: new Map() })).toBe('object_not_allowed');
    expect(verdict('x', 'look', { readOnly: new Map([['b', new Set(['look'])]]) })).toBe('object_not_allowed');
    expect(verdict('x', 'look', { readOnly: new Map([['b', new Set(['look'])]]) }, 'b')).toBe('server_not_allowed');
  });

  test('grants nothing that is not approved, and says so only to those who may call it otherwise', () => {
    const approved = new Map([['a', new Set<string>()]]);
    expect(verdict('x', 'look', { readOnly, approved })).toBe('tool_changed');
    expect(verdict('x', 'write', { readOnly, approved })).toBe('tool_changed');
    expect(verdict('y', 'write', { readOnly, approved })).toBe('object_not_allowed');
  });
});

describe('A call that a person has to approve', () => {
  test('is refused as unapproved first: no one is asked about a tool that has changed', () => {
    const policy = policyOf({ x: '{name: t, approve: person}', y: '{name: t, arguments: {a: [1]}}' });
    const approved = new Map<string, ReadonlySet<string>>();
    const reason = (scope: string) => {
      const decision = decide(policy, [scope], 'a', [call('t')], { readOnly, approved });
      return decision.allowed ? 'allowed' : decision.reason;
    };
    expect(reason('x')).toBe('tool_changed');
    expect(reason('y')).toBe('argument_not_allowed');
  });

  test('is every call of a rule with approve, unless an entry says another', () => {
    const policy = policyOf(
      { x: 't, {name: u, arguments: {a: [1]}}, {name: v, approve: {groups: [ops]}}' },
      ', approve: person',
    );
    const hold = (name: string, given = {}) => {
      const decision = decide(policy, ['x'], 'a', [call(name, given)]);
      return decision.allowed ? 'allowed' : (decision.hold?.approvers ?? decision.reason);
    };
    expect(hold('t')).toEqual({ person: true, groups: [] });
    expect(hold('u', { a: 1 })).toEqual({ person: true, groups: [] });
    expect(hold('u')).toBe('argument_not_allowed');
    expect(hold('v')).toEqual({ person: false, groups: ['ops'] });
    expect(hold('w')).toBe('object_not_allowed');
  });
});

describe('A list', () => {
  const viewer = (entries: string) => ({
    policy: policyOf({ x: entries }),
    scopes: ['x'],
    server: 'a',
    tools: { readOnly },
  });

  test('shows the tools that some call could use, whatever its arguments are', () => {
    const of = viewer('{name: t, arguments: {a: [1]}}, {name: u, approve: person}, {hint: read-only}');
    const shown = ['t', 'u', 'look', 'w'].filter((name) => isVisible(of, toolsList, { name }));
    expect(shown).toEqual(['t', 'u', 'look']);
    expect([isAllVisible(of, toolsList), isSomeListFiltered(of)]).toEqual([false, true]);
  });

  test.each([
    ['{name: "*", approve: person}', true],
    ['{name: all, arguments: {a: [1]}}', true],
    ['{name: "t*", approve: person}', false],
    ['{hint: read-only}', false],
  ])('needs no filter for the entry %s: %s', (entry, expected) => {
    expect(isAllVisible(viewer(entry), toolsList)).toBe(expected);
    expect(isSomeListFiltered(viewer(entry))).toBe(!expected);
    for (const method of ['prompts/list', 'resources/list']) {
      const other = listings.get(method);
      expect(other && isAllVisible(viewer(entry), other)).toBe(false);
    }
  });
});

describe('What ends', () => {
  const text = `
group_mappings: {g: [s]}
s:
  - {server: a, methods: [tools/call, tools/list], tools: [one], until: 2026-01-01T00:00:00.002Z}
  - server: a
    methods: [tools/call]
    tools: [two, {name: three, until: 2026-01-01T00:00:00.001Z}, {name: four, until: 2026-01-01T00:00:00.002Z}]
`;
  const at = (milliseconds: number) => Date.parse('2026-01-01T00:00:00Z') + milliseconds;
  const allowedAt = (when: number | undefined) =>
    ['one', 'two', 'three', 'four'].filter((name) => decide(parsePolicy(text, when), ['s'], 'a', [call(name)]).allowed);

  test('grants nothing from its end on, and by default all that ends has ended', () => {
    expect(allowedAt(at(0))).toEqual(['one', 'two', 'three', 'four']);
    expect(allowedAt(at(1))).toEqual(['one', 'two', 'four']);
    expect(allowedAt(at(2))).toEqual(['two']);
    expect(allowedAt(undefined)).toEqual(['two']);
    const ended = parsePolicy(text.replace(/ {2}- server: a[\s\S]*/, ''));
    expect(decide(ended, ['s'], 'a', [{ method: 'tools/list' }])).toMatchObject({ reason: 'server_not_allowed' });
    expect(decide(ended, ['s'], 'a', [{ method: 'ping' }])).toMatchObject({ reason: 'server_not_allowed' });
  });

  test('has an end that is told, each once', () => {
    const { source } = parsePolicy(text);
    expect(endsOf(source)).toEqual([at(1), at(2)]);
    expect([nextEnd(source, at(0)), nextEnd(source, at(1)), nextEnd(source, at(2))]).toEqual([at(1), at(2), undefined]);
  });

  test('is left out of the rules that last', () => {
    const rules = parsePolicy(text).source.scopes.get('s') ?? [];
    expect(lasting(rules, at(0))).toEqual(rules);
    expect(lasting(rules, at(1)).map((rule) => rule.toolRules.length)).toEqual([0, 1]);
    expect(lasting(rules, at(2)).map((rule) => [rule.tools, rule.toolRules])).toEqual([[['two'], []]]);
  });
});
