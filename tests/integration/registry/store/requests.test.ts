import { resolve } from 'node:path';
import type { Database } from '../../../../common/database/database.ts';
import { migrate } from '../../../../common/database/migrations.ts';
import { openPostgres } from '../../../../common/database/postgres.ts';
import { openSqlite } from '../../../../common/database/sqlite.ts';
import { parsePolicy } from '../../../../common/policy/policy-file.ts';
import type { Person } from '../../../../registry/access/guards.ts';
import { createRequests } from '../../../../registry/requests/requests.ts';
import { renameServer } from '../../../../registry/store/rename.ts';
import { seed } from '../../../../registry/store/seed.ts';
import { parseServers } from '../../../../registry/store/servers-file.ts';
import { openStore, type RegistryStore } from '../../../../registry/store/store.ts';
import { changes } from '../../../../registry/store/tables/migrations.ts';
import type { Schema } from '../../../../registry/store/tables/schema.ts';
import { until } from '../../../support/listen.ts';
import { bothDatabases, type Places } from '../../../support/postgres/both-databases.ts';
import { linesUntilKilled } from '../../../support/process.ts';
import { recordingLog } from '../../../support/registry/registry-fixture.ts';

/** The last change of the release before requests. */
const released = '012-accounts-at-servers';
const policy = parsePolicy('UI-Scopes: { sees: { list_service: [all] } }');
const person = (name: string): Person => ({
  ...{ sub: `sub-${name}`, username: name, groups: ['support'], scopes: ['sees'] },
  authMethod: 'session_cookie',
});
const [carol, dave] = [person('carol'), person('dave')];
const eva = { sub: 'sub-eva', username: 'eva' };
const names = ['time', 'notes', ...Array.from({ length: 21 }, (_, i) => `s${i}`)];
const servers = parseServers(
  names
    .map(
      (name) =>
        `- { name: ${name}, title: T, description: D, upstream: "http://127.0.0.1:9", transports: { streamable-http: /mcp } }`,
    )
    .join('\n'),
);

describe.each<[string, Places]>(bothDatabases('registry.db'))('%s:', (kind, places) => {
  let where: string;
  let raw: Database<Schema>;
  let stores: RegistryStore[];
  const open = async () => {
    const store = await openStore(where);
    stores.push(store);
    return { store, requests: createRequests({ policy: () => policy, store }) };
  };
  /** Another registry. In SQLite two of one process would wait for each other's transactions: it is the same one. */
  const beside = async () => (kind === 'SQLite' ? one : await open());
  let one: Awaited<ReturnType<typeof open>>;
  beforeEach(async () => {
    where = await places.fresh();
    raw = where.startsWith('postgres') ? openPostgres(where, () => undefined) : openSqlite(where);
    await migrate(raw, changes, 'registry', released);
    stores = [];
    one = await open();
    await seed(one.store, servers, recordingLog().log);
  });
  afterEach(async () => {
    for (const store of stores) await store.close();
    await raw.close();
  });
  const wish = (server: string, tools: string[] = [], reason = 'because') => ({ server, tools, reason });
  const age = async (days: number) => {
    const rows = await raw.db.selectFrom('access_request').select(['id', 'at', 'until', 'answered_at']).execute();
    for (const { id, at, until, answered_at } of rows) {
      const earlier = (time: number) => Number(time) - days * 86_400;
      const times = { at: earlier(at), until: earlier(until), answered_at: answered_at && earlier(answered_at) };
      await raw.db.updateTable('access_request').set(times).where('id', '=', id).execute();
    }
  };

  test('a database of the last release gets the requests, and two registries see the same', async () => {
    const other = await open();
    const made = await one.requests.ask(carol, wish('time', ['now'], 'a\r\nb'));
    expect(await other.requests.open()).toEqual([made]);
    expect(made).toMatchObject({ server: 'time', tools: ['now'], reason: 'a\nb', groups: ['support'], state: 'open' });
    expect(made.until.getTime() - made.at.getTime()).toBe(30 * 86_400_000);
    await other.requests.answer(made.id, 'refused', eva, ' no ');
    expect(await one.requests.ownOf(carol)).toMatchObject([{ state: 'refused', answer: { by: eva, words: 'no' } }]);
    await expect(one.requests.answer(made.id, 'given', eva)).rejects.toMatchObject({ code: 'changed_meanwhile' });
  });

  test('of two registries that are asked at once, both add to one request', async () => {
    const other = await beside();
    const tools = ['a', 'b', 'c', 'd', 'e', 'f'];
    const asked = tools.map((tool, i) => (i % 2 ? one : other).requests.ask(carol, wish('time', [tool])));
    expect(new Set((await Promise.all(asked)).map(({ id }) => id)).size).toBe(1);
    const [found, ...more] = await one.requests.open();
    expect([found?.tools.toSorted(), more]).toEqual([tools, []]);
  });

  test('of answers that two registries give at once, one counts', async () => {
    const other = await beside();
    const { id } = await one.requests.ask(carol, wish('time'));
    const answers = [one.requests.answer(id, 'given', eva), other.requests.withdraw(id, carol)];
    const outcomes = (await Promise.allSettled(answers)).map(({ status }) => status).sort();
    expect(outcomes).toEqual(['fulfilled', 'rejected']);
  });

  test('a person has at most 20 open requests, and can ask again once one is over', async () => {
    const made = [];
    for (const name of names.slice(2, 22)) made.push(await one.requests.ask(carol, wish(name)));
    await expect(one.requests.ask(carol, wish('time'))).rejects.toMatchObject({ code: 'input_invalid' });
    await one.requests.ask(dave, wish('time'));
    await one.requests.withdraw(made[0]?.id ?? '', carol);
    expect(await one.requests.ask(carol, wish('time'))).toMatchObject({ state: 'open' });
  });

  test('a request ends by itself after 30 days, and then another can be made', async () => {
    const { id } = await one.requests.ask(carol, wish('time'));
    await age(30);
    expect(await one.requests.find(id)).toMatchObject({ state: 'ended', answer: undefined });
    expect(await one.requests.open()).toEqual([]);
    await expect(one.requests.answer(id, 'given', eva)).rejects.toMatchObject({ code: 'changed_meanwhile' });
    expect((await one.requests.ask(carol, wish('time'))).id).not.toBe(id);
  });

  test('answered requests go after 90 days with the next one that someone makes', async () => {
    const { id } = await one.requests.ask(carol, wish('time'));
    await one.requests.answer(id, 'refused', eva);
    await age(91);
    expect(await one.requests.find(id)).toBeDefined();
    await one.requests.ask(dave, wish('time'));
    expect(await one.requests.find(id)).toBeUndefined();
  });

  test('requests follow a server to its new name, and end with it', async () => {
    const { id } = await one.requests.ask(carol, wish('time', ['now']));
    await renameServer(raw, { from: 'time', to: 'clock' }, eva);
    expect(await one.requests.find(id)).toMatchObject({ server: 'clock', state: 'open' });
    await one.store.refresh();
    const { revision } = one.store.get('clock') ?? {};
    await one.store.change({ name: 'clock', revision, next: undefined, action: 'delete', by: eva });
    expect(await one.requests.find(id)).toMatchObject({ state: 'ended', answer: { words: 'The server was deleted.' } });
    await expect(one.requests.ask(carol, wish('clock'))).rejects.toMatchObject({ code: 'not_found' });
  });

  test('a server that another registry has deleted a moment ago cannot be asked for', async () => {
    const other = await open();
    const { revision } = other.store.get('notes') ?? {};
    await other.store.change({ name: 'notes', revision, next: undefined, action: 'delete', by: eva });
    await expect(one.requests.ask(carol, wish('notes'))).rejects.toMatchObject({ code: 'not_found' });
  });

  describe('beside a registry of the last release', () => {
    const row = (name: string) => raw.db.selectFrom('server').selectAll().where('name', '=', name).executeTakeFirst();
    const note = async (server: string, action: string) => {
      const at = new Date().toISOString();
      const change = { at, server, action, by_sub: 'a', by_name: 'a', fields: '{}' };
      await raw.db
        .insertInto('server_change')
        .values(change as never)
        .execute();
    };
    /** As the last release deletes a server. */
    const deleteOld = async (server: string) => {
      await note(server, 'delete');
      await raw.db.deleteFrom('server').where('name', '=', server).execute();
    };

    test('requests stay when it changes a server, and are answered as before', async () => {
      const { id } = await one.requests.ask(carol, wish('time', ['now']));
      await note('time', 'edit');
      await raw.db.updateTable('server').set({ title: 'Edited' }).where('name', '=', 'time').execute();
      expect(await until(() => one.store.get('time')?.title === 'Edited')).toBe(true);
      expect(await one.requests.open()).toMatchObject([{ id, tools: ['now'] }]);
      expect(await one.requests.answer(id, 'given', eva)).toMatchObject({ state: 'given' });
    });

    test('requests end with a server that it deletes, those for others stay, and a server of the same name begins without', async () => {
      const [notes, time] = [await one.requests.ask(carol, wish('notes')), await one.requests.ask(carol, wish('time'))];
      const before = await row('notes');
      await deleteOld('notes');
      expect(await until(async () => (await one.requests.find(notes.id))?.state === 'ended')).toBe(true);
      await note('notes', 'register');
      await raw.db
        .insertInto('server')
        .values(before as never)
        .execute();
      await one.store.refresh();
      expect(await one.requests.open()).toEqual([time]);
      expect((await one.requests.ask(carol, wish('notes'))).id).not.toBe(notes.id);
    });

    test('it refuses the tables when it starts again, and all requests are still there', async () => {
      const made = await one.requests.ask(carol, wish('time'));
      const old = where.startsWith('postgres') ? openPostgres(where, () => undefined) : openSqlite(where);
      const known = Object.fromEntries(Object.entries(changes).filter(([name]) => name <= released));
      await expect(migrate(old, known, 'registry')).rejects.toThrow('013-access-requests');
      expect(await one.requests.open()).toEqual([made]);
    });
  });

  test('a registry that is killed in the middle of its work keeps each request that it has confirmed, once', async () => {
    const confirmed = await linesUntilKilled(`
      const { openStore } = await import(${JSON.stringify(resolve('registry/store/store.ts'))});
      const store = await openStore(${JSON.stringify(where)});
      for (let i = 0; ; i++) {
        const by = { sub: 'sub-' + (i % 10), username: 'u' };
        const wish = { server: 's' + (i % 20), tools: ['t' + i], reason: 'r', by, groups: [] };
        const { id } = await store.requests.add(wish).catch(() => ({ id: '' }));
        if (id) console.log(id + ' t' + i);
      }`);
    const rows = await raw.db.selectFrom('access_request').select(['id', 'tools', 'by_sub', 'server']).execute();
    const kept = new Map(rows.map(({ id, tools }) => [id, JSON.parse(tools) as string[]]));
    const lost = confirmed.filter((line) => {
      const [id = '', tool = ''] = line.split(' ');
      return !kept.get(id)?.includes(tool);
    });
    expect(lost).toEqual([]);
    expect(new Set(rows.map(({ by_sub, server }) => `${by_sub} ${server}`)).size).toBe(rows.length);
  });

  test('the number of open requests is known after each change', async () => {
    const { id } = await one.requests.ask(carol, wish('time'));
    expect(one.requests.count()).toBe(1);
    await one.requests.answer(id, 'refused', eva);
    expect(one.requests.count()).toBe(0);
  });
});
