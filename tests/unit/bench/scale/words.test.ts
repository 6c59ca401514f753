import { put, type Sheet } from '../../../../bench/scale/row.ts';
import { asJson, asMarkdown, asText } from '../../../../bench/scale/words.ts';

function sheet(): Sheet {
  const made: Sheet = {
    parts: [
      { name: 'rules', sizes: [10, 1_000] },
      { name: 'two of each', sizes: [1, 2], heads: ['one', 'two'] },
    ],
    rows: [],
    notes: ['rules: not all was measured: it takes longer than 5 s'],
  };
  for (const run of [9, 11, 10]) put(made, { part: 'rules', what: 'a call', unit: 'µs', of: 'each' }, 10, run);
  put(made, { part: 'rules', what: 'a call', unit: 'µs', of: 'each' }, 1_000, 1_234);
  put(made, { part: 'rules', what: 'a start', unit: 's', of: 'all' }, 10, 0.5);
  put(made, { part: 'two of each', what: 'a call', unit: 'µs', of: 'each' }, 1, 100);
  put(made, { part: 'two of each', what: 'a call', unit: 'µs', of: 'each' }, 2, 150);
  return made;
}

test('The table has a line of sizes for each part, marks what is steep, and ends with what is missing', () => {
  expect(asMarkdown(sheet())).toBe(`|  |  |  |  |
| --- | --: | --: | --- |
| **rules** | **10** | **1,000** |  |
| a call, µs | 10 | 1,234 | ▲ each costs 123.4 times as much |
| a start, s | 0.5 | – |  |
| **two of each** | **one** | **two** |  |
| a call, µs | 100 | 150 | 1.50 times |

▲: grows more than its size explains (1).
rules: not all was measured: it takes longer than 5 s`);
});

test('In a terminal the columns stand below each other', () => {
  const [, call, start] = asText(sheet()).split('\n');
  expect(call).toBe('a call, µs    10  1,234  ▲ each costs 123.4 times as much');
  expect(start).toBe('a start, s   0.5      –');
});

test('A program gets each figure with all that was measured for it', () => {
  const { rows, notes } = JSON.parse(asJson(sheet()));
  expect(rows[0]).toMatchObject({
    part: 'rules',
    steep: true,
    figures: [{ figure: 10, runs: [9, 11, 10] }, { size: 1_000 }],
  });
  expect(notes).toHaveLength(1);
});
