import { toolSegment } from '../../../../../registry/pages/shared/tool-id.ts';
import { callLine } from '../../../../../registry/pages/try/call-line.ts';
import { formOf } from '../../../../../registry/pages/try/form-model.ts';

const schema = {
  required: ['zone', 'days'],
  properties: { zone: { type: 'string' }, days: { type: 'integer' }, form: { enum: ['iso'] } },
};

test.each([
  ['current_time', 'mcp', `npm run -s call -- notes current_time '{"zone":"…","days":0}'`],
  ['--help', 'sse', `npm run -s call -- notes '--help' '{"zone":"…","days":0}' --transport sse`],
  ["it's; rm -rf ~", 'mcp', `npm run -s call -- notes 'it'\\''s; rm -rf ~' '{"zone":"…","days":0}'`],
  ['two\nlines', 'mcp', ''],
  ['zero\u200bwidth', 'mcp', ''],
] as const)('The line for a terminal quotes the name of a tool: %j', (tool, transport, expected) => {
  expect(callLine('notes', tool, formOf(schema), transport)).toBe(expected);
});

test('A plain name of a tool is its own segment of an address, every other one a hash that no plain name equals', () => {
  expect(['a', '_x', 'get.it-now', '0'].map(toolSegment)).toEqual(['a', '_x', 'get.it-now', '0']);
  const others = ['', '.', '..', '-x', 'a/b', 'a b', 'a%2fb', 'ä', '~x', 'x'.repeat(129)].map(toolSegment);
  for (const segment of others) expect(segment).toMatch(/^~[\w-]{22}$/);
  expect(new Set(others).size).toBe(others.length);
});
