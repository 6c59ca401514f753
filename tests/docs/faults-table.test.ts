import { globSync, readFileSync } from 'node:fs';
import { readRows } from '../faults/table.ts';

const rows = readRows();
const named = globSync('tests/faults/*.test.ts').flatMap((file) =>
  [...readFileSync(file, 'utf8').matchAll(/^ +what: '(.+)',$/gm)].map(([, what]) => String(what)),
);

test('The table of faults has a row for each fault that the tests cause', () => {
  expect(named.length).toBeGreaterThan(20);
  const shown = rows.map(([what]) => what);
  expect(named.filter((what) => !shown.includes(what))).toEqual([]);
});

test.each(rows)('The table of faults shows no wrongly allowed request: %s', (_what, allowed) => {
  expect(allowed).toBe('0');
});
