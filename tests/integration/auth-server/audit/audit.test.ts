import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createReadQuestions } from '../../../../auth-server/audit/read/questions.ts';
import type { AuditRecord } from '../../../../auth-server/audit/record.ts';
import { openAuditDatabase } from '../../../../auth-server/audit/store/database.ts';
import { createNames } from '../../../../auth-server/audit/store/names.ts';
import type { Audit } from '../../../../auth-server/audit/thread/audit.ts';
import { newIdentity } from '../../../../auth-server/audit/write/identity.ts';
import { createWriter } from '../../../../auth-server/audit/write/writer.ts';
import { decisionsQuery } from '../../../../common/doors/decisions.ts';
import { openAuditHere } from '../../../support/auth-server/audit-here.ts';
import { toolCallRecord } from '../../../support/auth-server/audit-records.ts';
import { useClock } from '../../../support/clock.ts';
import { bothDatabases, type Places } from '../../../support/postgres/both-databases.ts';

/** A record of a decision, with what differs. */
const recordOf = (differs: Partial<AuditRecord> = {}): string =>
  JSON.stringify(toolCallRecord(Date.now(), { request_id: 'r', object: 'look', definition: undefined, ...differs }));
const denied = (differs: Partial<AuditRecord> = {}) =>
  recordOf({
    verdict: 'deny',
    reason: 'not_permitted',
    status: 403,
    message: 'Not allowed.',
    rule: undefined,
    ...differs,
  });
const clock = useClock();
const everything = { servers: 'all' } as const;
const ask = (query: Record<string, unknown> = {}) => decisionsQuery.parse(query);

describe.each<[string, Places]>(bothDatabases(''))('%s:', (_kind, places) => {
  let where: string;
  let opened: Audit[];
  const open = async () => {
    const audit = await openAuditHere(where);
    opened.push(audit);
    return audit;
  };
  beforeEach(async () => {
    where = await places.empty();
    opened = [];
  });
  afterEach(async () => {
    for (const each of opened) await each.close();
  });
  const read = (
    audit: Audit,
    query: Record<string, unknown> = {},
    visible: { servers: 'all' | string[] } = everything,
  ) => audit.ask('page', { query: ask(query), visible });
  const objects = async (audit: Audit, query: Record<string, unknown> = {}) =>
    (await read(audit, query)).decisions.map(({ object }) => object).filter((object) => object !== undefined);

  test('Each process returns the decisions of all processes, the newest first', async () => {
    const [one, other] = [await open(), await open()];
    const at = Date.now();
    one.add(recordOf({ object: 'first', at }));
    other.add(recordOf({ object: 'second', at: at + 1 }));
    await objects(one);
    expect(await objects(other)).toEqual(['second', 'first']);
    expect(await objects(one)).toEqual(['second', 'first']);
  });

  test('Decisions survive a restart, with the message to the caller, their groups and scopes', async () => {
    const before = await open();
    const caller = { digest: 'd', text: JSON.stringify({ salt: 's', groups: ['g'], scopes: ['s'] }) };
    before.add(denied({ caller: 'd' }), caller);
    await before.close();
    opened = [];
    const { decisions, kept } = await read(await open(), { verdict: 'deny' });
    // Beside it: the start and the end of the process, and the start of the next one.
    expect(kept).toBe(4);
    expect(decisions).toEqual([
      expect.objectContaining({ reason: 'not_permitted', message: 'Not allowed.', groups: ['g'], scopes: ['s'] }),
    ]);
    expect(decisions[0]).not.toHaveProperty('caller');
  });

  test('A burst of decisions is kept completely and in order', async () => {
    const audit = await open();
    const at = Date.now();
    for (let i = 0; i < 1_001; i++) audit.add(recordOf({ object: `${i}`, at }));
    const { kept, decisions } = await read(audit, { limit: 200 });
    expect(kept).toBe(1_002);
    expect(decisions.map(({ object }) => object)).toEqual(Array.from({ length: 200 }, (_, i) => `${1_000 - i}`));
  });

  test('Consecutive pages have no gap over several days, even when new decisions are added in between', async () => {
    const audit = await open();
    // From late in the evening on: the records are of two days.
    const first = Math.floor(Date.now() / 86_400_000 - 5) * 86_400_000 - 3 * 3_600_000;
    for (let i = 0; i < 25; i++) audit.add(recordOf({ object: `${i}`, at: first + i * 1_200_000 }));
    const seen: (string | undefined)[] = [];
    let before: string | null = null;
    do {
      const page = await read(audit, {
        limit: 10,
        until: new Date(first + 86_400_000).toISOString(),
        ...(before !== null && { before }),
      });
      seen.push(...page.decisions.map((decision) => decision.object));
      before = page.next;
      audit.add(recordOf({ object: 'new' }));
    } while (before !== null);
    expect(seen).toEqual(Array.from({ length: 25 }, (_, i) => `${24 - i}`));
    expect((await read(audit)).oldest).toBe(new Date(first).toISOString());
  });

  test('Each filter returns the matching decisions, and only decisions that the caller may see are counted', async () => {
    const audit = await open();
    audit.add(recordOf({ object: 'a', shown_name: 'Alice 50%' }));
    audit.add(denied({ object: 'b', username: 'bob', subject: 'sub-bob', client_id: 'cursor', server: 'fininfo' }));
    audit.add(
      denied({ object: 'c', method: 'tools/list', reason: 'token_expired', subject: undefined, username: undefined }),
    );
    audit.add(recordOf({ object: 'd', resource: 'registry', server: undefined, http: 'POST /servers/x/enable' }));
    const cases: [Record<string, unknown>, string[]][] = [
      [{ verdict: 'allow' }, ['d', 'a']],
      [{ verdict: 'deny' }, ['c', 'b']],
      [{ person: 'BO' }, ['b']],
      [{ person: 'sub-bob' }, ['b']],
      [{ person: 'curs' }, ['b']],
      [{ person: 'alice 50%' }, ['d', 'a']],
      [{ person: '5_%' }, []],
      [{ server: 'FIN' }, ['b']],
      [{ server: 'the registry' }, ['d']],
      [{ tool: 'list' }, ['c']],
      [{ tool: 'A', person: 'alice', verdict: 'allow' }, ['d', 'a']],
      [{ reason: 'not_permitted' }, ['b']],
      [{ reason: 'not_permitted', server: 'currenttime' }, []],
      [{ reason: 'not_permitted', server: 'fin', person: 'bob', tool: 'b' }, ['b']],
      [{ server: 'fin', person: 'cursor' }, ['b']],
      [{ caller: 'none', server: 'currenttime', tool: 'tools/list' }, ['c']],
      [{ caller: 'none', server: 'fin' }, []],
      [{ caller: 'none' }, ['c']],
      [{ caller: 'known', verdict: 'deny' }, ['b']],
      [{ since: '2999-01-01T00:00:00Z' }, []],
      [{ until: '2999-01-01T00:00:00+02:00' }, ['d', 'c', 'b', 'a']],
    ];
    for (const [query, found] of cases) expect([query, await objects(audit, query)]).toEqual([query, found]);
    const { kept, decisions, oldest } = await read(audit, {}, { servers: ['fininfo'] });
    expect([kept, decisions.length, oldest]).toEqual([1, 1, decisions[0]?.at]);
    const { id } = decisions[0] ?? {};
    expect(await objects(audit, { id })).toEqual(['b']);
    expect((await read(audit, { id }, { servers: ['currenttime'] })).decisions).toEqual([]);
    expect(await audit.ask('servers', {})).toEqual(['#registry', 'currenttime', 'fininfo']);
  });

  test('What a caller can write of itself stops no record behind it', async () => {
    const audit = await open();
    const odd = ['a\0b', `${'x'.repeat(1_999)}\ud83d`, '\ud83d', '漢'.repeat(2_000)];
    for (const object of odd) audit.add(recordOf({ object }));
    audit.add('no record');
    audit.add(recordOf({ object: 'last' }));
    expect(await objects(audit)).toEqual(['last', ...odd.toReversed()]);
  });
});

test('A caller who invents tool names fills no list: the last 20,000 are kept, and a filter still finds the first', async () => {
  const where = mkdtempSync(join(tmpdir(), 'audit-'));
  const database = await openAuditDatabase(where);
  const names = createNames(database);
  const invented = (from: number) =>
    Array.from({ length: 1_000 }, (_, i) => ({
      kind: 'object' as const,
      value: `invented-${from + i}`,
      label: `invented-${from + i}`,
    }));
  try {
    const writer = createWriter(database, newIdentity(), names);
    await writer.write({ from: 1, texts: recordOf({ object: 'invented-0' }), callers: [] });
    for (let from = 1; from < 50_000; from += 1_000) {
      clock.advance(1);
      await names.keep([], invented(from));
    }
    const count = database.main.selectFrom('audit_name').select((of) => of.fn.countAll<number>().as('count'));
    expect((await count.where('kind', '=', 'object').executeTakeFirstOrThrow()).count).toBeLessThanOrEqual(21_000);
    const { page } = createReadQuestions(database, names);
    const { decisions } = await page({ query: ask({ tool: 'invented-0', person: 'alice' }), visible: everything });
    expect(decisions).toHaveLength(1);
  } finally {
    await database.close();
    rmSync(where, { recursive: true });
  }
});
