import type { Usage } from '../../../../../common/doors/usage.ts';
import { figuresOf } from '../../../../../registry/pages/usage/figures.ts';
import { shownUsage } from '../../../../../registry/pages/usage/view.ts';
import { noUsage, someUsage } from '../../../../support/registry/usage-data.ts';

const now = new Date('2026-11-23T13:30:00Z');
const week = someUsage({ span: '7d' }, now);
const counts = (calls: number, more: Partial<Usage['total']> = {}) => {
  return { calls, refused: 0, errors: 0, p50: null, p95: null, ...more };
};
const find = (server: string) => (server === 'github' ? { title: 'GitHub' } : undefined);
const shown = (usage: Usage, server?: string) => shownUsage(usage, find, '/usage', server);
const figure = (usage: Usage, name: string) => figuresOf(usage).find((each) => each.name === name);

test.each([
  [200, 100, '100 % more than in the 7 days before'],
  [50, 100, '50 % fewer than in the 7 days before'],
  [100, 100, 'as many as in the 7 days before'],
  [100, 0, 'none in the 7 days before'],
])('%i calls after %i are %s', (calls, before, note) => {
  expect(figure({ ...week, total: counts(calls), before: counts(before) }, 'Calls')?.note).toBe(note);
});

test('Nothing is compared with a span of which only a part is known', () => {
  const since = new Date(now.getTime() - 10 * 86_400_000).toISOString();
  const usage = { ...week, since, total: counts(200, { refused: 20, p50: 80 }), before: counts(100, { p50: 90 }) };
  expect(figuresOf(usage).map(({ note }) => note)).toEqual(['', '10 %', '0 %', '', 'not measured', '']);
});

test('A share that is there is never 0 %', () => {
  const total = counts(100_000, { refused: 1 });
  expect(figure({ ...week, since: null, total }, 'Refused')?.note).toBe('under 0.1 %');
});

test('Times that are not measured are no zeros, and a sentence says why', () => {
  const usage: Usage = { ...week, measured: 'none', total: counts(10), before: counts(5) };
  const { notice, figures, isMeasured, times } = shown({
    ...usage,
    slots: usage.slots.map((slot) => ({ ...slot, p50: null, p95: null })),
  });
  expect(notice).toContain('CALLS_FILE');
  expect(figures.slice(2, 5).map(({ value, note }) => `${value} ${note}`)).toEqual(
    Array.from({ length: 3 }, () => '– not measured'),
  );
  expect([isMeasured, times]).toEqual([false, undefined]);
  expect(shown({ ...usage, measured: 'all' }).notice).toBe('');
  expect(shown({ ...usage, total: counts(3, { refused: 3 }) }).notice).toBe('');
});

test('Charts are drawn from an hour of data on', () => {
  const of = (minutes: number, since: string | null = '2026-11-01T00:00:00.000Z') => {
    const first = new Date('2026-11-23T13:00:00Z').toISOString();
    const to = new Date(Date.parse(first) + minutes * 60_000).toISOString();
    const none = noUsage({ span: '24h' }, now);
    const slots = none.slots.map((slot) => (slot.at === first ? { ...slot, ...counts(3) } : slot));
    return shown({ ...none, to, since, slots, total: counts(3) }).calls !== undefined;
  };
  expect([of(59), of(60), of(60, null), of(60, '2026-11-23T13:30:00.000Z')]).toEqual([false, true, false, false]);
});

test('Each row leads to the decisions that it counts, in its span, or to the server', () => {
  const { servers, tools, people, reasons } = shown(week);
  expect(servers.map(({ href, name }) => [name, href])).toEqual([
    ['GitHub', '/servers/github/activity?span=7d'],
    ['currenttime', `/audit?server=currenttime&span=7d`],
    ['no-longer-there', `/audit?server=no-longer-there&span=7d`],
  ]);
  expect(tools[0]).toMatchObject({ note: 'GitHub', href: `/audit?tool=search_issues&server=github&span=7d` });
  expect(people[0]?.href).toBe(`/audit?person=sub-dave&span=7d`);
  expect(reasons[0]).toMatchObject({
    words: 'no rule allows it',
    href: '/audit?verdict=deny&reason=not_permitted&span=7d',
  });
  const quarter = shown(someUsage({ span: '90d' }, now));
  expect(quarter.people[0]?.href).toBe('/audit?person=sub-dave&since=2026-08-26T00%3A00%3A00Z');
});

test('What has no name of its own is told in words, and leads to the decisions of its server', () => {
  const row = { id: 'other', name: 'other', last: now.toISOString(), ...counts(3) };
  const { tools, servers } = shown({
    ...week,
    tools: [{ ...row, server: 'github' }],
    servers: [{ ...row, id: '', name: '' }],
  });
  expect(tools[0]).toMatchObject({
    ...{ name: 'unknown tools', note: 'GitHub', isUnnamed: true },
    href: '/audit?server=github&span=7d',
  });
  expect(servers[0]).toMatchObject({ name: 'unknown servers', href: '/audit?span=7d' });
});

test('The activity of a server lists no servers, and its rows lead to its own decisions', () => {
  const { servers, tools, people } = shown(week, 'github');
  expect(servers).toEqual([]);
  expect(tools[0]).not.toHaveProperty('note');
  expect(people[0]?.href).toContain('/audit?server=github&person=sub-dave&');
});

test('A number has a colour if it is unusual: from a tenth of the calls on', () => {
  const { tools, people } = shown(week);
  expect(tools.slice(0, 2).map(({ refused }) => refused.isUnusual)).toEqual([false, true]);
  expect(people.map(({ errors }) => errors.isUnusual)).toEqual([false, true]);
});

test('What callers and servers choose as their names is one line without invisible characters', () => {
  const people = [{ id: 'u', name: 'da\u202eve\n<b>', last: now.toISOString(), ...counts(3) }];
  expect(shown({ ...week, people }).people[0]?.name).toBe('da\ufffdve <b>');
});

test('Rights that were not used are shown of 90 days, in words', () => {
  const quarter = someUsage({ span: '90d' }, now);
  expect(shown(week).unused).toBeUndefined();
  expect(shown({ ...quarter, since: null }).unused).toBeUndefined();
  expect(shown(quarter).unused?.shown).toEqual([
    {
      ...{ rule: 'mcp-registry-user[1]', tools: ['delete_branch', 'merge_pull_request'], server: 'GitHub' },
      ...{ href: '/servers/github/access', who: 'mcp-registry-user may', used: 'not used in 90 days' },
      last: '; the rule was last used on 23 Nov',
    },
    {
      ...{ rule: 'everything[1]', tools: [], server: 'every server', href: '', who: 'No group has it' },
      ...{ used: 'not used in 90 days', last: '' },
    },
  ]);
  const since = '2026-11-03T00:00:00.000Z';
  expect(shown({ ...quarter, since }).unused?.shown[0]?.used).toBe('not used since 3 Nov');
});
