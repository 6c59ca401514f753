import { missingTests } from '../support/rows/row.ts';
import { comingIn } from './coming-in.ts';
import { firstHour } from './first-hour.ts';
import { pages } from './pages.ts';
import { policyFiles } from './policy-files.ts';
import { registry } from './registry.ts';
import { requests } from './requests.ts';
import { servers } from './servers.ts';

const rows = [...policyFiles, ...comingIn, ...firstHour, ...requests, ...servers, ...registry, ...pages];

test.each(rows.map((each) => [each.id, each.what, each] as const))('%s: %s', (_id, _what, each) => {
  expect(Object.values(each.held).flat().length).toBeGreaterThan(0);
  expect(missingTests(each)).toEqual([]);
});

test('Each kind of input has one row', () => {
  expect(new Set(rows.map(({ id }) => id)).size).toBe(rows.length);
});
