import { pickerOf, readingTools } from '../../../../../../registry/pages/access/give/picker.ts';
import { emptyValues } from '../../../../../../registry/pages/access/give/values.ts';
import { toolOf } from '../../../../../support/registry/registry-fixture.ts';

const reads = { annotations: { readOnlyHint: true } };
const evil = ['*', 'get_*', 'all', 'a b', 'a\n    tools: ["*"]', 'a"', 'ä', ''].map((name) => toolOf(name, reads));
const tools = [
  ...evil,
  toolOf('get', reads),
  toolOf('changed', reads),
  toolOf('silent'),
  toolOf('both', { annotations: { readOnlyHint: true, destructiveHint: true } }),
  toolOf('writes', { annotations: { readOnlyHint: false, destructiveHint: false } }),
];
const isWaiting = (name: string) => name === 'changed';
const input = { values: emptyValues, tools, faults: {}, isWaiting, hasOf: () => 'none' as const };

test('A tool whose name a rule would read as more than one tool, or that waits for approval, is left out', () => {
  expect(readingTools(tools, isWaiting)).toEqual(['get']);
  const offered = pickerOf(input);
  expect(offered.groups.map(({ label, tools: own }) => [label, own.map(({ name }) => name)])).toEqual([
    ['Only reads', ['get', 'changed']],
    ['Changes something', ['writes']],
    ['May destroy', ['silent', 'both']],
  ]);
  expect([offered.unnamed, offered.groups[0]?.tools[1]?.waits]).toEqual([8, true]);
});

test('Of a thousand tools, two hundred are shown, and always those that are chosen, also if the server lost them', () => {
  const many = Array.from({ length: 1_000 }, (_, i) => toolOf(`tool_${i}`, reads));
  const values = { ...emptyValues, tools: new Set(['tool_999', 'lost']) };
  const { groups, more, known } = pickerOf({ ...input, values, tools: many });
  expect([known, more]).toEqual([1_000, 799]);
  expect(groups[0]?.tools.at(-1)).toMatchObject({ name: 'tool_999', isChosen: true });
  expect(groups.at(-1)).toMatchObject({ label: 'Not announced now', tools: [{ name: 'lost', isGone: true }] });
});

test('What a server says of a tool is cut, and hidden characters are spelled out', () => {
  const { groups } = pickerOf({ ...input, tools: [toolOf('get', { ...reads, title: `\u200b${'x'.repeat(500)}` })] });
  const says = groups[0]?.tools[0]?.says ?? '';
  expect([says.startsWith('\\u{200b}'), says.length < 140]).toEqual([true, true]);
});
