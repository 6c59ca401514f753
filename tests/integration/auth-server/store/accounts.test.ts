import { accountKey } from '../../../../auth-server/accounts/account-key.ts';
import type {
  AccountLease,
  AccountRow,
  ConnectedRow,
  NewTokens,
} from '../../../../auth-server/store/accounts/account-row.ts';
import { accountMark } from '../../../../auth-server/store/accounts/marks.ts';
import { openStore, type Store } from '../../../../auth-server/store/store.ts';
import { now, sessionRecord } from '../../../support/auth-server/auth-fixture.ts';
import { until } from '../../../support/listen.ts';
import { bothDatabases, type Places } from '../../../support/postgres/both-databases.ts';

describe.each<[string, Places]>(bothDatabases('data'))('%s:', (_kind, places) => {
  let store: Store;
  let other: Store;
  beforeEach(async () => {
    const where = await places.empty();
    [store, other] = [await openStore(where), await openStore(where)];
  });
  afterEach(async () => {
    await store.close();
    await other.close();
  });

  const tokens = (locked: string, change: Partial<NewTokens> = {}): NewTokens => ({
    ...{ locked, hasRefreshToken: true, expiresAt: now() + 3_600, refreshAt: now() + 3_300, scopes: ['a', 'b'] },
    ...change,
  });
  const row = (subject: string, server = 'github', change: Partial<ConnectedRow> = {}): ConnectedRow => {
    const owner = { subject, account: 'github', server };
    const own = {
      key: accountKey(owner),
      ...owner,
      address: 'https://x.example/mcp -',
      identity: 'i',
      shownName: 'carol-gh',
    };
    return { ...own, ...tokens(`${subject}'s token`), ...change };
  };
  const carol = row('carol');
  const leased = async (by: Store, key: string): Promise<AccountLease> => {
    const lease = await by.accountRows.lease(key, 20);
    if (!lease) throw new Error('The lease is taken.');
    return lease;
  };
  const found = async (by: Store, { key }: Pick<AccountRow, 'key'>) => await by.accountRows.find(key);

  test('an account is kept whole, for its owner and server only', async () => {
    await store.accountRows.connect(carol);
    await store.accountRows.connect(row('dave'));
    const { key, subject, address, locked, scopes, shownName } = carol;
    expect(await found(other, carol)).toMatchObject({
      ...{
        key,
        subject,
        address,
        locked,
        scopes,
        shownName,
        state: 'ok',
        isConfirmed: true,
        isUsed: false,
        version: 1,
      },
    });
    expect((await found(other, row('dave')))?.locked).toBe("dave's token");
    expect(await found(other, row('carol', 'gitlab'))).toBeUndefined();
    expect(await other.accountRows.ofSubject('carol')).toHaveLength(1);
  });

  test('connecting again replaces the tokens, in the memory of other processes too', async () => {
    await store.accountRows.connect(carol);
    await found(other, carol);
    await store.accountRows.stop({ ...carol, version: 1 }, 'ended');
    expect(await until(async () => (await found(other, carol))?.state === 'ended')).toBe(true);
    await store.accountRows.connect({ ...carol, locked: 'new' });
    expect(await until(async () => (await found(other, carol))?.locked === 'new')).toBe(true);
    expect(await found(other, carol)).toMatchObject({ state: 'ok', version: 2 });
  });

  test('one process at a time may refresh, and the holder of an older lease cannot write', async () => {
    await store.accountRows.connect(carol);
    const { key } = carol;
    const leases = await Promise.all([store, other, store, other].map(({ accountRows }) => accountRows.lease(key, 20)));
    const [first] = leases.filter((lease) => lease !== undefined);
    if (!first) throw new Error('There is no lease.');
    expect(leases.filter(Boolean)).toHaveLength(1);
    await store.accountRows.release(first);
    const second = await leased(other, key);
    expect(await store.accountRows.renew(first, tokens('late'))).toBe(false);
    expect(await other.accountRows.renew(second, tokens('new'))).toBe(true);
    expect(await store.accountRows.read(key)).toMatchObject({ locked: 'new', version: 2 });
    await leased(store, key);
  });

  test('a refresh does not write over an account that was connected again or disconnected meanwhile', async () => {
    await store.accountRows.connect(carol);
    const lease = await leased(other, carol.key);
    await store.accountRows.connect({ ...carol, locked: 'by hand' });
    expect(await other.accountRows.renew(lease, tokens('late'))).toBe(false);
    const next = await leased(other, carol.key);
    await store.accountRows.remove(await store.accountRows.ofSubject('carol'));
    expect(await other.accountRows.renew(next, tokens('late'))).toBe(false);
    expect(await other.accountRows.read(carol.key)).toBeUndefined();
  });

  test('a refusal of older tokens does not stop newer ones', async () => {
    await store.accountRows.connect(carol);
    await store.accountRows.renew(await leased(store, carol.key), tokens('new'));
    expect(await other.accountRows.stop({ ...carol, version: 1 }, 'refuses')).toBe(false);
    expect(await other.accountRows.read(carol.key)).toMatchObject({ state: 'ok', locked: 'new' });
  });

  test('what was used since the last refresh is due ahead, and a refresh makes it unused', async () => {
    await store.accountRows.connect(carol);
    await store.accountRows.connect(row('dave'));
    const due = async () => (await other.accountRows.due(now() + 3_400, ['i'])).map(({ subject }) => subject);
    expect(await due()).toEqual([]);
    store.accountRows.use((await found(store, carol)) as AccountRow, now());
    await store.close();
    expect(await due()).toEqual(['carol']);
    expect(await other.accountRows.due(now(), ['i'])).toEqual([]);
    expect(await other.accountRows.due(now() + 3_400, ['other'])).toEqual([]);
    await other.accountRows.renew(await leased(other, carol.key), tokens('new'));
    expect(await due()).toEqual([]);
  });

  test('a disconnected account is gone for other processes, ends what it has open, and is queued to be revoked once', async () => {
    await store.accountRows.connect(carol);
    await found(other, carol);
    const from = (await store.revocationFeed.since(undefined)).last;
    await store.accountRows.remove(await store.accountRows.ofSubject('carol'));
    expect(await until(async () => (await found(other, carol)) === undefined)).toBe(true);
    expect((await other.revocationFeed.since(from)).keys).toContain(accountMark(carol.key));
    const taken = await Promise.all([store.departedAccounts.take(), other.departedAccounts.take()]);
    const [departed] = taken.filter((each) => each !== undefined);
    expect(taken.filter(Boolean)).toHaveLength(1);
    expect(departed).toMatchObject({ key: carol.key, locked: "carol's token", identity: 'i' });
    await store.departedAccounts.done(departed?.id ?? 0);
  });

  test('the MCP sessions of an account end with it, and when another account replaces it, but not when it is renewed', async () => {
    const begin = async (owner: string, server = 'github') => {
      await store.bindings.bind({ kind: 'session', server, id: `${owner} ${server}`, owner });
    };
    const left = async () => {
      const all = [
        ['person:carol', 'github'],
        ['person:carol', 'gitlab'],
        ['person:dave', 'github'],
      ] as const;
      const bound = await Promise.all(
        all.map(([owner, server]) => other.bindings.findOwn('session', server, owner, [`${owner} ${server}`])),
      );
      return bound.map(({ length }) => length);
    };
    const from = (await store.revocationFeed.since(undefined)).last;
    await Promise.all([begin('person:carol'), begin('person:carol', 'gitlab'), begin('person:dave')]);
    await store.accountRows.connect(carol);
    await store.accountRows.connect({ ...carol, locked: 'of the same account' });
    expect([await left(), (await store.revocationFeed.since(from)).keys]).toEqual([
      [1, 1, 1],
      expect.not.arrayContaining([accountMark(carol.key)]),
    ]);
    await store.accountRows.connect({ ...carol, shownName: 'her other account' });
    expect(await left()).toEqual([0, 1, 1]);
    expect((await store.revocationFeed.since(from)).keys).toContain(accountMark(carol.key));
    await begin('person:carol');
    await store.accountRows.remove(await store.accountRows.ofSubject('carol'));
    expect(await left()).toEqual([0, 1, 1]);
  });

  test('unused accounts are found, and one that is used at that moment stays', async () => {
    await store.accountRows.connect(carol);
    const [unused] = await store.accountRows.unused(now() + 10);
    expect(unused?.subject).toBe('carol');
    expect(await store.accountRows.unused(now() - 10)).toEqual([]);
    expect(await store.accountRows.remove([unused as AccountRow], now() - 10)).toEqual([]);
    expect(await store.accountRows.read(carol.key)).toBeDefined();
  });

  test('renewed tokens leave the sessions in memory of this process alone', async () => {
    await store.sessions.add(sessionRecord({ sid: 'one' }));
    const before = await store.sessions.find('one');
    await store.accountRows.connect(carol);
    const from = (await store.revocationFeed.since(undefined)).last;
    expect(await until(() => store.revocationFeed.cursor() >= from)).toBe(true);
    expect(await store.sessions.find('one')).toBe(before);
  });

  test('a registration at a provider is shared by all processes, and is replaced only by name', async () => {
    const [one, two] = await Promise.all([
      store.accountClients.keep('https://p', 'one'),
      other.accountClients.keep('https://p', 'two'),
    ]);
    expect(one).toBe(two);
    expect(await other.accountClients.keep('https://p', 'three', one)).toBe('three');
    expect(await store.accountClients.find('https://p')).toBe('three');
  });
});
