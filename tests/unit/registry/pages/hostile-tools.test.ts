import { shownTools } from '../../../../registry/pages/details/tools.ts';
import { toolChanges } from '../../../../registry/pins/changes.ts';
import type { JsonObject } from '../../../../registry/servers/definition.ts';
import { toObservedTools } from '../../../../registry/servers/tool.ts';

const times = <T>(count: number, make: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));
const properties = (count: number, description: string) => ({
  type: 'object',
  properties: Object.fromEntries(times(count, (i) => [`p${i}`, { description }])),
});
let deep: unknown = 1;
for (let i = 0; i < 1_000; i++) deep = { a: deep };

const hostile: [string, JsonObject[]][] = [
  ['two megabytes of descriptions', times(1_000, (i) => ({ name: `t${i}`, description: 'x'.repeat(2_000) }))],
  ['descriptions of 60 kB', times(32, (i) => ({ name: `t${i}`, description: 'x'.repeat(60_000) }))],
  ['hidden characters only', times(32, (i) => ({ name: `t${i}`, description: '\u200b'.repeat(20_000) }))],
  ['100,000 arguments', times(500, (i) => ({ name: `t${i}`, inputSchema: properties(100, 'one of many') }))],
  ['tens of thousands of keys', times(32, (i) => ({ name: `t${i}`, inputSchema: properties(2_000, 'x') }))],
  ['deep schemas', times(100, (i) => ({ name: `t${i}`, inputSchema: deep as JsonObject }))],
  [
    'unions of unions',
    times(32, (i) => {
      const union = { anyOf: times(12, () => ({ anyOf: times(12, () => ({ type: 'string' })) })) };
      return { name: `t${i}`, inputSchema: { properties: Object.fromEntries(times(15, (j) => [`p${j}`, union])) } };
    }),
  ],
];

test.each(hostile)('The page of a server with %s stays small, and names every tool', (_what, tools) => {
  const infos = toObservedTools(tools).map(({ info }) => info);
  const shown = shownTools(infos, () => ({ is: 'yes' }));
  expect(shown.map(({ name }) => name)).toEqual(tools.map(({ name }) => name));
  expect(JSON.stringify(shown).length).toBeLessThan(3_000_000);
});

test.each(hostile)(
  'Changes of all tools of a server with %s make a small answer, and name every tool',
  (_what, tools) => {
    const definitions = toObservedTools(tools).map(({ definition }) => definition);
    const named = (parts: object) => (each: (typeof definitions)[number]) =>
      [each.name, { ...each, at: new Date(0), parts: { ...each.parts, ...parts } as never }] as const;
    const known = {
      firstSeenAt: new Date(0),
      approved: new Map(definitions.map(named({ title: 'x'.repeat(3_000), inputSchema: { other: 1 } }))),
      pending: new Map(definitions.map(named({}))),
    };
    const { tools: changed } = toolChanges('evil', known, []);
    expect(changed).toHaveLength(tools.length);
    expect(JSON.stringify(changed).length).toBeLessThan(3_000_000);
    const [first] = changed;
    expect(first?.differences.length).toBeGreaterThan(0);
    for (const { differences, note } of changed) expect(differences.length > 0 || note !== null).toBe(true);
  },
);

test.each([
  ['the nested key', { ui: { resourceUri: 'ui://weather/map' } }],
  ['the flat key', { 'ui/resourceUri': 'ui://weather/map' }],
])('A tool that brings a page says so, by %s', (_what, _meta) => {
  const [info, plain] = toObservedTools([
    { name: 'map', _meta },
    { name: 'now', _meta: { ui: { visibility: ['app'] } } },
  ]);
  expect([info?.info.page, plain?.info.page]).toEqual(['ui://weather/map', undefined]);
  const shown = shownTools(
    [info?.info, plain?.info].filter((each) => each !== undefined),
    () => ({ is: 'yes' }),
  );
  expect(shown.map(({ hints }) => hints)).toEqual([['brings a page'], []]);
});
