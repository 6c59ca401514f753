import { readPolicySource } from '../../../../common/policy/policy-file.ts';
import { attempt } from '../../../../common/text/config-error.ts';

const groups = 'group_mappings: {g: [s]}\n';
const ruleOf = (more: string) => {
  const source = readPolicySource(`${groups}s: [{server: a, methods: [tools/call], ${more}}]`);
  return source.scopes.get('s')?.[0];
};
const faultOf = (text: string) => attempt(() => readPolicySource(text)).faults.join('\n');
const faultOfEntry = (entry: string) =>
  faultOf(`${groups}s: [{server: a, methods: [tools/call], tools: [ok, ${entry}]}]`);
const none = { arguments: [], only: false };

describe('An entry of tools', () => {
  test.each<[string, readonly string[], readonly object[]]>([
    ['t', ['t'], []],
    ['[t, "u*", all]', ['t', 'u*', 'all'], []],
    ['[{name: t}, u]', ['t', 'u'], []],
    ['[{name: t, only: false}]', ['t'], []],
    ['[{name: t, approve: person}, u]', ['u'], [{ ...none, pattern: 't', approve: { person: true, groups: [] } }]],
    ['[{name: "t*", only: true}]', [], [{ ...none, pattern: 't*', only: true }]],
    ['[{hint: read-only}]', [], [{ ...none, hint: 'read-only' }]],
    [
      '[{hint: read-only, approve: {groups: [a, b, a]}}]',
      [],
      [{ ...none, hint: 'read-only', approve: { person: false, groups: ['a', 'b'] } }],
    ],
    ['[{name: t, until: 2026-12-28T17:00:00Z}]', [], [{ ...none, pattern: 't', until: 1_798_477_200_000 }]],
    ['[{name: t, until: "2026-12-28T18:00+01:00"}]', [], [{ ...none, pattern: 't', until: 1_798_477_200_000 }]],
    ['', [], []],
  ])('%s means the names %j and the rules %j', (written, tools, toolRules) => {
    expect(ruleOf(`tools: ${written}`)).toEqual({
      ...{ at: 's[0]', server: 'a', methods: ['tools/call'], prompts: [], resources: [], until: undefined },
      ...{ tools, toolRules },
    });
  });

  test('may say what arguments must be, in a short and a long form', () => {
    const written = `{a: [x, "y*", 1, 2.5, true, ""], b: {in: [1], optional: true, empty: true}, c: {min: 1}, d: {max: 2},
      e: {min: -1, max: -1}, f: {any: true}, /g/h~1i/~0: [1], j k: [1], g/h: [1]}`;
    const given = ruleOf(`tools: [{name: t, arguments: ${written}}]`)?.toolRules[0]?.arguments;
    const plain = { values: undefined, min: undefined, max: undefined, optional: false, empty: false };
    expect(given).toEqual([
      { ...plain, name: 'a', path: ['a'], values: ['x', 'y*', 1, 2.5, true, ''] },
      { ...plain, name: 'b', path: ['b'], values: [1], optional: true, empty: true },
      { ...plain, name: 'c', path: ['c'], min: 1 },
      { ...plain, name: 'd', path: ['d'], max: 2 },
      { ...plain, name: 'e', path: ['e'], min: -1, max: -1 },
      { ...plain, name: 'f', path: ['f'] },
      { ...plain, name: '/g/h~1i/~0', path: ['g', 'h/i', '~'], values: [1] },
      { ...plain, name: 'j k', path: ['j k'], values: [1] },
      { ...plain, name: 'g/h', path: ['g/h'], values: [1] },
    ]);
  });

  test('of a rule with approve is held, and says itself by whom if it is another', () => {
    const rule = ruleOf('approve: {groups: [ops]}, tools: [t, {name: u, only: true}, {name: v, approve: person}]');
    const ops = { person: false, groups: ['ops'] };
    expect(rule?.tools).toEqual([]);
    expect(rule?.toolRules).toEqual([
      { ...none, pattern: 't', approve: ops },
      { ...none, pattern: 'u', only: true, approve: ops },
      { ...none, pattern: 'v', approve: { person: true, groups: [] } },
    ]);
  });

  test.each([
    ['"a**"', 'tools[1]: may have one *'],
    ['5', 'tools[1]: must be a name, a pattern such as get_*, or a map with name or hint'],
    ['null', 'tools[1]: must be a name, a pattern'],
    ['[t]', 'tools[1]: must be a name, a pattern'],
    ['{}', 'tools[1]: must have either name or hint'],
    ['{only: true}', 'tools[1]: must have either name or hint'],
    ['{name: t, hint: read-only}', 'tools[1]: must have either name or hint'],
    ['{hint: destructive}', 'tools[1].hint: must be read-only'],
    ['{hint: read-only, only: true}', 'tools[1]: a hint covers tools with different arguments'],
    ['{hint: read-only, only: false}', 'tools[1]: a hint covers tools with different arguments'],
    ['{hint: read-only, arguments: {a: [1]}}', 'tools[1]: a hint covers tools with different arguments'],
    ['{name: "a*b"}', 'tools[1].name: may have one *'],
    ['{name: }', 'tools[1].name: must be a name'],
    ['{name: t, argument: {a: [1]}}', 'tools[1]: Unrecognized key: "argument"'],
    ['{name: t, approved: person}', 'tools[1]: Unrecognized key: "approved"'],
    ['{name: t, only: }', 'tools[1].only: must be true or false'],
    ['{name: t, only: "yes"}', 'tools[1].only: must be true or false'],
    ['{name: t, approve: }', 'tools[1].approve: must be person, or groups'],
    ['{name: t, approve: true}', 'tools[1].approve: must be person, or groups'],
    ['{name: t, approve: persons}', 'tools[1].approve: must be person, or groups'],
    ['{name: t, approve: {groups: []}}', 'tools[1].approve.groups: must name at least one group'],
    ['{name: t, approve: {groups: ops}}', 'tools[1].approve.groups: must be a list of groups'],
    ['{name: t, approve: {}}', 'tools[1].approve.groups: must be a list of groups'],
    ['{name: t, approve: {groups: [ops], person: true}}', 'tools[1].approve: Unrecognized key: "person"'],
    ['{name: t, until: }', 'tools[1].until: must be a time with its offset'],
    ['{name: t, until: 2026-11-30}', 'until: must be a time with its offset, such as 2026-11-30T18:00:00+01:00'],
    [
      '{name: t, until: 2026-11-30T10:00:00}',
      'until: must be a time with its offset, such as 2026-11-30T18:00:00+01:00',
    ],
    ['{name: t, until: 2026-02-30}', 'until: must be a time with its offset, such as 2026-12-28T18:00:00+01:00'],
    ['{name: t, until: 2026-02-30T10:00:00Z}', 'until: must be a time with its offset'],
    ['{name: t, until: tomorrow}', 'until: must be a time with its offset'],
    ['{name: t, until: 1798477200}', 'until: must be a time with its offset'],
    ['{name: t, arguments: }', 'arguments: must map names of arguments to what they must be'],
    ['{name: t, arguments: [a]}', 'arguments: must map names of arguments to what they must be'],
    ['{name: t, arguments: {}}', '"arguments" names none'],
    ['{name: t, arguments: {"": [1]}}', 'arguments.: must map names of arguments'],
    ['{name: t, arguments: {a: }}', 'arguments.a: must be a list of values'],
    ['{name: t, arguments: {a: x}}', 'arguments.a: must be a list of values'],
    ['{name: t, arguments: {a: []}}', 'arguments.a.in: must name at least one value'],
    ['{name: t, arguments: {a: {in: x}}}', 'arguments.a.in: must be a list of values'],
    ['{name: t, arguments: {a: [null]}}', 'arguments.a.in[0]: must be a text, a number, true or false'],
    ['{name: t, arguments: {a: [[1]]}}', 'arguments.a.in[0]: must be a text, a number, true or false'],
    ['{name: t, arguments: {a: ["*x"]}}', 'arguments.a.in[0]: may have one *'],
    ['{name: t, arguments: {a: ["x**"]}}', 'arguments.a.in[0]: may have one *'],
    ['{name: t, arguments: {a: ["\\ud800"]}}', 'arguments.a.in[0]: holds half a character'],
    ['{name: t, arguments: {a: [9007199254740993]}}', 'arguments.a.in[0]: is beyond the whole numbers'],
    ['{name: t, arguments: {a: [.inf]}}', 'arguments.a.in[0]: must be a text, a number'],
    ['{name: t, arguments: {a: {max: .nan}}}', 'arguments.a.max: must be a number'],
    ['{name: t, arguments: {a: {max: "5"}}}', 'arguments.a.max: must be a number'],
    ['{name: t, arguments: {a: {max: }}}', 'arguments.a.max: must be a number'],
    ['{name: t, arguments: {a: {max: 9007199254740992}}}', 'arguments.a.max: is beyond the whole numbers'],
    ['{name: t, arguments: {a: {min: 2, max: 1}}}', 'arguments.a: no number is from min to max'],
    ['{name: t, arguments: {a: {}}}', 'arguments.a: must have one of: in; min, max or both; any: true'],
    ['{name: t, arguments: {a: {optional: true}}}', 'arguments.a: must have one of'],
    ['{name: t, arguments: {a: {in: [1], max: 2}}}', 'arguments.a: must have one of'],
    ['{name: t, arguments: {a: {in: [1], any: true}}}', 'arguments.a: must have one of'],
    ['{name: t, arguments: {a: {min: 1, any: true}}}', 'arguments.a: must have one of'],
    ['{name: t, arguments: {a: {any: false}}}', 'arguments.a.any: must be true, or left out'],
    ['{name: t, arguments: {a: {in: [1], optional: 1}}}', 'arguments.a.optional: must be true or false'],
    ['{name: t, arguments: {a: {in: [1], empty: }}}', 'arguments.a.empty: must be true or false'],
    ['{name: t, arguments: {a: {in: [1], not: [2]}}}', 'arguments.a: Unrecognized key: "not"'],
    ['{name: t, arguments: {/a~2: [1]}}', 'arguments./a~2: must be a JSON pointer'],
    ['{name: t, arguments: {/a~: [1]}}', 'arguments./a~: must be a JSON pointer'],
    [`{name: t, arguments: {${'/a'.repeat(17)}: [1]}}`, ': must be a JSON pointer'],
    ['{name: t, arguments: {__proto__: [1]}}', 'arguments: no rule can name __proto__'],
    ['{name: t, arguments: {a: [1], __proto__: [1]}}', 'arguments: no rule can name __proto__'],
    ['{name: t, arguments: {/a/__proto__/b: [1]}}', 'no rule can name __proto__'],
  ])('such as %s is a fault that says what was expected', (entry, expected) => {
    expect(faultOfEntry(entry)).toMatch(/^line 2: s\[0\]/);
    expect(faultOfEntry(entry)).toContain(expected);
  });

  test('may lead through 16 keys', () => {
    expect(faultOfEntry(`{name: t, arguments: {${'/a'.repeat(16)}: [1]}}`)).toBe('');
  });
});

describe('A rule', () => {
  test('may end, and its end is a time with an offset', () => {
    expect(ruleOf('until: 2026-12-28T18:00:00+01:00')?.until).toBe(Date.parse('2026-12-28T17:00:00Z'));
    expect(faultOf(`${groups}s: [{server: a, methods: [x], until: 2026-12-28}]`)).toBe(
      'line 2: s[0].until: must be a time with its offset, such as 2026-12-28T18:00:00+01:00',
    );
  });

  test.each(['aprove: person', 'arguments: {a: [1]}', 'only: true', 'hint: read-only', 'unless: x'])(
    'with the unknown key %s is refused, because it might narrow what the rule grants',
    (key) => {
      expect(faultOf(`${groups}s: [{server: a, methods: [x], ${key}}]`)).toContain('Unrecognized key');
    },
  );

  test('that only agents hold cannot ask a person for approval, and can ask groups', () => {
    const of = (approve: string, mapped = '') =>
      faultOf(
        `group_mappings: {g: [${mapped}]}\ns: [{server: b, methods: [x]}, {server: a, methods: [x], ${approve}}]`,
      );
    const fault = 'line 2: s[1]: has "approve: person", but no group gives this scope: only agents hold it';
    expect(of('tools: [t], approve: person')).toBe(fault);
    expect(of('tools: [{name: t, approve: person}]')).toBe(fault);
    expect(of('tools: [{name: t, approve: person}]', 's')).toBe('');
    expect(of('tools: [t], approve: {groups: [g]}')).toBe('');
  });
});

describe('Limits', () => {
  const of = (entry: string) => readPolicySource(`${groups}limits: [${entry}]`).limits;
  test('are read with their place, and count all servers, tools and callers if they name none', () => {
    expect(
      of('{calls: 5, per: minute}, {who: [g, s/x], server: "git*", tools: [a, "b*"], calls: 1000, per: day}'),
    ).toEqual([
      { at: 'limits[0]', server: '*', tools: ['*'], calls: 5, seconds: 60 },
      { at: 'limits[1]', who: ['g', 's/x'], server: 'git*', tools: ['a', 'b*'], calls: 1000, seconds: 86_400 },
    ]);
    expect(of('{tools: a, calls: 1, per: hour}')).toMatchObject([{ tools: ['a'], seconds: 3600 }]);
    expect(readPolicySource(groups).limits).toEqual([]);
  });

  test.each([
    ['{calls: 0, per: hour}', 'calls: must be at least 1'],
    ['{calls: 1.5, per: hour}', 'calls: must be a whole number'],
    ['{calls: "5", per: hour}', 'calls: must be a whole number'],
    ['{calls: 1000000001, per: hour}', 'calls: must be at most 1000000000'],
    ['{per: hour}', 'calls: must be a whole number'],
    ['{calls: 1}', 'per: must be minute, hour or day'],
    ['{calls: 1, per: week}', 'per: must be minute, hour or day'],
    ['{calls: 1, per: hour, who: []}', 'who: must name a group or scope'],
    ['{calls: 1, per: hour, who: }', 'who: must be a list of groups or scopes'],
    ['{calls: 1, per: hour, who: g}', 'who: must be a list of groups or scopes'],
    ['{calls: 1, per: hour, tools: []}', 'tools: must name a tool'],
    ['{calls: 1, per: hour, tools: }', 'tools: must be a list of names'],
    ['{calls: 1, per: hour, server: "a*b"}', 'server: may have one *'],
    ['{calls: 1, per: hour, whom: [g]}', 'Unrecognized key: "whom"'],
    ['x', 'expected object'],
  ])('such as %s are a fault', (entry, expected) => {
    expect(faultOf(`${groups}limits: [${entry}]`)).toMatch(/^line 2: limits\[0\]/);
    expect(faultOf(`${groups}limits: [${entry}]`)).toContain(expected);
  });

  test('are a section of their own, which no scope can be called', () => {
    expect(faultOf(`${groups}limits: {a: 1}`)).toBe('line 2: limits: must be a list of limits');
    expect(faultOf(`${groups}limits: [{server: a, methods: [x]}]`)).toContain('limits[0].calls');
    const { idle, scopes } = readPolicySource(`${groups}limits:\ns: [{server: a, methods: [x]}]`);
    expect(idle).toEqual([{ at: 'line 2: limits', message: 'is empty, so it has no effect' }]);
    expect([...scopes.keys()]).toEqual(['s']);
  });
});
