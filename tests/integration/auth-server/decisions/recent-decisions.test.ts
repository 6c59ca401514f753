import type { DecisionEntry, DecisionLine, WrittenDecision } from '../../../../auth-server/decisions/decision-log.ts';
import { openRecentDecisions, type RecentDecisions } from '../../../../auth-server/decisions/recent-decisions.ts';
import { AuthError } from '../../../../auth-server/denials/auth-error.ts';
import type { OriginalRequest } from '../../../../auth-server/request/original-request.ts';
import { decisionsQuery } from '../../../../common/policy/decisions.ts';
import { bothDatabases, type Places } from '../../../support/postgres/both-databases.ts';
import { emptyDatabase } from '../../../support/postgres/databases.ts';
import { openLine } from '../../../support/postgres/line.ts';

type Line = Partial<DecisionLine>;

/** A decision as the decision log writes it, with its subject. */
const decided = (differs: Line = {}, message?: string): [WrittenDecision, DecisionEntry] => {
  const line: DecisionLine = {
    verdict: 'allow',
    request_id: 'r',
    subject: 'sub-alice',
    username: 'alice',
    client_id: undefined,
    auth_method: 'session_cookie',
    resource: 'mcp',
    server: 'currenttime',
    http: 'POST /currenttime/mcp',
    method: 'tools/call',
    object: 'look',
    rule: 'a[0]',
    policy: 'v1',
    microseconds: 7,
    ...differs,
  };
  const error = line.verdict === 'deny' ? new AuthError('not_permitted', 'Not allowed.') : undefined;
  const request = { target: { resource: line.resource }, method: line.http?.split(' ')[0] } as OriginalRequest;
  return [
    { fields: line, line: JSON.stringify(line), ...(message !== undefined && { message }) },
    { started: 0, policy: line.policy ?? '', request, ...(error && { error }) },
  ];
};
const denied = (differs: Line = {}) =>
  decided({ verdict: 'deny', reason: 'not_permitted', status: 403, rule: undefined, ...differs }, 'Not allowed.');
const everybody = () => true;
const ask = (query: Record<string, unknown> = {}) => decisionsQuery.parse(query);

describe.each<[string, Places]>(bothDatabases(''))('%s:', (_kind, places) => {
  let where: string;
  let opened: RecentDecisions[];
  const open = async (capacity?: number) => {
    const recent = await openRecentDecisions(where, capacity === undefined ? {} : { capacity });
    opened.push(recent);
    return recent;
  };
  beforeEach(async () => {
    where = await places.empty();
    opened = [];
  });
  afterEach(async () => {
    for (const each of opened) await each.close();
  });
  const objects = async (recent: RecentDecisions, query: Record<string, unknown> = {}) =>
    (await recent.read(ask(query), everybody)).decisions.map((decision) => decision.object);

  test('Each process returns the decisions of all processes within a second, the newest first', async () => {
    const [one, other] = [await open(), await open()];
    one.add(...decided({ object: 'first' }));
    await new Promise((resolve) => setTimeout(resolve, 5));
    other.add(...decided({ object: 'second' }));
    const end = performance.now() + 3_000;
    while ((await objects(one)).length < 2 && performance.now() < end) await new Promise((r) => setTimeout(r, 50));
    expect(await objects(one)).toEqual(['second', 'first']);
    expect(await objects(other)).toEqual(['second', 'first']);
    one.add(...decided({ object: 'third' }));
    expect(await objects(one)).toEqual(['third', 'second', 'first']);
  });

  test('Decisions survive a restart, with the message to the caller, their groups and scopes', async () => {
    const before = await open();
    const [said, entry] = denied({ object: 'x' });
    before.add(said, { ...entry, principal: { groups: ['g'], scopes: ['s'] } as never });
    await before.close();
    opened = [];
    const { decisions, kept } = await (await open()).read(ask(), everybody);
    expect(kept).toBe(1);
    expect(decisions[0]).toMatchObject({
      verdict: 'deny',
      reason: 'not_permitted',
      status: 403,
      message: 'Not allowed.',
      groups: ['g'],
      scopes: ['s'],
      microseconds: 7,
    });
  });

  test('The limit on kept decisions applies to all processes together, and the oldest are deleted first', async () => {
    const [one, other] = [await open(100), await open(100)];
    for (let round = 0; round < 30; round++) {
      for (const recent of [one, other]) {
        for (let i = 0; i < 5; i++) recent.add(...decided({ object: `${round}` }));
        await recent.read(ask({ limit: 1 }), everybody);
      }
    }
    const { kept, decisions } = await (await open(100)).read(ask({ limit: 200 }), everybody);
    expect(kept).toBe(100);
    expect([decisions[0]?.object, decisions.at(-1)?.object]).toEqual(['29', '20']);
  });

  test('A burst of decisions is kept completely and in order', async () => {
    const recent = await open();
    for (let i = 0; i < 1_001; i++) {
      recent.add(...decided({ object: `${i}` }));
      if (i % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    const { kept, decisions } = await recent.read(ask({ limit: 200 }), everybody);
    expect(kept).toBe(1_001);
    expect(decisions.map(({ object }) => object)).toEqual(Array.from({ length: 200 }, (_, i) => `${1_000 - i}`));
  });

  test('Consecutive pages have no gap, even when new decisions are added in between', async () => {
    const recent = await open();
    for (let i = 0; i < 25; i++) recent.add(...decided({ object: `${i}` }));
    const seen: (string | undefined)[] = [];
    let before: string | null = null;
    do {
      const page = await recent.read(ask({ limit: 10, ...(before !== null && { before }) }), everybody);
      seen.push(...page.decisions.map((decision) => decision.object));
      before = page.next;
      recent.add(...decided({ object: 'new' }));
    } while (before !== null);
    expect(seen).toEqual(Array.from({ length: 25 }, (_, i) => `${24 - i}`));
  });

  test('Each filter returns the matching decisions, and only decisions that the caller may see are counted', async () => {
    const recent = await open();
    recent.add(...decided({ object: 'a' }));
    recent.add(...denied({ object: 'b', username: 'bob', subject: 'sub-bob', server: 'fininfo' }));
    recent.add(...denied({ object: undefined, method: 'tools/list', reason: 'token_expired' }));
    expect(await objects(recent, { verdict: 'allow' })).toEqual(['a']);
    expect(await objects(recent, { person: 'BO' })).toEqual(['b']);
    expect(await objects(recent, { person: 'sub-bob' })).toEqual(['b']);
    expect(await objects(recent, { server: 'fininfo' })).toEqual(['b']);
    expect(await objects(recent, { server: 'FIN' })).toEqual(['b']);
    expect(await objects(recent, { tool: 'list' })).toEqual([undefined]);
    expect(await objects(recent, { reason: 'not_permitted' })).toEqual(['b']);
    expect(await objects(recent, { since: '2999-01-01T00:00:00Z' })).toEqual([]);
    expect(await objects(recent, { until: '2999-01-01T00:00:00+02:00' })).toHaveLength(3);
    const { kept, decisions } = await recent.read(ask(), ({ server }) => server === 'fininfo');
    expect([kept, decisions.length]).toEqual([1, 1]);
  });

  test('Viewing a page is not recorded; a change and a redirect to the login are', async () => {
    const recent = await open();
    const page = { resource: 'registry', server: undefined, method: undefined, object: undefined, rule: undefined };
    recent.add(...decided({ ...page, http: 'GET /static/style.css' }));
    recent.add(...decided({ ...page, http: 'POST /servers/x/enable' }));
    recent.add(...denied({ ...page, http: 'GET /' }));
    const { decisions } = await recent.read(ask(), everybody);
    expect(decisions.map(({ http }) => http)).toEqual(['GET /', 'POST /servers/x/enable']);
  });
});

test('While the database cannot be written, decisions wait in memory and are saved later', async () => {
  const line = await openLine(await emptyDatabase());
  const failures: unknown[] = [];
  const recent = await openRecentDecisions(line.url, {
    flushMilliseconds: 50,
    onFailure: (error) => failures.push(error),
  });
  await line.cut();
  recent.add(...decided({ object: 'meanwhile' }));
  const end = performance.now() + 10_000;
  while (failures.length === 0 && performance.now() < end) await new Promise((resolve) => setTimeout(resolve, 20));
  expect(failures.length).toBeGreaterThan(0);
  await expect(recent.read(ask(), everybody)).rejects.toThrow();
  await line.restore();
  const { decisions } = await recent.read(ask(), everybody);
  expect(decisions.map(({ object }) => object)).toEqual(['meanwhile']);
  await recent.close();
  await line.close();
});
