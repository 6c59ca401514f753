import { expect, test } from '@jest/globals';
import { columns, csvHead, csvLine } from '../../../../../auth-server/audit/export/csv.ts';
import { type Decision, decision } from '../../../../../common/doors/decisions.ts';

const plain: Decision = { id: 'm1-1-1', at: '2026-11-29T08:00:00.000Z', verdict: 'allow' };
const cellOf = (object: string) =>
  csvLine({ ...plain, object })
    .slice(`${plain.at},${plain.id},allow,`.length)
    .replace(/^,+/, '')
    .replace(/,*\r\n$/, '');

test.each([
  ['a plain name', 'create_issue', 'create_issue'],
  ['a comma', 'a,b', '"a,b"'],
  ['quotes', 'say "hi"', '"say ""hi"""'],
  ['line breaks', 'a\r\nb\nc', '"a\r\nb\nc"'],
  ['spaces at its ends', ' a ', ' a '],
  ['a formula', '=HYPERLINK("http://evil.example","x")', `"'=HYPERLINK(""http://evil.example"",""x"")"`],
  ['a plus', '+1+1', "'+1+1"],
  ['a minus', '-2+3', "'-2+3"],
  ['an at sign', '@SUM(A1)', "'@SUM(A1)"],
  ['a tab before a formula', '\t=1', "'\t=1"],
  ['a carriage return before a formula', '\r=1', `"'\r=1"`],
  ['a line feed before a formula', '\n=1', `"'\n=1"`],
  ['a wide equals sign', '＝1', "'＝1"],
  ['an apostrophe of its own', "'=1", "''=1"],
  ['a formula after a separator', 'a,=1', '"a,=1"'],
  ['letters of another script', 'großäé漢字🙂', 'großäé漢字🙂'],
])('A cell of CSV with %s is one cell, and no formula', (_what, object, cell) => {
  expect(cellOf(object)).toBe(cell);
});

test('Every line of CSV has all columns: times in ISO, groups as JSON, nothing for what a record does not have', () => {
  const line = csvLine({ ...plain, groups: ['a', 'b;"c"'], account_used: false, microseconds: 12 });
  const [at, , , ...rest] = line.split(',');
  expect([at, rest.join(',')]).toEqual([plain.at, expect.stringContaining('"[""a"",""b;\\""c\\""""]"')]);
  expect(line).toMatch(/,false,,,12,.*\r\n$/);
  expect(csvLine(plain).split(',')).toHaveLength(columns.length);
  expect(csvHead).toBe(`${columns.join(',')}\r\n`);
});

test('Every field of a record has a column', () => {
  expect([...columns].sort()).toEqual(Object.keys(decision.shape).sort());
});
