import type { AuditRecord } from '../../../../auth-server/audit/record.ts';
import { type AuditDatabase, openAuditDatabase } from '../../../../auth-server/audit/store/database.ts';
import { dayOf } from '../../../../auth-server/audit/store/days.ts';
import { createUsageQuestions, type UsageQuestions } from '../../../../auth-server/audit/usage/questions.ts';
import { makeSums } from '../../../../auth-server/audit/usage/sums/make-sums.ts';
import { erasePerson } from '../../../../auth-server/audit/usage/sums/words.ts';
import { sumsQuery } from '../../../../common/doors/decisions.ts';
import { type UsageQuery, usage as usageShape } from '../../../../common/doors/usage.ts';
import { toolCallRecord, writerOf } from '../../../support/auth-server/audit-records.ts';
import { bothDatabases, type Places } from '../../../support/postgres/both-databases.ts';

const now = Date.UTC(2026, 10, 20, 15, 30);
const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const all = { servers: 'all' as const };

describe.each<[string, Places]>(bothDatabases('audit'))('%s:', (_kind, places) => {
  let database: AuditDatabase;
  let questions: UsageQuestions;
  beforeEach(async () => {
    database = await openAuditDatabase(await places.empty());
    questions = createUsageQuestions(database);
  });
  afterEach(() => database.close());

  const call = (ago: number, change: Partial<AuditRecord> = {}) => toolCallRecord(now - ago, change);
  const refused = { verdict: 'deny', reason: 'not_permitted', rule: undefined } as const;
  const bob = { subject: 'sub-bob', username: 'bob' };
  const make = (at = now, holder = 'one') => makeSums(database, holder, at);
  const ask = async (
    query: Partial<UsageQuery> = {},
    visible: Parameters<UsageQuestions['usage']>[0]['visible'] = all,
  ) => {
    const { usage } = await questions.usage({ query: { span: '24h', ...query }, visible, now });
    return usageShape.parse({ ...usage, unused: [] });
  };
  const measure = (writer: number, number: number, ago: number, milliseconds: number, status = 200) =>
    database
      .day(dayOf(now - ago))
      .insertInto('audit_call')
      .values({ writer, number, at: now - ago, status, milliseconds })
      .execute();

  test('Usage counts calls, refusals, errors and times by hour, server, tool, caller and client', async () => {
    const { id, write } = writerOf(database);
    await write(
      call(3 * hour),
      call(3 * hour, { ...bob, ...refused }),
      call(2 * minute, { subject: 'agent', username: 'agent', client_id: 'agent', server: 'fininfo', object: 'quote' }),
      call(minute, { client_id: 'editor', client_name: 'An editor' }),
      call(minute, { method: 'tools/list', object: undefined, definition: undefined }),
      call(minute, { ...refused, reason: 'credentials_missing', subject: undefined, username: undefined }),
      call(25 * hour, bob),
    );
    await measure(id, 1, 3 * hour, 100);
    await measure(id, 3, 2 * minute, 30, 500);
    await make();
    const usage = await ask();
    expect(usage).toMatchObject({ slotSeconds: 3_600, measured: 'some', callers: 3, before: { calls: 1 } });
    expect(usage.total).toMatchObject({ calls: 4, refused: 1, errors: 1 });
    expect(usage.since).toBe(new Date(now - 25.5 * hour).toISOString());
    expect(usage.slots.map(({ calls }) => calls)).toEqual([...Array(20).fill(0), 2, 0, 0, 2]);
    expect(usage.servers).toMatchObject([
      { id: 'currenttime', calls: 3, refused: 1, errors: 0, p50: 80 },
      { id: 'fininfo', calls: 1, errors: 1, p95: 39, last: new Date(now - 2 * minute).toISOString() },
    ]);
    expect(usage.servers[0]?.slots).toEqual([...Array(20).fill(0), 2, 0, 0, 1]);
    expect(usage.tools).toMatchObject([
      { id: 'now', server: 'currenttime', calls: 3 },
      { id: 'quote', server: 'fininfo' },
    ]);
    expect(usage.people).toMatchObject([
      { id: 'sub-alice', name: 'alice', calls: 2 },
      { id: 'sub-bob', name: 'bob', calls: 1, refused: 1 },
    ]);
    expect(usage.agents).toMatchObject([{ id: 'agent', calls: 1 }]);
    expect(usage.clients).toMatchObject([{ id: 'agent' }, { id: 'editor', name: 'An editor' }]);
    expect(usage.reasons).toEqual([{ reason: 'not_permitted', count: 1 }]);
  });

  test('A record counts at once, whether the sums have it or not, and never twice', async () => {
    const { write } = writerOf(database);
    await write(call(2 * day), call(5 * minute));
    await make(now - minute);
    expect((await ask()).total.calls).toBe(1);
    await write(call(0), call(30_000));
    expect((await ask()).total.calls).toBe(3);
    await make();
    await make();
    expect((await ask()).total.calls).toBe(3);
    expect((await ask({ span: '7d' })).total.calls).toBe(4);
    expect((await ask({ span: '90d' })).total.calls).toBe(4);
  });

  test('After a standstill, all that was missed is summed; a time that comes late still counts', async () => {
    const { id, write } = writerOf(database);
    await write(call(3 * day));
    await make(now - 3 * day);
    await write(call(50 * hour, bob), call(30 * minute));
    await make(now - 10 * minute);
    await measure(id, 3, 30 * minute, 12);
    await make();
    const usage = await ask({ span: '90d' });
    expect(usage.total).toMatchObject({ calls: 3, p50: 13 });
    expect(usage.slots.slice(-4).map(({ calls }) => calls)).toEqual([1, 1, 0, 1]);
  });

  test('Only the process with the lease makes sums; another one takes over when the lease has ended', async () => {
    expect(await make(now, 'one')).toBe(true);
    expect(await make(now + minute, 'other')).toBe(false);
    expect(await make(now + 3 * minute, 'other')).toBe(true);
    expect(await make(now + 3 * minute, 'one')).toBe(false);
  });

  test('Names that callers invent count as other: tools without a definition, and servers that never allowed anything', async () => {
    const { write } = writerOf(database);
    const unknown = { definition: undefined, object: 'invented' };
    await write(call(minute), call(minute, unknown), call(minute, { ...refused, ...unknown, server: 'nowhere' }));
    await make();
    await write(call(0, { ...refused, ...unknown, server: 'elsewhere' }));
    const { servers, tools } = await ask();
    expect(servers.map(({ id }) => id)).toEqual(['currenttime', 'other']);
    expect(tools.map(({ id, server }) => [server, id])).toEqual([
      ['other', 'other'],
      ['currenttime', 'now'],
      ['currenttime', 'other'],
    ]);
  });

  test('A reader of some servers sees these, their people and sums, and nothing else', async () => {
    const { write } = writerOf(database);
    await write(call(minute), call(minute, { ...bob, server: 'fininfo', object: 'quote' }));
    await make();
    const visible = { servers: ['fininfo'] };
    const usage = await ask({}, visible);
    expect(usage.total.calls).toBe(1);
    expect(usage.people.map(({ name }) => name)).toEqual(['bob']);
    expect((await ask({ server: 'currenttime' }, visible)).total.calls).toBe(0);
    expect((await ask({ server: 'currenttime' })).total.calls).toBe(1);
    const { rows } = await questions.sums({ query: {}, visible, now });
    expect(rows).toEqual([{ person: 'sub-bob', name: 'bob', server: 'fininfo', tool: 'quote', reason: '', count: 1 }]);
    const names = async (kind: 'person' | 'server' | 'object', q: string) =>
      (await questions.suggest({ query: { kind, q }, visible, now })).values;
    expect(await names('person', '')).toEqual([{ value: 'sub-bob', label: 'bob' }]);
    expect(await names('server', 'time')).toEqual([]);
    expect(await names('object', 'QUO')).toEqual([{ value: 'quote', label: 'quote' }]);
  });

  test('Suggestions are names that contain what was typed, by value or label; a wildcard is a letter', async () => {
    const { write } = writerOf(database);
    const alice = { shown_name: 'Alice L' };
    await write(
      call(minute, alice),
      call(minute, { ...bob, object: 'to_day' }),
      call(minute, { ...alice, ...refused }),
    );
    const names = async (kind: 'person' | 'object' | 'reason', q: string) =>
      (await questions.suggest({ query: { kind, q }, visible: all, now })).values.map(({ value }) => value);
    expect(await names('person', 'ALICE l')).toEqual(['sub-alice']);
    expect((await names('person', 'sub-')).sort()).toEqual(['sub-alice', 'sub-bob']);
    expect(await names('object', 'o_')).toEqual(['to_day']);
    expect(await names('object', '%')).toEqual([]);
    expect(await names('reason', '')).toEqual(['not_permitted']);
  });

  test('Sums of decisions follow the filters, to the millisecond', async () => {
    const { write } = writerOf(database);
    const visitor = { ...refused, reason: 'credentials_missing', subject: undefined, username: undefined };
    await write(call(3 * day), call(3 * day), call(90 * minute, bob), call(45 * minute, { ...bob, ...refused }));
    await write(call(10 * minute, { method: 'tools/list', object: undefined }), call(minute, visitor));
    await make(now - 30 * minute);
    const sums = async (query: object) => {
      const { rows } = await questions.sums({ query: sumsQuery.parse(query), visible: all, now });
      return rows.map(({ name, tool, reason, count }) => [name, tool, reason, count].join(' '));
    };
    const ago = (milliseconds: number) => new Date(now - milliseconds).toISOString();
    const whole = [
      'alice now  2',
      'bob now  1',
      'bob now not_permitted 1',
      'alice tools/list  1',
      ' now credentials_missing 1',
    ];
    expect((await sums({})).sort()).toEqual([...whole].sort());
    await make();
    expect((await sums({})).sort()).toEqual([...whole].sort());
    expect((await sums({ since: ago(90 * minute) })).sort()).toEqual(whole.slice(1).sort());
    expect((await sums({ since: ago(90 * minute - 1), until: ago(10 * minute) })).sort()).toEqual(
      whole.slice(2, 4).sort(),
    );
    expect(await sums({ since: ago(20 * minute), until: ago(10 * minute + 1) })).toEqual([]);
    expect(await sums({ person: 'BOB', verdict: 'deny' })).toEqual(['bob now not_permitted 1']);
    expect(await sums({ tool: 'list' })).toEqual(['alice tools/list  1']);
    expect(await sums({ caller: 'none' })).toEqual([' now credentials_missing 1']);
    expect(await sums({ reason: 'not_permitted', caller: 'known', server: 'current' })).toEqual([
      'bob now not_permitted 1',
    ]);
    expect(await sums({ person: 'no such name' })).toEqual([]);
  });

  test('The sums tell what each rule has allowed, lists included, and when last', async () => {
    const { write } = writerOf(database);
    await write(call(100 * day), call(3 * hour, { rule: 'user[0]', method: 'tools/list', object: undefined }));
    await make();
    await write(call(0, { rule: 'user[1]' }));
    const { uses } = await questions.usage({ query: { span: '24h' }, visible: all, now });
    const on = { server: 'currenttime' };
    expect(uses).toHaveLength(3);
    expect(uses).toEqual(
      expect.arrayContaining([
        { ...on, rule: 'admin[0]', method: 'tools/call', object: 'now', last: (now - 100 * day) / 1_000 },
        { ...on, rule: 'user[0]', method: 'tools/list', object: '', last: (now - 3 * hour) / 1_000 },
        { ...on, rule: 'user[1]', method: 'tools/call', object: 'now', last: now / 1_000 },
      ]),
    );
  });

  test('An erased person stays in the counts, under a name that says nothing', async () => {
    const { write } = writerOf(database);
    await write(call(3 * hour), call(3 * hour, bob));
    await make();
    expect((await ask()).people.map(({ id }) => id)).toEqual(['sub-alice', 'sub-bob']);
    await erasePerson(database.main, 'sub-alice');
    const { total, people } = await ask();
    expect(total.calls).toBe(2);
    expect(people.map(({ name }) => name)).toEqual([expect.stringMatching(/^erased \d+$/), 'bob']);
  });

  test('Sums are kept for a year, also when their records are gone', async () => {
    const { write } = writerOf(database);
    await write(call(2 * day));
    await make();
    await database.drop(dayOf(now - 2 * day));
    await make(now + minute);
    expect((await ask({ span: '7d' })).total.calls).toBe(1);
    await make(now + 370 * day);
    expect((await database.main.selectFrom('audit_sum').selectAll().execute()).length).toBe(0);
  });
});
