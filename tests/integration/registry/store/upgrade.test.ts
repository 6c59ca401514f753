import type { Database } from '../../../../common/database/database.ts';
import { migrate } from '../../../../common/database/migrations.ts';
import { openPostgres } from '../../../../common/database/postgres.ts';
import { openSqlite } from '../../../../common/database/sqlite.ts';
import { locationOfSet, type ServerSettings } from '../../../../registry/servers/server.ts';
import { openStore } from '../../../../registry/store/store.ts';
import { changes } from '../../../../registry/store/tables/migrations.ts';
import type { Schema } from '../../../../registry/store/tables/schema.ts';
import { until } from '../../../support/listen.ts';
import { bothDatabases, type Places } from '../../../support/postgres/both-databases.ts';

/** The last change of the last release. */
const released = '009-host-header';
const by = { sub: 'a11ce', username: 'alice' };
const members = [{ server: 'time', tools: ['now'], prefix: 'never' as const }];

describe.each<[string, Places]>(bothDatabases('registry.db'))('%s:', (_kind, places) => {
  let where: string;
  let old: Database<Schema>;
  beforeEach(async () => {
    where = await places.fresh();
    old = where.startsWith('postgres') ? openPostgres(where, () => undefined) : openSqlite(where);
    await migrate(old, changes, 'registry', released);
  });
  afterEach(() => old.close());

  /** A server as the last release writes it: it deletes the row and inserts another. */
  const writeOld = async (name: string, change: object = {}) => {
    const at = '2026-11-23T10:00:00.000Z';
    const row = {
      ...{
        name,
        revision: 1,
        enabled: 1,
        title: 'Time',
        description: 'D',
        upstream: 'http://127.0.0.1:9',
        tags: '["a"]',
      },
      ...{
        icons: '[]',
        updated_at: at,
        mcp_path: '/mcp',
        sse_path: null,
        version: '1.0',
        repository: null,
        license: null,
      },
      ...{
        auth_secret: 'github',
        alias: 'own',
        forward_headers: '["X-A"]',
        health_seconds: 7,
        host_header: null,
        ...change,
      },
    };
    await old.db.deleteFrom('server').where('name', '=', name).execute();
    await old.db
      .insertInto('server')
      .values(row as never)
      .execute();
    const log = { at, server: name, action: 'edit', by_sub: 'a', by_name: 'a', fields: '{}' };
    await old.db
      .insertInto('server_change')
      .values(log as never)
      .execute();
  };

  test('servers of the last release with their history are there afterwards, and a set of them can be made', async () => {
    await writeOld('time');
    const store = await openStore(where);
    try {
      const time = store.get('time');
      expect(time).toMatchObject({ title: 'Time', tags: ['a'], version: '1.0', alias: 'own', health_seconds: 7 });
      expect(time).toMatchObject({
        auth: { secret: 'github' },
        forward_headers: ['X-A'],
        enabled: true,
        members: null,
      });
      expect(await store.changes({ servers: ['time'], limit: 9 })).toHaveLength(1);
      const { revision: _, updatedAt: __, ...rest } = time as NonNullable<typeof time>;
      const next: ServerSettings = { ...rest, ...locationOfSet, name: 'team', alias: null, auth: null, members };
      await store.change({ name: 'team', revision: undefined, next, action: 'register', by });
      const other = await openStore(where);
      expect(other.get('team')).toEqual(store.get('team'));
      expect(other.get('team')?.members).toEqual(members);
      await other.close();
    } finally {
      await store.close();
    }
  });

  test('after an upgrade, servers belong to those who registered them last, and names that were given up to their last owners', async () => {
    const log = async (server: string, action: string, who: string) => {
      const row = {
        at: '2026-11-23T10:00:00.000Z',
        server,
        action,
        by_sub: `sub-of-${who}`,
        by_name: who,
        fields: '{}',
      };
      await old.db
        .insertInto('server_change')
        .values(row as never)
        .execute();
    };
    for (const name of ['registered', 'seeded', 'again']) await writeOld(name, { alias: null });
    await log('registered', 'register', 'dave');
    await log('registered', 'edit', 'alice');
    await log('seeded', 'seed', 'alice');
    await log('again', 'register', 'dave');
    await log('again', 'delete', 'alice');
    await log('again', 'register', 'erin');
    await log('gone', 'register', 'dave');
    await log('gone', 'delete', 'alice');
    const store = await openStore(where);
    try {
      const owners = ['registered', 'seeded', 'again'].map((name) => store.get(name)?.owner?.username);
      expect(owners).toEqual(['dave', undefined, 'erin']);
      expect([await store.formerOwner('gone'), await store.formerOwner('never')]).toEqual(['sub-of-dave', null]);
    } finally {
      await store.close();
    }
  });

  test('a server that waits for a look stays disabled, also when a replica of the last release has enabled it', async () => {
    const store = await openStore(where);
    try {
      await writeOld('time');
      expect(await until(() => store.get('time'))).toBe(true);
      const before = store.get('time') as NonNullable<ReturnType<typeof store.get>>;
      const standing = { awaits: true };
      await store.change({
        name: 'time',
        revision: 1,
        next: { ...before, enabled: false },
        action: 'edit',
        by,
        standing,
      });
      await old.db.updateTable('server').set({ enabled: 1 }).where('name', '=', 'time').execute();
      const other = await openStore(where);
      expect(other.get('time')).toMatchObject({ enabled: false, awaits: true });
      await other.close();
    } finally {
      await store.close();
    }
  });

  test('a replica of the last release that still runs sees a set as a server that is nowhere, and takes its servers away if it writes it', async () => {
    const store = await openStore(where);
    try {
      await writeOld('time');
      expect(await until(() => store.get('time'))).toBe(true);
      const { revision: _, updatedAt: __, ...time } = store.get('time') as NonNullable<ReturnType<typeof store.get>>;
      const next: ServerSettings = { ...time, ...locationOfSet, name: 'team', alias: null, auth: null, members };
      await store.change({ name: 'team', revision: undefined, next, action: 'register', by });
      const seen = await old.db.selectFrom('server').select('upstream').where('name', '=', 'team').execute();
      expect(seen).toEqual([{ upstream: 'http://set.invalid' }]);
      await writeOld('team', { upstream: locationOfSet.upstream, title: 'Edited', auth_secret: null, alias: null });
      expect(await until(() => store.get('team')?.title === 'Edited')).toBe(true);
      expect(store.get('team')).toMatchObject({ members: null, upstream: 'http://set.invalid' });
      const [, made] = await store.changes({ servers: ['team'], limit: 9 });
      expect(made?.fields.members).toEqual({ from: null, to: members });
    } finally {
      await store.close();
    }
  });

  test('a replica of the last release that still runs gives a server with accounts no credential, and takes its accounts away if it writes it', async () => {
    const store = await openStore(where);
    try {
      await writeOld('time', { auth_secret: null });
      expect(await until(() => store.get('time'))).toBe(true);
      const { updatedAt: _, ...time } = store.get('time') as NonNullable<ReturnType<typeof store.get>>;
      const next: ServerSettings = { ...time, auth: { account: 'notion', checks: 'robot' } };
      await store.change({ name: 'time', revision: time.revision, next, action: 'edit', by });
      expect(store.get('time')?.auth).toEqual({ account: 'notion', checks: 'robot' });
      const seen = await old.db.selectFrom('server').select('auth_secret').where('name', '=', 'time').execute();
      expect(seen).toEqual([{ auth_secret: null }]);
      await writeOld('time', { auth_secret: null, title: 'Edited', revision: 9 });
      expect(await until(() => store.get('time')?.title === 'Edited')).toBe(true);
      expect(store.get('time')?.auth).toBeNull();
    } finally {
      await store.close();
    }
  });
});
