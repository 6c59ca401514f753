import type { DecisionSums } from '../../../../../common/doors/decisions.ts';
import type { Filters } from '../../../../../registry/pages/audit/filters.ts';
import { sumsOf } from '../../../../../registry/pages/audit/sums.ts';

const none: Filters = {
  ...{ verdict: '', caller: '', person: '', server: '', tool: '', reason: '', span: '', since: '', until: '' },
};
const row = (more: Partial<DecisionSums['rows'][number]>) => ({
  ...{ person: 's-1', name: 'bob', server: 'github', tool: 'get', reason: '', count: 1 },
  ...more,
});
const rows = [
  row({ person: null, name: '', server: '#registry', tool: '', reason: 'credentials_missing', count: 9 }),
  row({ count: 5 }),
  row({ reason: 'not_permitted', count: 3 }),
  row({ person: 's-2', name: 'eve', reason: 'not_permitted', count: 2 }),
  row({ tool: 'other' }),
];
const { parts, together, total, refused } = sumsOf({ rows, cut: false }, { ...none, span: '7d' });

test('Sums are by person, by tool and by reason, most first, and refusals alone have their own colour', () => {
  expect([total, refused]).toEqual([20, 14]);
  expect(
    parts.map(({ title, lines }) => [title, ...lines.map(({ name, count, isRefused }) => [name, count, isRefused])]),
  ).toEqual([
    ['By person', ['Not signed in', 9, true], ['bob', 9, false], ['eve', 2, true]],
    ['By tool', ['get', 10, false], ['a tool that is not known', 1, false]],
    ['Refused, by reason', ['not signed in', 9, true], ['no rule allows it', 5, true]],
  ]);
});

test.each([
  [
    'a person and a tool that were refused',
    2,
    'verdict=deny&person=s-1&server=github&tool=get&reason=not_permitted&span=7d',
  ],
  ['a tool that no catalogue has', 4, 'verdict=allow&person=s-1&server=github&span=7d'],
  ['allowed calls', 1, 'verdict=allow&person=s-1&server=github&tool=get&span=7d'],
  ['requests without a caller', 0, 'verdict=deny&caller=none&server=the+registry&reason=credentials_missing&span=7d'],
])('A sum of %s filters by just that, and keeps the other filters', (_what, at, query) => {
  expect(together[at]?.href).toBe(`/audit?${query}`);
});
