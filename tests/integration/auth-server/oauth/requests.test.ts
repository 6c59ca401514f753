import { type Asked, Requests } from '../../../../auth-server/oauth/store/requests.ts';
import { type OAuthStore, openOAuthStore } from '../../../../auth-server/oauth/store/store.ts';
import { useClock } from '../../../support/clock.ts';
import { bothDatabases, type Places } from '../../../support/postgres/both-databases.ts';

const clock = useClock();
const asked: Asked = {
  client: { id: 'client', name: 'Claude Code', kind: 'registered' },
  redirectUri: 'http://127.0.0.1/callback',
  challenge: 'c',
  resource: 'https://gw.example/notes/mcp',
  state: undefined,
};
const login = { state: 's1', nonce: 'n', verifier: 'v', provider: 'cognito' };

describe.each<[string, Places]>(bothDatabases('data'))('%s:', (_kind, places) => {
  let store: OAuthStore;
  let requests: Requests;
  let dropped: string[];
  beforeEach(async () => {
    store = await openOAuthStore(await places.empty());
    dropped = [];
    requests = new Requests(store.db, (persons) => void dropped.push(...persons), { perBrowser: 3, inAll: 6 });
  });
  afterEach(() => store.close());
  const present = async (uid: string, browser: string) => (await requests.find(uid, browser)) !== undefined;
  const signedIn = async (uid: string, browser: string, person: string) => {
    const request = await requests.find(uid, browser);
    if (request) await requests.setPerson(request, person);
  };

  test('a request is found by the browser that made it, for a quarter of an hour', async () => {
    const uid = await requests.add(asked, 'b1');
    expect(await requests.find(uid, 'b1')).toMatchObject({
      uid,
      asked: { resource: asked.resource },
      person: undefined,
    });
    for (const other of ['b2', undefined, 7]) expect(await requests.find(uid, other)).toBeUndefined();
    expect(await requests.find('other', 'b1')).toBeUndefined();
    clock.advance(901);
    expect(await requests.find(uid, 'b1')).toBeUndefined();
  });

  test('beyond the bound of a browser its oldest request is dropped, with the login at the provider', async () => {
    const uids: string[] = [];
    for (let i = 0; i < 3; i++) uids.push(await requests.add(asked, 'b1'));
    await signedIn(uids[0] ?? '', 'b1', 'alice, locked');
    const other = await requests.add(asked, 'b2');
    uids.push(await requests.add(asked, 'b1'));
    expect(await Promise.all(uids.map((uid) => present(uid, 'b1')))).toEqual([false, true, true, true]);
    expect([await present(other, 'b2'), dropped]).toEqual([true, ['alice, locked']]);
  });

  test('beyond the bound of all browsers those of strangers are dropped first', async () => {
    const mine = await requests.add(asked, 'mine');
    await signedIn(mine, 'mine', 'alice, locked');
    for (let i = 0; i < 10; i++) await requests.add(asked, `stranger ${i}`);
    const { count } = await store.db
      .selectFrom('oauth_request')
      .select((e) => e.fn.countAll<number | string>().as('count'))
      .executeTakeFirstOrThrow();
    expect([Number(count), await present(mine, 'mine'), dropped]).toEqual([6, true, []]);
  });

  test('a login is taken once, also by two callbacks at once, and only by its browser', async () => {
    const uid = await requests.add(asked, 'b1');
    await requests.addLogin(uid, 'b1', login);
    expect(await requests.takeLogin('s1', 'b2')).toBeUndefined();
    const both = await Promise.all([1, 2].map(() => requests.takeLogin('s1', 'b1')));
    expect(both.filter(Boolean)).toEqual([{ uid, login }]);
  });

  test('only some logins of a request are kept', async () => {
    const uid = await requests.add(asked, 'b1');
    for (let i = 0; i < 25; i++) await requests.addLogin(uid, 'b1', { ...login, state: `s${i}` });
    expect(await store.db.selectFrom('oauth_login').selectAll().execute()).toHaveLength(10);
  });

  test('a person who logs in again replaces the first, whose login at the provider ends', async () => {
    const uid = await requests.add(asked, 'b1');
    await signedIn(uid, 'b1', 'alice, locked');
    await signedIn(uid, 'b1', 'carol, locked');
    expect((await requests.find(uid, 'b1'))?.person).toBe('carol, locked');
    expect(dropped).toEqual(['alice, locked']);
  });

  test('the first answer counts, and a login after it is dropped', async () => {
    const uid = await requests.add(asked, 'b1');
    const before = await requests.find(uid, 'b1');
    const answers = await Promise.all([requests.answer(uid, 'allow'), requests.answer(uid, 'deny')]);
    expect(answers[0]).toBe(answers[1]);
    if (before) await requests.setPerson(before, 'late, locked');
    expect(await requests.find(uid, 'b1')).toMatchObject({ answer: answers[0], person: undefined });
    expect(dropped).toEqual(['late, locked']);
  });

  test('what has expired is deleted, with the logins of those who did not answer', async () => {
    const [answered, open] = [await requests.add(asked, 'b1'), await requests.add(asked, 'b1')];
    await requests.addLogin(open, 'b1', login);
    for (const uid of [answered, open]) await signedIn(uid, 'b1', `${uid}, locked`);
    await requests.answer(answered, 'allow');
    await requests.prune();
    expect(await present(open, 'b1')).toBe(true);
    clock.advance(901);
    await requests.prune();
    expect(dropped).toEqual([`${open}, locked`]);
    for (const table of ['oauth_request', 'oauth_login'] as const)
      expect(await store.db.selectFrom(table).selectAll().execute()).toEqual([]);
  });

  test('nothing in the tables lets one answer a request or take a login', async () => {
    const uid = await requests.add(asked, 'the cookie');
    const kept = JSON.stringify(await store.db.selectFrom('oauth_request').selectAll().execute());
    for (const secret of [uid, 'the cookie']) expect(kept).not.toContain(secret);
  });
});
