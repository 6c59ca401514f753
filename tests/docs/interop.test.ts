import { clients } from '../interop/clients/set-ups.ts';
import { known } from '../interop/known.ts';
import { loginCellsOf, loginRows } from '../interop/login/page.ts';
import { loginClients } from '../interop/login/set-ups.ts';
import { cellsOf, rowsOfPage } from '../interop/page.ts';
import { servers } from '../interop/servers/set-ups.ts';

const rows = rowsOfPage();

test('The page of interoperation has a row for each set-up that the command runs, and no other', () => {
  expect(rows.map((cells) => cells.slice(0, 4))).toEqual([...servers, ...clients].map(cellsOf));
});

test('The page of interoperation shows no difference that it does not explain', () => {
  const numbers = known.map((_, i) => String(i + 1));
  const shown = rows.flatMap(([, , , , result = '']) => result.replace(/^the same( but )?/, '').split(', '));
  expect(shown.filter((each) => each !== '' && !numbers.includes(each))).toEqual([]);
});

test('A dozen servers and a dozen clients are run, of each language some', () => {
  for (const setUps of [servers, clients]) {
    expect(setUps.length).toBeGreaterThanOrEqual(12);
    expect(new Set(setUps.map(({ language }) => language)).size).toBe(3);
  }
});

test('The page of clients has a row for each client that logs in with the command, and no other', () => {
  expect(loginRows().map((cells) => cells.slice(0, 3))).toEqual(loginClients.map(loginCellsOf));
});

test('Every set-up pins the version of every package', () => {
  const specs = [...servers, ...clients, ...loginClients].flatMap(({ packages }) => packages.specs);
  expect(specs.filter((spec) => !/.(@v?|==)\d+\.\d+|^mcp<2$/.test(spec))).toEqual([]);
});
