import { statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { clientDigest } from '../../../../auth-server/oauth/clients/client.ts';
import type { Schema } from '../../../../auth-server/store/migrations.ts';
import { createRevocationFeed, revocationKey } from '../../../../auth-server/store/revocation-feed.ts';
import { openStore, type Store } from '../../../../auth-server/store/store.ts';
import { openPostgres } from '../../../../common/database/postgres.ts';
import { revoke } from '../../../../operations/revoke/revoke.ts';
import { alice, now, sessionRecord, temporaryDirectory } from '../../../support/auth-server/auth-fixture.ts';
import { useClock } from '../../../support/clock.ts';
import { answerSoon, until } from '../../../support/listen.ts';
import { bothDatabases, type Places } from '../../../support/postgres/both-databases.ts';
import { emptyDatabase } from '../../../support/postgres/databases.ts';
import { type Line, openLine } from '../../../support/postgres/line.ts';
import { linesUntilKilled, outputOf } from '../../../support/process.ts';

const clock = useClock();
const home = temporaryDirectory();
const storeModule = JSON.stringify(resolve('auth-server/store/store.ts'));
afterAll(() => home.remove());
const record = sessionRecord;
const annsPerson = { providers: ['cognito'], sub: 'sub-a' };
/** After this time a record in memory is read again. */
const memorySeconds = 61;

describe.each<[string, Places]>(bothDatabases('data'))('%s:', (_kind, places) => {
  let where: string;
  let store: Store;
  let others: Store[];
  beforeEach(async () => {
    where = await places.empty();
    store = await openStore(where);
    others = [];
  });
  afterEach(async () => {
    for (const opened of [store, ...others]) await opened.close();
  });
  const reopen = async () => {
    await store.close();
    store = await openStore(where);
  };
  /** The store of another process. */
  const another = async () => {
    const other = await openStore(where);
    others.push(other);
    return other;
  };
  const program = (text: string) => `
    const { openStore } = await import(${storeModule});
    const where = ${JSON.stringify(where)};
    const record = ${JSON.stringify(record())};
    ${text}`;
  const inProcess = (text: string) => outputOf(program(text));
  const killWhileWriting = (text: string) => linesUntilKilled(program(text));

  async function within<T>(milliseconds: number, look: () => Promise<T>, wanted: (found: T) => boolean): Promise<T> {
    const end = Date.now() + milliseconds;
    for (;;) {
      const found = await look();
      if (wanted(found) || Date.now() > end) return found;
      await sleep(20);
    }
  }

  test('keeps a revoked session revoked, at once and after a restart', async () => {
    await store.sessions.add(record());
    expect(await store.sessions.find('s')).toBeDefined();
    expect(await store.sessions.end({ sid: 's' })).toBe(1);
    expect(await store.sessions.find('s')).toBeUndefined();
    await reopen();
    expect(await store.sessions.find('s')).toBeUndefined();
  });

  describe('a session', () => {
    test('is returned as it was added, before and after a restart', async () => {
      const added = record({ groups: ['a,b', 'größe', '"'], refreshToken: 'locked' });
      await store.sessions.add(added);
      expect(await store.sessions.find('s')).toEqual(added);
      await reopen();
      expect(await store.sessions.find('s')).toEqual(added);
    });

    test('is not found by another spelling of its id', async () => {
      await store.sessions.add(record());
      for (const sid of ['', 'S', 's ', "' or 1=1 --", '%']) expect(await store.sessions.find(sid)).toBeUndefined();
    });

    test('cannot be added twice with the same id', async () => {
      await store.sessions.add(record());
      await expect(store.sessions.add(record({ sub: 'mallory' }))).rejects.toThrow(/unique/i);
      expect(await store.sessions.find('s')).toMatchObject({ sub: alice.sub });
    });

    test('that has expired is deleted when a new one is added, and not listed before that', async () => {
      await store.sessions.add(record({ sid: 'old', expiresAt: now() - 10 }));
      expect(await store.sessions.list()).toEqual([]);
      await store.sessions.add(record());
      await reopen();
      expect(await store.sessions.find('old')).toBeUndefined();
      expect(await store.sessions.find('s')).toBeDefined();
    });

    test('is listed, the newest first', async () => {
      for (const [sid, ago] of [
        ['a', 30],
        ['b', 10],
        ['c', 20],
      ] as const)
        await store.sessions.add(record({ sid, createdAt: now() - ago, expiresAt: now() + 60 }));
      expect((await store.sessions.list()).map(({ sid }) => sid)).toEqual(['b', 'c', 'a']);
    });

    test('is among those of its person, the newest first, at most as many as are asked for, with their clients counted', async () => {
      const add = (sid: string, ago: number, change: object = {}) =>
        store.sessions.add(record({ sid, sub: 'sub-a', createdAt: now() - ago, expiresAt: now() + 60, ...change }));
      await add('old', 30, { kind: 'client' });
      await add('new', 10);
      await add('middle', 20, { provider: 'terminal', kind: 'client' });
      await add('elsewhere', 5, { provider: 'other', kind: 'client' });
      await add('of-another', 5, { sub: 'sub-b', kind: 'client' });
      await add('expired', 5, { expiresAt: now() - 1, kind: 'client' });
      const person = { providers: ['cognito', 'terminal'], sub: 'sub-a' };
      const found = await store.sessions.ofPerson(person, 10);
      expect(found.map(({ sid }) => sid)).toEqual(['new', 'middle', 'old']);
      expect((await store.sessions.ofPerson(person, 2)).map(({ sid }) => sid)).toEqual(['new', 'middle']);
      expect(await store.sessions.count(person, 'client')).toBe(2);
    });

    test.each<[string, Parameters<Store['sessions']['end']>[0], string[]]>([
      ['its id', { sid: 'a1' }, ['a1']],
      ['an id that does not exist', { sid: 'A1' }, []],
      ['its person’s name', { user: 'ann' }, ['a1', 'a2']],
      ['its person’s sub', { user: 'sub-b' }, ['b1']],
      ['its app client', { clientId: 'cli' }, ['a2', 'b1']],
      ['no name', { user: '' }, []],
      ['its person', { person: { providers: ['other', 'cognito'], sub: 'sub-a' }, kind: 'browser' }, ['a1', 'a2']],
      ['its person, except one', { person: annsPerson, kind: 'browser', except: 'a1' }, ['a2']],
      ['its person and another kind', { person: annsPerson, kind: 'client' }, []],
      ['its person at another provider', { person: { providers: ['other'], sub: 'sub-a' }, kind: 'browser' }, []],
      ['everybody', 'everybody', ['a1', 'a2', 'b1']],
    ])('is revoked by %s, and no other is; each revocation is announced', async (_by, owner, ended) => {
      const { last } = await store.revocationFeed.since(undefined);
      const ann = { sub: 'sub-a', username: 'ann' };
      await store.sessions.add(record({ ...ann, sid: 'a1', clientId: 'web' }));
      await store.sessions.add(record({ ...ann, sid: 'a2', clientId: 'cli' }));
      await store.sessions.add(record({ sid: 'b1', sub: 'sub-b', username: 'bea', clientId: 'cli' }));
      for (const sid of ['a1', 'a2', 'b1']) expect(await store.sessions.find(sid)).toBeDefined();
      expect(await store.sessions.end(owner)).toBe(ended.length);
      const left = await Promise.all(['a1', 'a2', 'b1'].map((sid) => store.sessions.find(sid)));
      expect(left.flatMap((found) => found?.sid ?? [])).toEqual(['a1', 'a2', 'b1'].filter((s) => !ended.includes(s)));
      const { keys } = await store.revocationFeed.since(last);
      expect(keys.sort()).toEqual(ended.map((sid) => revocationKey('session', sid)).sort());
    });

    test('that another process has revoked is gone here within a second', async () => {
      await store.sessions.add(record());
      const other = await another();
      expect(await other.sessions.find('s')).toBeDefined();
      await store.sessions.end({ sid: 's' });
      const found = await within(
        1_000,
        () => other.sessions.find('s'),
        (there) => there === undefined,
      );
      expect(found).toBeUndefined();
    });

    test('keeps the time and the address of its last use after a restart, and never moves them back', async () => {
      await store.sessions.add(record({ createdAt: now() - 600, expiresAt: now() + 60 }));
      const known = await store.sessions.find('s');
      if (known) store.sessions.touch(known, now() - 100, '192.0.2.7');
      await reopen();
      expect((await store.sessions.find('s'))?.lastSeen).toBeGreaterThan(now() - 105);
      const stale = { ...record(), lastSeen: now() - 600 };
      store.sessions.touch(stale, now() - 300, '192.0.2.8');
      await reopen();
      const kept = await store.sessions.find('s');
      expect(kept?.lastSeen).toBeGreaterThan(now() - 105);
      expect(kept?.usedAddress).toBe('192.0.2.7');
    });

    test('survives the death of the process right after it was added', async () => {
      const sids = await killWhileWriting(`
        const { sessions } = await openStore(where);
        for (let n = 0; ; n++) {
          await sessions.add({ ...record, sid: String(n) });
          process.stdout.write(n + '\\n');
        }`);
      for (const sid of sids) expect(await store.sessions.find(sid)).toBeDefined();
    });

    test('that was revoked stays revoked when the process dies right after it reported the revocation', async () => {
      for (let n = 0; n < 200; n++) await store.sessions.add(record({ sid: String(n) }));
      const sids = await killWhileWriting(`
        const { sessions } = await openStore(where);
        for (let n = 0; n < 200; n++) {
          await sessions.end({ sid: String(n) });
          process.stdout.write(n + '\\n');
        }`);
      for (const sid of sids) expect(await store.sessions.read(sid)).toBeUndefined();
    });
  });

  describe('a revocation', () => {
    const covers = ({ revocations }: Store, issuedAt: number, users: string[], clientId?: string) =>
      revocations.covers(issuedAt, { users, clients: clientId === undefined ? [] : [clientId] });

    test.each<[string, Parameters<typeof revoke>[1], boolean, boolean, boolean]>([
      ['of a user', { user: 'ann' }, true, false, false],
      ['of a client', { clientId: 'cli' }, false, true, false],
      ['of everybody', 'everybody', true, true, true],
      ['of a user whose name is the id of a client', { user: 'cli' }, false, false, false],
      ['of no name', { user: '' }, false, false, false],
    ])('%s covers all that was issued until then, and nothing later', async (_what, target, ann, cli, bea) => {
      const at = now();
      await revoke(store, target, at);
      const asked = (issuedAt: number) => [
        covers(store, issuedAt, ['sub-a', 'ann'], 'web'),
        covers(store, issuedAt, ['sub-c'], 'cli'),
        covers(store, issuedAt, ['sub-b', 'bea']),
      ];
      expect([asked(at - 3600), asked(at), asked(at + 1)]).toEqual([
        [ann, cli, bea],
        [ann, cli, bea],
        [false, false, false],
      ]);
      await reopen();
      expect(asked(at)).toEqual([ann, cli, bea]);
    });

    test('reaches another process within a second, and is announced', async () => {
      const other = await another();
      const { last } = await other.revocationFeed.since(undefined);
      await revoke(store, { user: 'ann' }, now());
      const seen = await within(1_000, async () => covers(other, now() - 5, ['ann']), Boolean);
      expect(seen).toBe(true);
      expect((await other.revocationFeed.since(last)).keys).toEqual([revocationKey('user', 'ann')]);
    });

    test('made while a process starts is known to it', async () => {
      for (const user of ['u1', 'u2', 'u3']) {
        const text = `
          const store = await openStore(where);
          await store.revocations.add({ kind: 'user', value: '${user}', at: ${now()} });
          await store.close();`;
        const revoking = inProcess(text);
        const opened: Store[] = [];
        for (let n = 0; n < 8; n++) {
          opened.push(await another());
          await sleep(40);
        }
        await revoking;
        const known = () => opened.filter((other) => covers(other, now() - 60, [user])).length;
        expect(await answerSoon(known, opened.length)).toBe(opened.length);
      }
    }, 180_000);

    test('on a machine whose clock is behind restores nothing', async () => {
      await revoke(store, { user: 'ann' }, now());
      await revoke(store, { user: 'ann' }, now() - 600);
      expect(covers(store, now() - 10, ['ann'])).toBe(true);
    });

    test('of a person by name covers the subject too, under whatever name a record is opened meanwhile', async () => {
      await store.sessions.add(record({ sid: 'a1', sub: 'sub-a', username: 'ann' }));
      await store.sessions.add(record({ sid: 'a2', sub: 'sub-a', username: 'ann-before' }));
      expect(await revoke(store, { user: 'ann' }, now())).toEqual({ sessions: 2, tokens: true });
      expect(covers(store, now() - 5, ['sub-a', 'ann-later'])).toBe(true);
    });

    test('of an OAuth client names it by its long id, its digest or its address, and is kept for ever', async () => {
      const id = `eyJ${'x'.repeat(300)}`;
      const address = 'https://client.example/metadata.json';
      await store.sessions.add(record({ sid: 'c1', kind: 'client', oauthClient: clientDigest(id) }));
      await store.sessions.add(record({ sid: 'c2', kind: 'client', oauthClient: clientDigest(id) }));
      await store.sessions.add(record({ sid: 'd', kind: 'client', oauthClient: address }));
      expect(await revoke(store, { clientId: id }, 5)).toMatchObject({ sessions: 2 });
      await store.sessions.add(record({ sid: 'c1', kind: 'client', oauthClient: clientDigest(id) }));
      expect(await revoke(store, { clientId: clientDigest(id) }, 5)).toMatchObject({ sessions: 1 });
      expect(await revoke(store, { clientId: address }, now())).toMatchObject({ sessions: 1 });
      expect(covers(store, 5, ['ann'], clientDigest(id))).toBe(true);
    });

    test('is kept for longer than anything that it covers can live', async () => {
      await revoke(store, { user: 'ann' }, now() - 7 * 86_400);
      await revoke(store, { user: 'bea' }, now());
      expect(covers(store, now() - 7 * 86_400 - 1, ['ann'])).toBe(true);
    });
  });

  describe('the revocation feed', () => {
    test('gives each revocation to each reader once, from any process', async () => {
      const { last } = await store.revocationFeed.since(undefined);
      const text = `
        const store = await openStore(where);
        for (let n = 0; n < 40; n++) await store.revocations.add({ kind: 'user', value: process.pid + ' ' + n, at: 1e9 + n });
        await store.close();`;
      let [done, after] = [false, last];
      const heard: string[] = [];
      const listen = async () => {
        const answer = await store.revocationFeed.since(after);
        after = answer.last;
        heard.push(...answer.keys);
      };
      const writers = Promise.all([inProcess(text), inProcess(text)]).then(() => {
        done = true;
      });
      while (!done) {
        await listen();
        await sleep(5);
      }
      await writers;
      await listen();
      expect([heard.length, new Set(heard).size]).toEqual([80, 80]);
    }, 180_000);
  });

  describe('the keys', () => {
    const key = (kid: string) => ({
      kid,
      jwk: { kty: 'OKP', kid },
      madeAt: 1,
      signsSince: undefined,
      stoppedAt: undefined,
    });
    test('are changed by one process after the other, and no change is lost', async () => {
      const text = `
        const store = await openStore(where);
        for (let n = 0; n < 15; n++) {
          await store.keys.update(async (keys) => {
            await new Promise((resolve) => setTimeout(resolve, 10));
            return [...keys, { kid: process.pid + '-' + n, jwk: {}, madeAt: 1 }];
          });
        }
        await store.close();`;
      await Promise.all([inProcess(text), inProcess(text)]);
      expect(await store.keys.list()).toHaveLength(30);
    }, 180_000);

    test('stay as they were when a change fails', async () => {
      await store.keys.update(async () => [key('one')]);
      const failing = store.keys.update(async () => {
        throw new Error('no');
      });
      await expect(failing).rejects.toThrow('no');
      expect(await store.keys.list()).toEqual([key('one')]);
    });
  });

  describe('a session or task with an owner', () => {
    const session = (id: string, owner = 'person:a') => ({
      kind: 'session' as const,
      server: 'one',
      id,
      owner,
      target: undefined,
    });
    /** A program that counts them, bypassing the store. */
    const countOf = `
      const { openSqlite } = await import(${JSON.stringify(resolve('common/database/sqlite.ts'))});
      const { openPostgres } = await import(${JSON.stringify(resolve('common/database/postgres.ts'))});
      const { db, close } = where.startsWith('postgres:') ? openPostgres(where, () => {}) : openSqlite(where + '/auth-server.db');
      console.log((await db.selectFrom('binding').select('key').execute()).length);
      await close();`;
    const binding = (count: number, id: string, owner: string) => `
      const store = await openStore(where, undefined, { idleSeconds: 60, perServer: 5, perOwner: 100 });
      const bound = [];
      for (let n = 0; n < ${count}; n++) {
        const mine = { kind: 'session', server: 'one', id: ${id}, owner: ${owner}, target: undefined };
        bound.push(store.bindings.bind(mine));
      }
      console.log((await Promise.all(bound)).filter(Boolean).length);
      await store.close();`;

    test('is given to one of many callers who claim it at the same moment, in three processes', async () => {
      const text = binding(20, "'s'", "'person:' + process.pid + n");
      const claimed = await Promise.all([1, 2, 3].map(() => inProcess(text)));
      expect(claimed.sort()).toEqual(['0', '0', '1']);
    }, 180_000);

    test('is limited for each caller while three processes add to it', async () => {
      const text = binding(20, "process.pid + '-' + n", "'person:a'");
      const bound = await Promise.all([1, 2, 3].map(() => inProcess(text)));
      expect(bound).toEqual(['20', '20', '20']);
      const few = await openStore(where, undefined, { idleSeconds: 60, perServer: 5, perOwner: 100 });
      others.push(few);
      await few.bindings.bind(session('last'));
      const mine = { ids: await inProcess(countOf), last: await few.bindings.find('session', 'one', 'last') };
      expect(mine).toMatchObject({ ids: '5', last: { id: 'last' } });
    }, 180_000);

    test('is not displaced by another server that announces any number', async () => {
      const few = await openStore(where, undefined, { idleSeconds: 60, perServer: 5, perOwner: 100 });
      others.push(few);
      for (const kind of ['session', 'task'] as const) {
        await few.bindings.bind({ ...session('mine'), kind });
        for (let n = 0; n < 12; n++) await few.bindings.bind({ ...session(`n${n}`), kind, server: 'evil' });
        expect(await few.bindings.find(kind, 'one', 'mine')).toBeDefined();
        expect(await few.bindings.find(kind, 'evil', 'n11')).toBeDefined();
      }
    });

    test('is displaced, past the limit over all servers, at the server that has the most', async () => {
      const few = await openStore(where, undefined, { idleSeconds: 60, perServer: 5, perOwner: 8 });
      others.push(few);
      const ids = [1, 2, 3, 4, 5].map((n) => `n${n}`);
      await few.bindings.bind(session('mine'));
      for (const server of ['evil', 'worse', 'worst'])
        for (const id of ids) await few.bindings.bind({ ...session(id), server });
      await few.bindings.bind(session('mine too'));
      const left = async (server: string) =>
        (await Promise.all(ids.map((id) => few.bindings.find('session', server, id)))).filter(Boolean).length;
      expect(await few.bindings.find('session', 'one', 'mine')).toBeDefined();
      expect(await few.bindings.find('session', 'one', 'mine too')).toBeDefined();
      expect((await Promise.all(['evil', 'worse', 'worst'].map(left))).sort()).toEqual([2, 2, 2]);
      expect(await few.bindings.find('session', 'worst', 'n5')).toBeDefined();
    });

    test('is found among others of the same caller on the same server, by its exact id', async () => {
      for (const id of ['a', 'b', "c' or 1=1 --"]) await store.bindings.bind({ ...session(id), kind: 'task' });
      await store.bindings.bind(session('session'));
      await store.bindings.bind({ ...session('two'), kind: 'task', server: 'two' });
      await store.bindings.bind({ ...session('foreign', 'person:b'), kind: 'task' });
      const own = (ids: string[]) => store.bindings.findOwn('task', 'one', 'person:a', ids);
      expect((await own(['a', "c' or 1=1 --", 'session', 'two', 'foreign', 'B', '%', ''])).sort()).toEqual([
        'a',
        "c' or 1=1 --",
      ]);
      expect(await own([])).toEqual([]);
    });

    test('is free for another caller after another process removed it and the local copy has expired', async () => {
      const other = await another();
      await store.bindings.bind(session('s'));
      expect(await other.bindings.find('session', 'one', 's')).toMatchObject({ owner: 'person:a' });
      await store.bindings.unbind(session('s'));
      await store.bindings.bind(session('s', 'person:b'));
      clock.advance(memorySeconds);
      const seen = await within(
        2_000,
        () => other.bindings.find('session', 'one', 's'),
        (found) => found?.owner === 'person:b',
      );
      expect(seen).toMatchObject({ owner: 'person:b' });
    });
  });

  test('several processes can open a new store at once', async () => {
    where = await places.fresh();
    const text = `
      const store = await openStore(where);
      await store.sessions.add({ ...record, sid: String(process.pid) });
      await store.close();
      console.log(process.pid);`;
    const sids = await Promise.all([1, 2, 3].map(() => inProcess(text)));
    const opened = await another();
    for (const sid of sids) expect(await opened.sessions.find(sid)).toMatchObject({ username: 'alice' });
    expect(new Set(sids).size).toBe(3);
  }, 180_000);
});

test('The SQLite file and its folder are accessible to this user only', async () => {
  const where = join(home.directory, 'private');
  const store = await openStore(where);
  await store.sessions.add(record());
  const mode = (path: string) => statSync(join(where, path)).mode & 0o777;
  expect([mode(''), mode('auth-server.db'), mode('auth-server.db-wal')]).toEqual([0o700, 0o600, 0o600]);
  await store.close();
});

test('On PostgreSQL a revocation that commits later is read later: no reader skips the earlier one', async () => {
  const where = await emptyDatabase();
  const store = await openStore(where);
  const other = openPostgres<Schema>(where, () => undefined);
  const ended = createRevocationFeed(other, () => 0);
  const { last } = await store.revocationFeed.since(undefined);
  const appended = Promise.withResolvers<void>();
  const tried = Promise.withResolvers<void>();
  const slow = other.db.transaction().execute(async (transaction) => {
    await ended.append(transaction, ['first']);
    appended.resolve();
    await tried.promise;
  });
  await appended.promise;
  const quick = store.revocations.add({ kind: 'user', value: 'ann', at: now() });
  expect(await Promise.race([quick.then(() => 'noted'), sleep(200).then(() => 'waits')])).toBe('waits');
  tried.resolve();
  await Promise.all([slow, quick]);
  expect((await store.revocationFeed.since(last)).keys).toEqual(['first', revocationKey('user', 'ann')]);
  await store.close();
  await other.close();
});

describe('A PostgreSQL outage', () => {
  let line: Line;
  let store: Store;
  let failures: unknown[];
  beforeEach(async () => {
    failures = [];
    line = await openLine(await emptyDatabase());
    store = await openStore(line.url, undefined, undefined, (error) => void failures.push(error));
    await store.sessions.add(record());
    await store.bindings.bind({ kind: 'session', server: 'one', id: 'm', owner: 'person:a', target: undefined });
  });
  afterEach(async () => {
    await line.restore();
    await store.close();
    await line.close();
  });
  /** Until the session that is in memory is not found any more. The cache looks at the clock twice a second. */
  const memoryExpires = async () => {
    clock.advance(memorySeconds);
    const fails = () =>
      store.sessions.find('s').then(
        () => false,
        () => true,
      );
    expect(await until(fails)).toBe(true);
  };
  const everything = () => [
    store.sessions.find('s'),
    store.sessions.read('s'),
    store.sessions.add(record({ sid: 't' })),
    store.people.lease(record(), 1),
    store.sessions.end({ sid: 's' }),
    store.bindings.find('session', 'one', 'm'),
    store.bindings.bind({ kind: 'session', server: 'one', id: 'n', owner: 'person:a', target: undefined }),
    store.keys.list(),
    store.revocationFeed.since(0),
    store.revocations.add({ kind: 'user', value: 'ann', at: now() }),
  ];

  test('does not affect cached sessions until the cache expires; then every request fails, and none is allowed', async () => {
    await store.sessions.find('s');
    await line.cut();
    expect(await store.sessions.find('s')).toMatchObject({ sid: 's' });
    await memoryExpires();
    const outcomes = await Promise.allSettled(everything());
    expect(outcomes.map(({ status }) => status)).toEqual(outcomes.map(() => 'rejected'));
  });

  test('is logged a few times, not several times a second', async () => {
    await line.cut();
    await sleep(3_000);
    expect(failures.length).toBeGreaterThan(0);
    expect(failures.length).toBeLessThan(6);
  });

  test('that ends needs no restart: the store works again, with all its data', async () => {
    await line.cut();
    await expect(store.sessions.find('s')).rejects.toThrow();
    await line.restore();
    expect(await store.sessions.find('s')).toMatchObject({ sid: 's' });
    expect(await store.bindings.find('session', 'one', 'm')).toMatchObject({ owner: 'person:a' });
    await store.sessions.add(record({ sid: 't' }));
    expect(await store.sessions.end('everybody')).toBe(2);
  });

  test('does not lose the times of use that could not be written', async () => {
    const known = await store.sessions.find('s');
    await line.cut();
    const at = now() + 40;
    if (known) store.sessions.touch(known, at);
    await memoryExpires();
    await line.restore();
    expect((await store.sessions.find('s'))?.lastSeen).toBe(at);
  });

  test('in which the database hangs makes every request fail within seven seconds, and ends when the database continues', async () => {
    line.hang();
    const began = Date.now();
    const outcomes = await Promise.allSettled(everything());
    expect(outcomes.map(({ status }) => status)).toEqual(outcomes.map(() => 'rejected'));
    expect(Date.now() - began).toBeLessThan(20_000);
    line.resume();
    expect(await until(() => store.sessions.find('s').catch(() => undefined))).toBe(true);
  }, 180_000);
});
