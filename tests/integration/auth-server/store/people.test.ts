import type { Lease, RefreshedPerson } from '../../../../auth-server/store/people/person.ts';
import { revocationKey } from '../../../../auth-server/store/revocation-feed.ts';
import { openStore, type Store } from '../../../../auth-server/store/store.ts';
import { now, sessionRecord } from '../../../support/auth-server/auth-fixture.ts';
import { until } from '../../../support/listen.ts';
import { bothDatabases, type Places } from '../../../support/postgres/both-databases.ts';

describe.each<[string, Places]>(bothDatabases('data'))('%s:', (kind, places) => {
  let where: string;
  let store: Store;
  let other: Store;
  beforeEach(async () => {
    where = await places.empty();
    [store, other] = [await openStore(where), await openStore(where)];
  });
  afterEach(async () => {
    await store.close();
    await other.close();
  });

  const record = (sid: string, change: Parameters<typeof sessionRecord>[0] = {}) =>
    sessionRecord({ sid, groups: ['a', 'b'], refreshToken: `token of ${sid}`, refreshedAt: now() - 500, ...change });
  const add = async (...records: ReturnType<typeof record>[]) => {
    for (const each of records) await store.sessions.add(each);
  };
  const leased = async (by: Store, of: ReturnType<typeof record>): Promise<Lease> => {
    const lease = await by.people.lease(of, 20);
    if (!lease) throw new Error('The lease is taken.');
    return lease;
  };
  const found = (change: Partial<RefreshedPerson> = {}): RefreshedPerson => ({
    ...{ groups: ['b', 'a'], username: 'alice', shownName: undefined, refreshedAt: now(), refreshToken: 'new' },
    ...change,
  });
  const [one, two] = [record('one'), record('two')];
  const read = (sid: string) => other.sessions.read(sid);
  const heard = async (last: number) => (await store.revocationFeed.since(last)).keys.sort();
  const cursor = async () => (await store.revocationFeed.since(undefined)).last;

  test('the lease of a person goes to one of many requests with any of their sessions, in any process', async () => {
    await add(one, two);
    const wanted = [store, other, store, other].map(({ people }, n) => people.lease(n < 2 ? one : two, 20));
    const got = (await Promise.all(wanted)).filter(Boolean);
    expect(got).toHaveLength(1);
    expect(got[0]?.record).toMatchObject({ sub: one.sub, groups: ['a', 'b'] });
  });

  test('another person, and the same subject at another provider, has a lease of their own', async () => {
    const [bob, oidc] = [record('bob', { sub: 'bob' }), record('oidc', { provider: 'oidc' })];
    await add(one, bob, oidc);
    for (const each of [one, bob, oidc]) await leased(store, each);
  });

  test('the lease is free again after it was returned, after an answer, after a refusal, and after its time', async () => {
    await add(one, two);
    await store.people.release(await leased(store, one));
    await store.people.save(await leased(store, one), found());
    await store.people.refuse(await leased(store, two));
    expect(await store.people.lease(one, 0)).toBeDefined();
    expect(await store.people.lease(one, 20)).toBeDefined();
    expect(await other.people.lease(one, 20)).toBeUndefined();
  });

  test('there is no lease for a session that has ended', async () => {
    await add(one);
    expect(await store.people.lease(two, 20)).toBeUndefined();
    expect(await store.people.lease(one, 20)).toBeDefined();
  });

  test('an answer to one session counts for all sessions of the person, and every process sees it', async () => {
    const bob = record('bob', { sub: 'bob' });
    await add(one, two, bob);
    for (const sid of ['one', 'two']) expect(await other.sessions.find(sid)).toBeDefined();
    const refreshedAt = now();
    await store.people.save(await leased(store, one), found({ username: 'al', shownName: 'Al', refreshedAt }));
    const all = { username: 'al', shownName: 'Al', groups: ['b', 'a'], refreshedAt };
    expect(await store.sessions.find('one')).toMatchObject({ ...all, refreshToken: 'new' });
    expect(await store.sessions.find('two')).toMatchObject({ ...all, refreshToken: 'token of two' });
    expect(await read('two')).toMatchObject(all);
    expect(await read('bob')).toMatchObject({ refreshedAt: bob.refreshedAt, username: 'alice' });
  });

  test('only the session whose token was used counts as tried', async () => {
    await add({ ...one, triedAt: 5 }, { ...two, triedAt: 5 });
    await store.people.save(await leased(store, one), found());
    expect((await read('one'))?.triedAt).toBeGreaterThan(now() - 60);
    expect((await read('two'))?.triedAt).toBe(5);
  });

  test('changed groups end the open streams of each session that had others; unchanged ones end none', async () => {
    await add(one, two, record('three', { groups: ['a'] }));
    const last = await cursor();
    await store.people.save(await leased(store, one), found());
    expect(await heard(last)).toEqual([revocationKey('session', 'three')]);
    await store.people.save(await leased(store, two), found({ groups: ['a'] }));
    const all = ['one', 'two', 'three'];
    const [, ...later] = (await store.revocationFeed.since(last)).keys;
    expect(later.sort()).toEqual(all.map((sid) => revocationKey('session', sid)).sort());
  });

  test('a session without a refresh token gets the groups, and is no younger for it', async () => {
    const bare = record('bare', { refreshToken: undefined });
    await add(one, bare);
    await store.people.save(await leased(store, one), found({ groups: ['a'] }));
    expect(await read('bare')).toMatchObject({ groups: ['a'], refreshedAt: bare.refreshedAt });
  });

  test('an answer that comes after another request has taken the lease changes no groups, but keeps the new token', async () => {
    await add(one, two);
    const slow = await store.people.lease(one, 0);
    if (!slow) throw new Error('The lease is taken.');
    await other.people.save(await leased(other, two), found({ groups: ['newer'] }));
    await store.people.save(slow, found({ groups: ['older'], refreshToken: 'rotated' }));
    expect(await read('one')).toMatchObject({ groups: ['newer'], refreshToken: 'rotated' });
  });

  test('a refusal ends the session whose token was refused, and no other of the person', async () => {
    await add(one, two);
    const last = await cursor();
    expect(await store.people.refuse(await leased(store, one))).toBe(true);
    expect([await read('one'), await store.sessions.find('one')]).toEqual([undefined, undefined]);
    expect(await read('two')).toMatchObject({ refreshedAt: two.refreshedAt });
    expect(await heard(last)).toEqual([revocationKey('session', 'one')]);
  });

  test('a refusal of a token that was replaced meanwhile ends nothing', async () => {
    await add(one, two);
    const slow = await store.people.lease(one, 0);
    await other.people.save(await leased(other, one), found());
    if (slow) expect(await store.people.refuse(slow)).toBe(false);
    expect(await read('one')).toMatchObject({ refreshToken: 'new' });
  });

  test('an answer does not bring back a session that was revoked', async () => {
    await add(one);
    const lease = await leased(store, one);
    await store.sessions.end({ sid: 'one' });
    const last = await cursor();
    await store.people.save(lease, found({ groups: ['c'] }));
    expect(await read('one')).toBeUndefined();
    expect(await heard(last)).toEqual([]);
  });

  test('a person is forgotten with the last session, ended or expired', async () => {
    await add(one, two);
    await store.people.release(await leased(store, one));
    await store.sessions.end({ sid: 'one' });
    const fence = (await leased(store, two)).fence;
    expect(fence).toBeGreaterThan(1);
    await store.sessions.end({ user: 'alice' });
    await add(record('again'));
    expect((await leased(store, record('again'))).fence).toBe(1);
  });

  test('many refreshes, ends and logins at once end without a deadlock', async () => {
    // In one process, SQLite would wait for itself.
    const by = kind === 'SQLite' ? store : other;
    const people = Array.from({ length: 8 }, (_, n) => record(`s${n}`, { sub: `p${n % 3}`, username: `p${n % 3}` }));
    await add(...people);
    const work = people.flatMap((each, n) => [
      store.people.lease(each, 0).then((lease) => lease && store.people.save(lease, found({ groups: [`${n}`] }))),
      by.people.lease(each, 0).then((lease) => lease && by.people.refuse(lease)),
      (n % 2 ? store : by).sessions.end({ user: `p${n % 3}` }),
      store.sessions.add(record(`new${n}`, { sub: `p${n % 3}`, expiresAt: now() - 1 })),
    ]);
    const failed = (await Promise.allSettled(work)).filter(({ status }) => status === 'rejected');
    expect(failed).toEqual([]);
    expect(await until(async () => (await store.sessions.list()).length === 0)).toBe(true);
  });
});
