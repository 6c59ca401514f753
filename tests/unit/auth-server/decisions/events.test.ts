import { isEvent } from '../../../../auth-server/audit/record.ts';
import { readRecord } from '../../../../auth-server/audit/stored-record.ts';
import { actorOf, createAuditEvents } from '../../../../auth-server/decisions/events.ts';
import { sessionRecord } from '../../../support/auth-server/auth-fixture.ts';
import { useClock } from '../../../support/clock.ts';

const clock = useClock();
const texts: string[] = [];
const events = createAuditEvents({ add: (record) => void texts.push(record) }, () => 'v1');
const written = () => texts.splice(0).map(readRecord);
const admin = actorOf(sessionRecord({ sid: 's', sub: 'sub-admin', username: 'admin', usedAddress: '192.0.2.7' }));
const who = { subject: 'sub-admin', username: 'admin', auth_method: 'session_cookie', address: '192.0.2.7' };
const event = { verdict: 'allow', policy: 'v1', at: expect.any(Number) };

test('Each event is a record without a request, which says who did what to whom', () => {
  events.account('accounts/connect', admin, { server: 'notes', object: 'alice@example.com' });
  events.accessEnded(admin, { about: 'sub-bob', about_name: 'Bob (bob)', detail: 'everything', count: 3 });
  events.exported(admin, 'csv', { verdict: 'deny', limit: 50 }, 12);
  const records = written();
  expect(records).toEqual([
    { ...event, ...who, method: 'accounts/connect', resource: 'mcp', server: 'notes', object: 'alice@example.com' },
    {
      ...{ ...event, ...who, method: 'access/end', resource: 'registry' },
      ...{ about: 'sub-bob', about_name: 'Bob (bob)', detail: 'everything', count: 3 },
    },
    { ...event, ...who, method: 'audit/export', resource: 'registry', detail: 'csv: verdict=deny', count: 12 },
  ]);
  expect(records.every(isEvent)).toBe(true);
});

test('That a person reads the audit is recorded once in five minutes for the same filters, however the page is turned', () => {
  const read = (filters: Record<string, unknown>) => events.read(admin, filters);
  read({ person: 'bob', before: undefined, limit: 50 });
  read({ person: 'bob', before: 'x-1-2', limit: 50 });
  read({ limit: 50 });
  // The last hour begins later each time, and a page that is watched asks for what is new.
  for (const since of ['2026-11-23T09:00:00Z', '2026-11-23T09:00:03Z']) read({ since, times: 'span=1h', limit: 50 });
  expect(written()).toMatchObject([
    { ...who, method: 'audit/read', detail: 'person=bob' },
    { ...who, method: 'audit/read', detail: 'all' },
    { ...who, method: 'audit/read', detail: 'span=1h' },
  ]);
  clock.advance(301);
  read({ person: 'bob' });
  expect(written()).toHaveLength(1);
});

test('What people choose as names and filters cannot turn text around or grow without bound', () => {
  events.accessEnded(admin, {
    about: 'b',
    about_name: `x\u202e${'y'.repeat(300)}`,
    detail: 'z'.repeat(2_000),
    count: 1,
  });
  const [record] = written();
  expect(record?.about_name).toMatch(/^x%E2%80%AEy+$/);
  expect([record?.about_name?.length, record?.detail?.length]).toEqual([208, 1_000]);
});
