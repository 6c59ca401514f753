import type { ServerSettings } from '../../../../registry/servers/server.ts';
import { targetOf } from '../../../../registry/servers/server.ts';
import { openRegistryDatabase } from '../../../../registry/store/database.ts';
import type { Observation } from '../../../../registry/store/observations.ts';
import { parseServers } from '../../../../registry/store/servers-file.ts';
import { openStore, type RegistryStore } from '../../../../registry/store/store.ts';
import { bothDatabases } from '../../../support/postgres/both-databases.ts';
import { toolOf } from '../../../support/registry/registry-fixture.ts';

const by = { sub: 'a11ce', username: 'alice' };
const settings = (name: string, upstream = 'http://127.0.0.1:8000'): ServerSettings => {
  const [server] = parseServers(
    JSON.stringify([{ name, title: name, description: name, upstream, transports: { sse: '/sse' } }]),
  );
  if (!server) throw new Error('no server');
  return server;
};
const announced = {
  name: 'n\u200bame',
  title: null,
  version: '1',
  protocolVersion: '2025-11-25',
  era: 'legacy',
  instructions: 'it\'s "quoted"; --',
  capabilities: { tools: {} },
  prompts: [{ name: 'p' }],
  resources: [],
  resourceTemplates: [],
};
const noon = Date.UTC(2026, 10, 23, 12);
const at = (seconds: number) => new Date(noon + seconds * 1000);
const state = {
  status: 'healthy' as const,
  failures: 0,
  error: null,
  since: at(0).toISOString(),
  latencyMs: 12,
  checks: [],
};
const observation = (server: string, more: Partial<Observation> = {}): Observation => ({
  server,
  target: targetOf(settings(server)),
  checkedAt: at(0),
  state,
  answer: { at: at(0), tools: [toolOf('t', { inputSchema: { type: 'object' } })], announced },
  events: [{ at: at(0), state: 'healthy', latencyMs: 12, reason: null }],
  samples: [{ at: at(0), ok: true, ms: 12 }],
  ...more,
});

describe.each(bothDatabases('registry.db'))('%s:', (_kind, places) => {
  let where: string;
  let store: RegistryStore;
  const change = (name: string, next: ServerSettings | undefined) =>
    store.change({ name, revision: store.get(name)?.revision, next, action: next ? 'edit' : 'delete', by });
  beforeEach(async () => {
    where = await places.empty();
    store = await openStore(where);
    for (const name of ['one', 'two']) await change(name, settings(name));
  });
  afterEach(() => store.close());

  test('Stored health is unchanged after a restart', async () => {
    await store.observations.add([observation('one')], at(1));
    await store.close();
    store = await openStore(where);
    const [kept, ...rest] = await store.observations.read();
    const { server, target, checkedAt, answer } = observation('one');
    expect(rest).toEqual([]);
    expect(kept).toEqual({ server, target, checkedAt, state, answer });
    expect(await store.observations.read(at(0))).toEqual([]);
    expect(await store.observations.read(at(-1))).toHaveLength(1);
  });

  test('Health is kept for a server with another Host, and for one with accounts until it has no credential for checks', async () => {
    const host = { ...settings('one'), host_header: 'other.example' };
    const people = { ...settings('two'), auth: { account: 'notion', checks: 'ours' } };
    await change('one', host);
    await change('two', people);
    const seen = [observation('one', { target: targetOf(host) }), observation('two', { target: targetOf(people) })];
    await store.observations.add(seen, at(1));
    expect((await store.observations.read()).map(({ server }) => server).sort()).toEqual(['one', 'two']);
    await change('two', { ...people, auth: { account: 'notion' } });
    await store.observations.add(seen, at(2));
    expect((await store.observations.read()).map(({ server }) => server)).toEqual(['one']);
  });

  test('A later state replaces the earlier one, and the last answer stays unless there is a new one', async () => {
    await store.observations.add([observation('one')], at(1));
    const down = { ...state, status: 'unhealthy' as const, failures: 2, error: 'It closed the connection.' };
    const later = { checkedAt: at(30), state: down, answer: undefined, events: [], samples: [] };
    await store.observations.add([observation('one', later), observation('two')], at(31));
    const [one] = (await store.observations.read()).filter(({ server }) => server === 'one');
    expect(one).toMatchObject({ checkedAt: at(30), state: down, answer: { at: at(0), announced } });
  });

  test('Deleting or moving a server deletes its health, and a late check does not restore it', async () => {
    const all = [observation('one'), observation('two')];
    await store.observations.add(all, at(1));
    await change('one', undefined);
    await change('two', settings('two', 'http://127.0.0.1:9000'));
    await store.observations.add(all, at(2));
    expect(await store.observations.read()).toEqual([]);
    for (const name of ['one', 'two'])
      expect(await store.observations.history(name, at(3))).toEqual({ events: [], chart: { day: [], week: [] } });
  });

  test('A change of other settings keeps the health', async () => {
    await store.observations.add([observation('one')], at(1));
    await change('one', { ...settings('one'), title: 'Another', enabled: false });
    expect(await store.observations.read()).toHaveLength(1);
  });

  test('Checks are summed by five minutes for a day and by hours for a week; older ones are deleted', async () => {
    const samples = [0, 30, 60, 300, 3_600].map((seconds) => ({
      at: at(seconds),
      ok: seconds !== 30,
      ms: 10 + seconds,
    }));
    await store.observations.add([observation('one', { samples: samples.slice(0, 2) })], at(61));
    await store.observations.add([observation('one', { samples: samples.slice(2) }), observation('two')], at(3_601));
    const { chart } = await store.observations.history('one', at(3_700));
    const span = (seconds: number, ok: number, failed: number, meanMs: number, longestMs: number) => {
      return { start: at(seconds), ok, failed, meanMs, longestMs };
    };
    expect(chart.day).toEqual([span(0, 2, 1, 40, 70), span(300, 1, 0, 310, 310), span(3_600, 1, 0, 3_610, 3_610)]);
    expect(chart.week).toEqual([span(0, 3, 1, 130, 310), span(3_600, 1, 0, 3_610, 3_610)]);
    const week = 7 * 86_400;
    expect((await store.observations.history('one', at(week))).chart.day).toEqual([]);
    await store.observations.add([observation('two', { samples: [] })], at(week + 7_500));
    const { db, close } = await openRegistryDatabase(where, () => undefined);
    const left = await db.selectFrom('server_checks').select(['size', 'start']).where('server', '=', 'one').execute();
    await close();
    expect(left).toEqual([{ size: 60, start: at(3_600).getTime() / 60_000 }]);
  });

  test('History keeps the last 500 states of 30 days, newest first', async () => {
    const event = (seconds: number) => ({ at: at(seconds), state: 'unhealthy' as const, latencyMs: null, reason: 'x' });
    const many = Array.from({ length: 520 }, (_, i) => event(i));
    await store.observations.add([observation('one', { events: many })], at(600));
    const { events } = await store.observations.history('one', at(600));
    expect([events.length, events[0], events.at(-1)]).toEqual([500, event(519), event(20)]);
    const month = 31 * 86_400;
    await store.observations.add([observation('one', { events: [event(month)] })], at(month));
    expect((await store.observations.history('one', at(month))).events).toEqual([event(month)]);
  });

  test('One of several registries holds the lease to check; when it dies, another takes it', async () => {
    const other = await openStore(where);
    try {
      expect(await store.observations.takeLease('a', 20_000, at(0))).toBe(true);
      expect(await other.observations.takeLease('b', 20_000, at(10))).toBe(false);
      expect(await store.observations.takeLease('a', 20_000, at(15))).toBe(true);
      expect(await other.observations.takeLease('b', 20_000, at(25))).toBe(false);
      expect(await other.observations.takeLease('b', 20_000, at(35))).toBe(true);
      expect(await store.observations.takeLease('a', 20_000, at(36))).toBe(false);
    } finally {
      await other.close();
    }
  });
});
