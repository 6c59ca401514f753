import { parsePolicy } from '../../../../../../common/policy/policy-file.ts';
import type { CatalogueEntry } from '../../../../../../registry/access/catalogue.ts';
import { endingSoon } from '../../../../../../registry/pages/access/matrix/cell.ts';
import { findsNothing, matrixOf } from '../../../../../../registry/pages/access/matrix/matrix.ts';
import { readMatrixQuery } from '../../../../../../registry/pages/access/matrix/query.ts';
import { toolOf } from '../../../../../support/registry/registry-fixture.ts';

const now = Date.parse('2026-11-25T12:00:00Z');
const reads = { annotations: { readOnlyHint: true } };
const entry = (name: string, tools = [toolOf('find', reads), toolOf('write')]) =>
  ({ name, title: name, members: null, health: { tools } }) as unknown as CatalogueEntry;
const servers = [entry('notes'), entry('plans')];
const known = { readOnly: new Map([['notes', new Set(['find'])]]) };
const ask = (text: string, query: Record<string, string> = {}, more: Partial<Parameters<typeof matrixOf>[0]> = {}) =>
  matrixOf({
    ...{ policy: parsePolicy(text, now), known, servers, query: readMatrixQuery(query), groups: [], now },
    ...more,
  });
const rule = (line: string) =>
  `group_mappings: { g: [s] }\ns:\n  - { server: notes, methods: [tools/call], ${line} }\n`;

test.each([
  ['every tool', rule('tools: ["*"]'), 'full', 'all', 'all tools, later ones too'],
  ['one of two', rule('tools: [find]'), 'half', '1 of 2', '1 of 2 tools: find'],
  ['both by name', rule('tools: [find, write]'), 'full', 'all', '2 of 2 tools: find, write'],
  [
    'a limit',
    rule('tools: [{ name: write, arguments: { a: [x] } }]'),
    'half',
    '1 of 2',
    'with limits or an approval write',
  ],
  ['a hold', rule('approve: person, tools: [write]'), 'half', '1 of 2', 'with limits or an approval write'],
  ['a hint', rule('tools: [{ hint: read-only }]'), 'half', '1 of 2', '1 of 2 tools: find'],
  [
    'an end',
    rule('tools: [find], until: 2026-12-01T10:00:00Z'),
    'half',
    '1 of 2',
    '1 of 2 tools: find; the first of it ends 2026-12-01 10:00 UTC',
  ],
  ['an end that has passed', rule('tools: [find], until: 2026-11-01T10:00:00Z'), 'none', '', 'nothing'],
  ['another server', rule('tools: [find]').replace('notes', 'else'), 'none', '', 'nothing'],
  ['no tool', rule('tools: []'), 'none', '', 'no tool'],
])('The cell of a rule with %s', (_what, text, level, says, words) => {
  expect(ask(text).rows[0]?.cells[0]).toMatchObject({
    level,
    says,
    words: words.replace('find, write', 'find and write'),
  });
});

test('What ends within three days is named with its groups, the next first; what ends later or has ended is not', () => {
  const rule = (server: string, until: string) =>
    `  - { server: ${server}, methods: [tools/call], tools: [x], until: ${until} }`;
  const text = [
    ...['group_mappings: { g: [s], h: [s] }', 's:', rule('notes', '2026-11-27T12:00:00Z')],
    ...[rule('late', '2026-11-28T12:00:01Z'), rule('gone', '2026-11-25T12:00:00Z')],
    ...['agents/only:', rule('plans', '2026-11-26T12:00:00Z'), ''],
  ].join('\n');
  const ends = endingSoon(parsePolicy(text, now), now);
  expect(ends.map(({ server, who }) => [server, ...who])).toEqual([
    ['plans', 'agents/only'],
    ['notes', 'g', 'h'],
  ]);
});

test.each([
  ['a server', 'plans', ['plans'], ['a', 'b']],
  ['a tool', 'find', ['notes', 'plans'], ['a', 'b']],
  ['a group by its short name', 'b', ['notes', 'plans'], ['b']],
  ['a group and a server', 'b notes', ['notes'], ['b']],
  ['nothing', 'zzz', [], ['a', 'b']],
])('A search for %s', (_what, q, rows, columns) => {
  const found = ask('group_mappings: { team-a: [], team-b: [] }\n', { q });
  expect(found.rows.map(({ server }) => server.name)).toEqual(rows);
  expect(found.columns.map(({ label }) => label)).toEqual(columns);
  expect(findsNothing(found)).toBe(q === 'zzz');
});

test('Groups of a person who was found are the columns, and the search hides no server', () => {
  const found = ask('group_mappings: { team-a: [], team-b: [] }\n', { q: 'dave' }, { groups: ['team-b'] });
  expect([found.rows.length, found.columns.map(({ name }) => name)]).toEqual([2, ['team-b']]);
});

test('A page of 500 servers and 50 groups has at most 1,200 cells, and each server stands on one page', () => {
  const groups = Array.from({ length: 50 }, (_, i) => `  group-${i}: [s${i}]`).join('\n');
  const scopes = Array.from(
    { length: 50 },
    (_, i) => `s${i}:\n  - { server: "server-${i}*", methods: [tools/call], tools: [tool_1, "read_*"] }`,
  ).join('\n');
  const tools = Array.from({ length: 20 }, (_, i) => toolOf(`tool_${i}`));
  const many = Array.from({ length: 500 }, (_, i) => entry(`server-${i}`, tools));
  const text = `group_mappings:\n${groups}\n${scopes}\n`;
  const seen = new Set<string>();
  const { of } = ask(text, {}, { servers: many });
  for (let page = 1; page <= of; page++) {
    const { rows, columns } = ask(text, { page: String(page) }, { servers: many });
    expect(rows.length * columns.length).toBeLessThanOrEqual(1_200);
    for (const { server } of rows) seen.add(server.name);
  }
  expect(seen.size).toBe(500);
  expect(ask(text, { page: '99999' }, { servers: many }).page).toBe(of);
});

test('With 100 groups, 60 are columns, and the page says how many are not', () => {
  const groups = Array.from({ length: 100 }, (_, i) => `  g${i}: []`).join('\n');
  const { columns, moreColumns } = ask(`group_mappings:\n${groups}\n`);
  expect([columns.length, moreColumns]).toEqual([60, 40]);
});
