import fc from 'fast-check';
import { decide } from '../../../policy/decide.ts';
import { isAllVisible, isSomeListFiltered, isVisible, type Listing, listings } from '../../../policy/listing.ts';
import { compilePolicy, type Policy, type Rule } from '../../../policy/policy.ts';
import { server as anyServer, heldScopes, policySource, runs } from './arbitraries.ts';
import { plainUris, trickyUris } from './reference.ts';

const methods = ['tools/list', 'prompts/list', 'resources/list', 'resources/templates/list'] as const;
const listing = (method: (typeof methods)[number]): Listing => {
  const found = listings.get(method);
  if (!found) throw new Error(`${method} is not known`);
  return found;
};
const policyOf = (rule: Partial<Rule>): Policy =>
  compilePolicy({
    groups: new Map(),
    ui: new Map(),
    limits: [],
    scopes: new Map([
      [
        's',
        [{ at: 's[0]', server: 'a', methods: ['*'], tools: [], toolRules: [], prompts: [], resources: [], ...rule }],
      ],
    ]),
  });
const sees = (rule: Partial<Rule>, method: (typeof methods)[number], all: readonly string[]) => {
  const viewer = { policy: policyOf(rule), scopes: ['s'], server: 'a' };
  const { key } = listing(method);
  return all.filter((name) => isVisible(viewer, listing(method), { [key]: name, description: 'x' }));
};

const names = ['get', 'get_x', 'set', '*'];
const uris = ['file:///d/a', 'file:///d/../e', 'file:///e', 'x:y'];
const templates = ['file:///d/{name}', 'file:///{+path}', 'http://{host}/', '{any}', 'file:///d/a'];

test.each<[string, (typeof methods)[number], Partial<Rule>, readonly string[], readonly string[]]>([
  ['tools by name', 'tools/list', { tools: ['get'] }, names, ['get']],
  ['tools by prefix', 'tools/list', { tools: ['get*'] }, names, ['get', 'get_x']],
  ['all tools', 'tools/list', { tools: ['*'] }, names, names],
  ['no tools', 'tools/list', {}, names, []],
  ['no tools without permission to call them', 'tools/list', { tools: ['*'], methods: ['tools/list'] }, names, []],
  ['no tools of another server', 'tools/list', { tools: ['*'], server: 'b' }, names, []],
  ['prompts by name', 'prompts/list', { prompts: ['set'] }, names, ['set']],
  ['prompts by prefix', 'prompts/list', { prompts: ['get_*'] }, names, ['get_x']],
  ['all prompts', 'prompts/list', { prompts: ['*'] }, names, names],
  ['no prompts for a rule about tools', 'prompts/list', { tools: ['*'], resources: ['*'] }, names, []],
  ['resources by name, even odd ones', 'resources/list', { resources: ['file:///d/../e'] }, uris, ['file:///d/../e']],
  [
    'resources by prefix, without those that escape it',
    'resources/list',
    { resources: ['file:///d/*'] },
    uris,
    ['file:///d/a'],
  ],
  ['all resources, even odd ones', 'resources/list', { resources: ['*'] }, uris, uris],
  ['no resources', 'resources/list', { methods: ['resources/list'], resources: ['*'] }, uris, []],
  [
    'templates that may expand to it',
    'resources/templates/list',
    { resources: ['file:///d/*'] },
    templates,
    ['file:///d/{name}', 'file:///{+path}', '{any}', 'file:///d/a'],
  ],
  [
    'templates that may have it as an expansion',
    'resources/templates/list',
    { resources: ['file:///d/a'] },
    templates,
    ['file:///d/{name}', 'file:///{+path}', '{any}', 'file:///d/a'],
  ],
  ['all templates', 'resources/templates/list', { resources: ['*'] }, templates, templates],
  ['no templates', 'resources/templates/list', {}, templates, []],
])('A list shows %s', (_what, method, rule, all, visible) => {
  expect(sees(rule, method, all)).toEqual(visible);
});

test.each(methods)('%s omits entries without a name, which no caller could use', (method) => {
  const viewer = { policy: policyOf({ tools: ['*'], prompts: ['*'], resources: ['*'] }), scopes: ['s'], server: 'a' };
  const { key } = listing(method);
  for (const odd of [null, 1, 'get', [], {}, { [key]: '' }, { [key]: 1 }, { [key]: null }, { [key]: ['get'] }])
    expect(isVisible(viewer, listing(method), odd)).toBe(false);
});

const elements = fc.constantFrom(
  'get',
  'get_',
  'get_time',
  'set',
  'constructor',
  '__proto__',
  '*',
  ...plainUris,
  ...trickyUris,
);

test('A list shows exactly the entries that its caller may use, by the same decision', () => {
  fc.assert(
    fc.property(
      policySource,
      heldScopes,
      anyServer,
      fc.constantFrom(...methods.slice(0, 3)),
      elements,
      (source, scopes, server, method, name) => {
        const policy = compilePolicy(source);
        const { key, kind, use } = listing(method);
        const allowed = decide(policy, scopes, server, [{ method: use, object: { kind, name } }]).allowed;
        expect(isVisible({ policy, scopes, server }, listing(method), { [key]: name })).toBe(allowed && name !== '');
        // A list may only skip filtering if filtering would remove nothing.
        if (isAllVisible({ policy, scopes, server }, listing(method))) expect(allowed).toBe(true);
      },
    ),
    { numRuns: runs(3_000) },
  );
});

test('A template is shown to every caller who may read one of its expansions', () => {
  const value = fc.constantFrom('', 'a', 'a.txt', 'data/', 'data/a.txt', 'etc/passwd', 'file:///data/a.txt', 'y');
  const fixed = fc.constantFrom('', 'file:///', 'file:///data/', 'file:///data/a', 'x:', 'http://host/', 'no:');
  fc.assert(
    fc.property(
      policySource,
      heldScopes,
      anyServer,
      fixed,
      value,
      fc.constantFrom('', '.txt', '/b'),
      (source, scopes, server, before, given, after) => {
        const policy = compilePolicy(source);
        const templateList = listing('resources/templates/list');
        const shown = isVisible({ policy, scopes, server }, templateList, { uriTemplate: `${before}{x}${after}` });
        const read = decide(policy, scopes, server, [
          { method: 'resources/read', object: { kind: 'resource', name: `${before}${given}${after}` } },
        ]);
        if (read.allowed) expect(shown).toBe(true);
        // And not to a caller without a rule that shares a prefix with it.
        const rules = scopes.flatMap((scope) => source.scopes.get(scope) ?? []);
        const near = rules
          .flatMap(({ resources }) => resources)
          .map((text) => (text === 'all' ? '' : text.replace(/\*$/, '')));
        if (!near.some((text) => text.startsWith(before) || before.startsWith(text))) expect(shown).toBe(false);
      },
    ),
    { numRuns: runs(3_000) },
  );
});

test('A list needs no filter where a lone * lets its caller use everything in it', () => {
  const viewer = { policy: policyOf({ tools: ['*'], prompts: ['*'], resources: ['*'] }), scopes: ['s'], server: 'a' };
  expect(methods.map((method) => isAllVisible(viewer, listing(method)))).toEqual([true, true, true, true]);
  expect(isAllVisible({ ...viewer, server: 'b' }, listing('tools/list'))).toBe(false);
  expect(isAllVisible({ ...viewer, scopes: [] }, listing('tools/list'))).toBe(false);
  expect(isAllVisible({ ...viewer, tools: { approved: new Map(), readOnly: new Map() } }, listing('tools/list'))).toBe(
    false,
  );
  const some = { ...viewer, policy: policyOf({ resources: ['file:///*'] }) };
  expect(isAllVisible(some, listing('resources/list'))).toBe(false);
});

test('A template that leads out of a prefix in its fixed part is not shown for that prefix', () => {
  const hidden = ['file:///d/../{name}', 'file:///d//{name}', 'file:///d/%2e%2e/{name}'];
  const shown = ['file:///d/{name}', 'file:///d/a/{name}', 'file:///d/.{name}', 'file:///{+path}'];
  expect(sees({ resources: ['file:///d/*'] }, 'resources/templates/list', [...hidden, ...shown])).toEqual(shown);
});

test.each(['tools/list', 'prompts/list', 'resources/list'] as const)(
  'A brace in a name of %s has no meaning: only templates have expansions',
  (method) => {
    const policy = policyOf({ tools: ['get_a'], prompts: ['get_a'], resources: ['get_a'] });
    const { key } = listing(method);
    const shown = (name: string) => isVisible({ policy, scopes: ['s'], server: 'a' }, listing(method), { [key]: name });
    expect([shown('get_a'), shown('get_{x}'), shown('{x}')]).toEqual([true, false, false]);
  },
);

test.each<[string, Partial<Rule>, ReadonlySet<string> | undefined, boolean]>([
  ['everything', { tools: ['*'], prompts: ['*'], resources: ['*'] }, undefined, false],
  ['all tools, and may list nothing else', { methods: ['tools/list', 'tools/call'], tools: ['*'] }, undefined, false],
  ['some tools', { methods: ['tools/list', 'tools/call'], tools: ['get*'] }, undefined, true],
  ['some tools, and may not list them', { methods: ['tools/call'], tools: ['get*'] }, undefined, false],
  [
    'all tools and no prompts, and may list both',
    { methods: ['tools/list', 'tools/call', 'prompts/list'], tools: ['*'] },
    undefined,
    true,
  ],
  [
    'all tools, of which only approved ones may be used',
    { methods: ['tools/list', 'tools/call'], tools: ['*'] },
    new Set(['get']),
    true,
  ],
  [
    'all prompts, where tools need approval',
    { methods: ['prompts/list', 'prompts/get'], prompts: ['*'] },
    new Set(['get']),
    false,
  ],
  ['nothing', { methods: [] }, undefined, false],
])('Whether a list of the server has to be cut for who may use %s', (_what, rule, approved, expected) => {
  const viewer = {
    policy: policyOf(rule),
    scopes: ['s'],
    server: 'a',
    tools: approved && { approved: new Map([['a', approved]]), readOnly: new Map() },
  };
  expect(isSomeListFiltered(viewer)).toBe(expected);
  expect(isSomeListFiltered({ ...viewer, server: 'b' })).toBe(false);
});

test.each<[what: string, element: unknown, boolean]>([
  ['a tool that no rule names', { name: 'x' }, true],
  ['one without a name', {}, false],
  ['one with an empty name', { name: '' }, false],
  ['nothing', undefined, false],
  ['null', null, false],
  ['a text', 'x', false],
])('to a viewer who sees all, %s is shown or not', (_what, element, expected) => {
  const viewer = { policy: policyOf({ tools: ['other'] }), scopes: ['s'], server: 'a' };
  expect(isVisible({ ...viewer, seesAll: true }, listing('tools/list'), element)).toBe(expected);
  expect(isVisible(viewer, listing('tools/list'), element)).toBe(false);
});

test('a viewer who sees all needs no filter, and others need one', () => {
  const viewer = { policy: policyOf({ tools: ['other'] }), scopes: ['s'], server: 'a' };
  const answers = methods.map((method) => isAllVisible({ ...viewer, seesAll: true }, listing(method)));
  expect(answers).toEqual([true, true, true, true]);
  expect(methods.map((method) => isAllVisible(viewer, listing(method)))).toEqual([false, false, false, false]);
});
