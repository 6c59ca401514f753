import { type ListName, leftOutKey, writeList } from '../../../../servers/hub/offer/lists.ts';
import type { Picture, PictureMember } from '../../../../servers/hub/offer/picture.ts';

const nothing = { era: 'old', tools: [], prompts: [], resources: [], templates: [] } as const;
const memberOf = (server: string, more: Partial<PictureMember> = {}): PictureMember =>
  ({ server, ...nothing, ...more }) as PictureMember;
const named = (...names: string[]) => names.map((name) => JSON.stringify({ name }));
const picture = (...members: PictureMember[]): Picture => ({ members });
const written = (of: Picture, list: ListName) => `{${writeList(of, list)}}`;
const read = (of: Picture, list: ListName) => JSON.parse(written(of, list));

test('An element stays letter for letter as its server wrote it, but for its name', () => {
  const text = ' {"x-new": [1.0, 12345678901234567890, 1e400],"name" : "e\\u0063ho", "description":"a \\u2028 line"}';
  expect(written(picture(memberOf('a', { tools: [text] })), 'tools')).toBe(
    `{"tools":[${text.replace('"e\\u0063ho"', '"a__echo"')}]}`,
  );
  const resource = '{"uri":"file:///x","name":"x","size":1.50}';
  expect(written(picture(memberOf('a', { resources: [resource] })), 'resources')).toBe(`{"resources":[${resource}]}`);
});

test('The order is that of the servers, then of the names, whatever order they came in', () => {
  const one = memberOf('b-2', { tools: named('z', 'A', 'a') });
  const other = memberOf('b', { tools: named('x') });
  const expected = ['b__x', 'b-2__A', 'b-2__a', 'b-2__z'];
  for (const members of [picture(one, other), picture(other, { ...one, tools: one.tools.toReversed() })])
    expect(read(members, 'tools').tools.map(({ name }: { name: string }) => name)).toEqual(expected);
});

test.each<[list: ListName, field: string]>([
  ['tools', 'tools'],
  ['prompts', 'prompts'],
  ['resources', 'resources'],
  ['templates', 'resourceTemplates'],
])('The list of %s is empty without servers', (list, field) => expect(read(picture(), list)).toEqual({ [field]: [] }));

describe('What is left out is named with the reason', () => {
  test.each<[what: string, list: ListName, members: PictureMember[], shown: string[], leftOut: object]>([
    ['a server', 'tools', [memberOf('a', { leftOut: 'It is disabled.' })], [], { a: 'It is disabled.' }],
    [
      'a tool whose name does not fit',
      'tools',
      [memberOf('a', { tools: named('b.c', 'd') })],
      ['a__d'],
      { a: { call_tool: ['b.c'] } },
    ],
    [
      'a plain name like that of another server',
      'tools',
      [memberOf('a', { prefix: 'never', tools: named('b__c', 'd') })],
      ['d'],
      { a: { 'must not read like': ['b__c'] } },
    ],
    [
      'a plain prompt like that of another server',
      'prompts',
      [memberOf('a', { prefix: 'never', prompts: named('b__c') })],
      [],
      { a: { 'must not be called': ['b__c'] } },
    ],
    [
      'a name that another plain server has',
      'tools',
      ['a', 'b'].map((server) => memberOf(server, { prefix: 'never', tools: named('same') })),
      ['same'],
      { b: { 'Another server': ['same'] } },
    ],
    [
      'a URI that another server has',
      'resources',
      ['a', 'b'].map((server) => memberOf(server, { resources: ['{"uri":"u:1"}'] })),
      ['u:1'],
      { b: { 'Another server': ['u:1'] } },
    ],
    [
      'an element twice',
      'tools',
      [memberOf('a', { tools: named('x', 'x') })],
      ['a__x'],
      { a: { 'Another server': ['x'] } },
    ],
    [
      'an element without a name',
      'tools',
      [memberOf('a', { tools: ['{}', '[]', 'null', '{"name":1}'] })],
      [],
      { a: { 'cannot be read': ['', '', '', ''] } },
    ],
    ['a prompt may have any letters', 'prompts', [memberOf('a', { prompts: named('b.c d') })], ['a__b.c d'], {}],
  ])('%s', (_what, list, members, shown, leftOut) => {
    const { _meta, ...lists } = read(picture(...members), list);
    const [elements] = Object.values(lists) as Record<string, string>[][];
    expect(elements?.map(({ name, uri }) => name ?? uri)).toEqual(shown);
    const all = Object.entries((_meta?.[leftOutKey] ?? {}) as Record<string, string | Record<string, string[]>>);
    expect(all.map(([server]) => server)).toEqual(Object.keys(leftOut));
    for (const [server, why] of Object.entries(leftOut)) {
      const told = Object.fromEntries(all)[server];
      if (typeof why === 'string') expect(told).toBe(why);
      else {
        const [[part, names] = []] = Object.entries(why);
        expect(Object.entries(told ?? {})).toEqual([[expect.stringContaining(String(part)), names]]);
      }
    }
  });

  test('within a bound', () => {
    const tools = named(...Array.from({ length: 300 }, (_, i) => `${i}.${'x'.repeat(200)}`));
    const { _meta } = read(picture(memberOf('a', { tools })), 'tools');
    const names = Object.values(_meta[leftOutKey].a as object)[0] as string[];
    expect(names).toHaveLength(21);
    expect(names.at(-1)).toBe('and 280 more');
    expect(Math.max(...names.map(({ length }) => length))).toBe(64);
  });
});
