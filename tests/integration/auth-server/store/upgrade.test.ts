import { sql } from 'kysely';
import { accountKey } from '../../../../auth-server/accounts/account-key.ts';
import { changes, type Schema } from '../../../../auth-server/store/migrations.ts';
import { openStore } from '../../../../auth-server/store/store.ts';
import type { Database } from '../../../../common/database/database.ts';
import { migrate } from '../../../../common/database/migrations.ts';
import { openPostgres } from '../../../../common/database/postgres.ts';
import { openSqlite } from '../../../../common/database/sqlite.ts';
import { now } from '../../../support/auth-server/auth-fixture.ts';
import { bothDatabases, type Places } from '../../../support/postgres/both-databases.ts';

/** The last change of the last release. */
const released = '006-bindings-by-server';

describe.each<[string, Places]>(bothDatabases('data'))('%s:', (_kind, places) => {
  let where: string;
  let old: Database<Schema>;
  const opened = () =>
    where.startsWith('postgres')
      ? openPostgres<Schema>(where, () => undefined)
      : openSqlite<Schema>(`${where}/auth-server.db`);
  beforeEach(async () => {
    where = await places.fresh();
    old = opened();
    await migrate(old, changes, 'kysely', released);
  });
  afterEach(() => old.close());

  /** A session as the last release writes it. */
  const session = async (sid: string, change: object = {}) => {
    const at = now();
    const row = {
      ...{ sid, sub: 'a', username: 'ann', groups: '["g"]', provider: 'cognito', client_id: 'web' },
      ...{ created_at: at - 50, expires_at: at + 600, refreshed_at: at - 40, last_seen: at - 30 },
      ...{ refresh_token: 'locked', leased_until: 0, ...change },
    };
    await old.db
      .insertInto('session')
      .values(row as never)
      .execute();
    return row;
  };

  test('a session of the last release is one of a browser afterwards, and lives as long', async () => {
    const row = await session('s');
    const store = await openStore(where);
    expect(await store.sessions.find('s')).toEqual({
      ...{ sid: 's', sub: 'a', username: 'ann', groups: ['g'], provider: 'cognito', clientId: 'web' },
      ...{ createdAt: row.created_at, expiresAt: row.expires_at, refreshedAt: row.refreshed_at },
      ...{ lastSeen: row.last_seen, refreshToken: 'locked', triedAt: row.refreshed_at, kind: 'browser' },
    });
    await store.close();
  });

  test('the groups of a person are those that the provider named last', async () => {
    const at = now();
    await session('older', { refreshed_at: at - 100, groups: '["old"]' });
    await session('newer', { refreshed_at: at - 10, groups: '["new"]' });
    await session('same', { refreshed_at: at - 10, groups: '["new"]' });
    await session('other', { provider: 'oidc', groups: '["other"]', refreshed_at: at });
    await (await openStore(where)).close();
    const people = await old.db.selectFrom('person').selectAll().orderBy('provider').execute();
    const free = { sub: 'a', leased_until: 0, fence: 0 };
    expect(people).toEqual([
      { provider: 'cognito', groups: '["new"]', refreshed_at: at - 10, ...free },
      { provider: 'oidc', groups: '["other"]', refreshed_at: at, ...free },
    ]);
  });

  test('the keys of the last release go on signing assertions only', async () => {
    const key = { kid: 'k', jwk: '{}', created_at: 1, signs_since: 2, stopped_at: null };
    await old.db.insertInto('assertion_key').values(key).execute();
    const store = await openStore(where);
    expect(await store.keys.list()).toMatchObject([{ kid: 'k', signsSince: 2 }]);
    expect(await store.accessTokenKeys.list()).toEqual([]);
    await store.close();
  });

  test('a process of the last release that still runs beside it can write sessions and replace its keys', async () => {
    const store = await openStore(where);
    await store.accessTokenKeys.update(async () => [
      { kid: 'access', jwk: {}, madeAt: 1, signsSince: 1, stoppedAt: undefined },
    ]);
    await session('late');
    await old.db.deleteFrom('assertion_key').execute();
    expect(await store.sessions.find('late')).toMatchObject({ kind: 'browser', triedAt: 0, resource: undefined });
    expect(await store.accessTokenKeys.list()).toMatchObject([{ kid: 'access' }]);
    await sql`update session set "groups" = '[]', leased_until = 0 where sid = 'late'`.execute(old.db);
    expect(await store.sessions.read('late')).toMatchObject({ groups: [] });
    await store.close();
  });

  test('people of the last release connect accounts afterwards, and a process of it beside knows of no client that opens pages', async () => {
    await session('s');
    const store = await openStore(where);
    const bound = {
      key: 'k',
      kind: 'session',
      server: 'notes',
      id: 'm',
      owner: 'person:a',
      target: null,
      used_at: now(),
    };
    await old.db
      .insertInto('binding')
      .values(bound as never)
      .execute();
    expect(await old.db.selectFrom('binding').select('opens_pages').execute()).toEqual([{ opens_pages: 0 }]);
    expect(await store.accountRows.ofSubject('a')).toEqual([]);
    expect(await store.departedAccounts.take()).toBeUndefined();
    const owner = { subject: 'a', account: 'notion', server: 'notes' };
    const tokens = { locked: 'x', hasRefreshToken: true, expiresAt: now() + 60, refreshAt: now() + 50, scopes: [] };
    const account = { key: accountKey(owner), ...owner, address: 'https://x.example/mcp -', identity: 'i' };
    await store.accountRows.connect({ ...account, shownName: 'ann', ...tokens });
    // The last release ends a session as it always did, and leaves the accounts alone.
    await old.db.deleteFrom('session').execute();
    expect(await store.accountRows.ofSubject('a')).toMatchObject([{ server: 'notes', state: 'ok' }]);
    await store.close();
  });

  test('a process of the last release that asks with the refresh token of a session is not disturbed, and the other way round', async () => {
    const { sid } = await session('shared');

    const store = await openStore(where);
    const record = await store.sessions.read(sid);
    if (!record) throw new Error('There is no such session.');
    /** As the last release takes it. */
    const takeOld = async () => {
      const free = old.db.updateTable('session').where('sid', '=', sid).where('leased_until', '<=', now());
      return (
        (await free
          .set({ leased_until: now() + 20 })
          .returning('sid')
          .executeTakeFirst()) !== undefined
      );
    };
    expect(await takeOld()).toBe(true);
    expect(await store.people.lease(record, 20)).toBeUndefined();
    await old.db.updateTable('session').set({ leased_until: 0 }).execute();
    const lease = await store.people.lease(record, 20);
    expect(await takeOld()).toBe(false);
    if (lease) await store.people.release(lease);
    expect([lease?.record.sid, await takeOld()]).toEqual([sid, true]);
    await old.db
      .updateTable('session')
      .set({ leased_until: now() + 10_000 })
      .execute();
    expect(await store.people.lease(record, 20)).toBeDefined();
    await store.close();
  });
});
