import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { ServerSettings } from '../../../../registry/servers/server.ts';
import { seed } from '../../../../registry/store/seed.ts';
import { openStore, type RegistryStore, type Write } from '../../../../registry/store/store.ts';
import { until } from '../../../support/listen.ts';
import { bothDatabases } from '../../../support/postgres/both-databases.ts';
import { emptyDatabase } from '../../../support/postgres/databases.ts';
import { openLine } from '../../../support/postgres/line.ts';
import { linesUntilKilled, outputOf } from '../../../support/process.ts';
import { recordingLog } from '../../../support/registry/registry-fixture.ts';

const by = { sub: 'a11ce', username: 'alice' };
const settings = (name: string, change: Partial<ServerSettings> = {}): ServerSettings => ({
  name,
  title: 'Größe, "quoted"; --',
  description: 'Zwei\u2028Zeilen',
  upstream: 'http://127.0.0.1:8000',
  transports: { 'streamable-http': '/mcp' },
  tags: ['a,b', 'ü'],
  version: '1.2.3',
  repository: 'https://example.com/x',
  license: 'MIT',
  alias: null,
  icons: [{ src: 'https://example.com/i.png', sizes: ['48x48'] }],
  auth: { secret: 'github' },
  forward_headers: ['X-MCP-Toolsets'],
  host_header: 'mcp.internal:8000',
  health_seconds: 90,
  may: ['sampling', 'open_pages'],
  members: [{ server: 'other', tools: ['a.b'], prefix: 'never' }],
  enabled: false,
  ...change,
});
const adding = (name: string, change: Partial<ServerSettings> = {}): Write => ({
  name,
  revision: undefined,
  next: settings(name, change),
  action: 'register',
  by,
});

/** The first lines of a separate process: it opens a store. */
const program = (where: string) => `
  const { openStore } = await import(${JSON.stringify(resolve('registry/store/store.ts'))});
  const store = await openStore(${JSON.stringify(where)});
  const [next, by] = ${JSON.stringify([settings('x'), by])};`;

describe.each(bothDatabases('registry.db'))('%s:', (kind, places) => {
  let where: string;
  let store: RegistryStore;
  let others: RegistryStore[];
  beforeEach(async () => {
    where = await places.empty();
    store = await openStore(where);
    others = [];
  });
  afterEach(async () => {
    for (const opened of [store, ...others]) await opened.close();
  });
  const another = async () => {
    const other = await openStore(where);
    others.push(other);
    return other;
  };
  const reopen = async () => {
    await store.close();
    store = await openStore(where);
  };
  const names = (of: RegistryStore) => of.list().map(({ name }) => name);

  test('A server is stored unchanged, also after a restart', async () => {
    const added = await store.change(adding('time'));
    const standing = { owner: null, disabledBy: by.sub, awaits: false };
    expect(added).toEqual({ ...settings('time'), ...standing, revision: 1, updatedAt: expect.any(Date) });
    expect(store.get('time')).toEqual(added);
    await reopen();
    expect(store.get('time')).toEqual(added);
    expect(store.get('Time')).toBeUndefined();
  });

  test('Servers without optional settings are stored unchanged', async () => {
    const bare = { version: null, repository: null, license: null, icons: [], tags: [], transports: { sse: '/sse' } };
    const added = await store.change(adding('bare', bare));
    await reopen();
    expect(store.get('bare')).toEqual(added);
  });

  test('Servers are sorted by name', async () => {
    for (const name of ['b', 'a-b', 'a_b', 'c', 'a']) await store.change(adding(name));
    const sorted = ['a', 'a-b', 'a_b', 'b', 'c'];
    expect(names(store)).toEqual(sorted);
    await reopen();
    expect(names(store)).toEqual(sorted);
  });

  test('Of two changes to the same revision, the second is rejected and nothing of it is stored', async () => {
    const { revision } = (await store.change(adding('time'))) ?? {};
    const other = await another();
    const edit = (title: string): Write => ({
      name: 'time',
      revision,
      next: settings('time', { title }),
      action: 'edit',
      by,
    });
    const won = await other.change(edit('theirs'));
    await expect(store.change(edit('mine'))).rejects.toMatchObject({ code: 'changed_meanwhile', status: 409 });
    await reopen();
    expect(store.get('time')).toEqual(won);
    expect(await store.changes({ servers: ['time'], limit: 10 })).toHaveLength(2);
  });

  test('A taken name cannot be registered, and a deleted server cannot be changed', async () => {
    await store.change(adding('time'));
    await expect(store.change(adding('time'))).rejects.toMatchObject({ code: 'name_taken' });
    const gone: Write = { name: 'unknown', revision: 7, next: undefined, action: 'delete', by };
    await expect(store.change(gone)).rejects.toMatchObject({ code: 'not_found' });
    expect(await store.changes({ servers: ['time', 'unknown'], limit: 10 })).toHaveLength(1);
  });

  test('A revision is never reused, not even after a server was deleted and registered again', async () => {
    const first = await store.change(adding('time'));
    await store.change({ name: 'time', revision: first?.revision, next: undefined, action: 'delete', by });
    expect(store.get('time')).toBeUndefined();
    await reopen();
    const second = await store.change(adding('time'));
    expect(second?.revision).toBeGreaterThan(first?.revision ?? Number.POSITIVE_INFINITY);
    const late: Write = { name: 'time', revision: first?.revision, next: undefined, action: 'delete', by };
    await expect(store.change(late)).rejects.toMatchObject({ code: 'changed_meanwhile' });
  });

  test('The change log tells who changed which field from what to what, newest first, in pages', async () => {
    const { revision } = (await store.change(adding('time'))) ?? {};
    const next = settings('time', { title: 'Clock', enabled: true });
    await store.change({ name: 'time', revision, next, action: 'edit', by: { sub: 'd', username: 'dave' } });
    await store.change(adding('other'));
    const [edit, register, ...rest] = await store.changes({ servers: ['time'], limit: 10 });
    expect(rest).toEqual([]);
    expect(edit).toMatchObject({ server: 'time', action: 'edit', by: { sub: 'd', username: 'dave' } });
    expect(edit?.fields).toEqual({
      title: { from: settings('time').title, to: 'Clock' },
      enabled: { from: false, to: true },
    });
    expect(register?.fields.upstream).toEqual({ from: null, to: 'http://127.0.0.1:8000' });
    expect(Date.now() - (register?.at.getTime() ?? 0)).toBeLessThan(60_000);
    const before = edit?.id;
    expect(await store.changes({ servers: ['time', 'other'], before, limit: 10 })).toEqual([register]);
    expect(await store.changes({ servers: ['time', 'other'], limit: 1 })).toMatchObject([{ server: 'other' }]);
    expect(await store.changes({ servers: [], limit: 10 })).toEqual([]);
    expect((await store.namesEver()).sort()).toEqual(['other', 'time']);
  });

  test('Another process sees a change within a second, and its listeners are called', async () => {
    const other = await another();
    let told = 0;
    other.onChange(() => told++);
    await store.change(adding('time'));
    expect(await until(() => other.get('time'))).toBe(true);
    expect(other.get('time')).toEqual(store.get('time'));
    expect(told).toBe(1);
  });

  test('Another process sees a change at once after refresh()', async () => {
    const other = await another();
    await store.change(adding('time'));
    await other.refresh();
    expect(other.get('time')).toEqual(store.get('time'));
  });

  test('The first servers are stored once: later changes and deletions stay', async () => {
    const { log } = recordingLog();
    const first = [settings('time'), settings('other')];
    await seed(store, first, log);
    expect(names(store)).toEqual(['other', 'time']);
    await store.change({ name: 'time', revision: store.get('time')?.revision, next: undefined, action: 'delete', by });
    await reopen();
    await seed(store, [...first, settings('late')], log);
    expect(names(store)).toEqual(['other']);
  });

  test('A first start without servers counts as the first start', async () => {
    const { log } = recordingLog();
    await seed(store, [], log);
    await seed(store, [settings('late')], log);
    expect(names(store)).toEqual([]);
  });

  test('Of processes that start at once, one stores the first servers', async () => {
    const fresh = await places.fresh();
    const text = `${program(fresh)}
      console.log(await store.seedOnce([next], by), store.list().length);
      await store.close();`;
    const both = await Promise.all([1, 2].map(() => outputOf(text)));
    expect(both.sort()).toEqual(['false 1', 'true 1']);
  });

  test('The location of mcpgw comes from the file at each start; its other settings stay', async () => {
    const { log } = recordingLog();
    await seed(store, [settings('mcpgw', { upstream: 'http://127.0.0.1:1' })], log);
    const { revision } = store.get('mcpgw') ?? {};
    const next = settings('mcpgw', { upstream: 'http://127.0.0.1:1', title: 'Ours', enabled: true });
    await store.change({ name: 'mcpgw', revision, next, action: 'edit', by });
    const before = store.get('mcpgw');
    await seed(store, [settings('mcpgw', { upstream: 'http://127.0.0.1:1' })], log);
    expect(store.get('mcpgw')).toEqual(before);
    await seed(store, [settings('mcpgw', { upstream: 'http://127.0.0.1:2' })], log);
    expect(store.get('mcpgw')).toMatchObject({ upstream: 'http://127.0.0.1:2', title: 'Ours', enabled: true });
  });

  test('No acknowledged change is lost when the process is killed', async () => {
    const acknowledged = await linesUntilKilled(`${program(where)}
      for (let i = 0; ; i++) {
        const name = 'server-' + i;
        await store.change({ name, revision: undefined, next: { ...next, name }, action: 'register', by });
        console.log(name);
      }`);
    await reopen();
    expect(names(store)).toEqual(expect.arrayContaining(acknowledged));
    expect((await store.namesEver()).length).toBe(names(store).length);
  });

  test('Of a process that is killed, no server stays without its owner, and no change of an owner is there without its wait', async () => {
    const acknowledged = await linesUntilKilled(`${program(where)}
      for (let i = 0; ; i++) {
        const name = 'server-' + i;
        const registered = { name, revision: undefined, next: { ...next, name, title: 'new' }, action: 'register', by };
        const { revision } = await store.change({ ...registered, standing: { owner: by } });
        const moved = { ...next, name, title: 'moved' };
        await store.change({ name, revision, next: moved, action: 'edit', by, standing: { awaits: true } });
        console.log(name);
      }`);
    await reopen();
    const torn = store.list().filter(({ title, owner, awaits }) => !owner || awaits !== (title === 'moved'));
    expect(torn).toEqual([]);
    const waiting = store.list().flatMap(({ name, awaits }) => (awaits ? [name] : []));
    expect(waiting).toEqual(expect.arrayContaining(acknowledged));
  });

  if (kind === 'SQLite')
    test('Other users cannot read the file', () => {
      expect(statSync(where).mode & 0o777).toBe(0o600);
    });
});

test('While the database is down, servers can be read, and a change is rejected with advice', async () => {
  const line = await openLine(await emptyDatabase());
  const store = await openStore(line.url);
  try {
    await store.change(adding('time'));
    await line.cut();
    await expect(store.change(adding('other'))).rejects.toMatchObject({ code: 'store_unavailable', status: 503 });
    expect(store.get('time')).toBeDefined();
    expect(store.get('other')).toBeUndefined();
    await line.restore();
    expect(await store.change(adding('other'))).toBeDefined();
  } finally {
    await store.close();
    await line.close();
  }
});

test('Registry and auth-server can share a database', async () => {
  const where = await emptyDatabase();
  const auth = await (await import('../../../../auth-server/store/store.ts')).openStore(where);
  const store = await openStore(where);
  try {
    await store.change(adding('time'));
    expect(store.get('time')).toBeDefined();
    await auth.close();
    await (await (await import('../../../../auth-server/store/store.ts')).openStore(where)).close();
  } finally {
    await store.close();
  }
});
