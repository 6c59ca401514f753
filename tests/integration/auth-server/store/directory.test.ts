import { openStore, type Store } from '../../../../auth-server/store/store.ts';
import { now, sessionRecord } from '../../../support/auth-server/auth-fixture.ts';
import { bothDatabases, type Places } from '../../../support/postgres/both-databases.ts';

const homes = new Map([
  ['cognito', 'cognito'],
  ['cognito-cli', 'cognito'],
]);

describe.each<[string, Places]>(bothDatabases('data'))('%s: the list of people', (_kind, places) => {
  let store: Store;
  let count = 0;
  beforeEach(async () => {
    store = await openStore(await places.empty());
  });
  afterEach(() => store.close());

  type Change = Parameters<typeof sessionRecord>[0];
  const add = async (username: string, change: Change = {}) => {
    const record = { sid: `d-${++count}`, username, sub: `sub-${username}`, expiresAt: now() + 900, ...change };
    await store.sessions.add(sessionRecord(record));
  };
  const client = (oauthClient: string, oauthClientName: string | undefined, change: Change = {}): Change => {
    return { kind: 'client', oauthClient, oauthClientName, resource: 'r', ...change };
  };
  const part = (change: object = {}) => ({ idleSeconds: 600, text: '', offset: 0, limit: 50, ...change });
  const namesFor = async (change: object = {}, oauthClient?: string) =>
    (await store.directory.people(homes, part(change), oauthClient)).rows.map(({ username }) => username);

  test('has each person once over the providers that share their subjects, with counts, groups and the last use', async () => {
    await add('ann', { lastSeen: now() - 90, groups: ['g'] });
    await add('ann', { provider: 'cognito-cli', lastSeen: now() - 60, groups: ['g'] });
    await add('ann', { ...client('c1', 'Editor'), lastSeen: now() - 30, groups: ['g'] });
    await add('ann', { kind: 'personal', oauthClientName: 'nightly', groups: ['g'] });
    await add('ann', { provider: 'elsewhere', shownName: 'Zoe' });
    const { rows, total } = await store.directory.people(homes, part());
    expect(total).toBe(2);
    const counts = { signIns: 2, clients: 1, tokens: 1 };
    expect(rows[0]).toMatchObject({ home: 'cognito', sub: 'sub-ann', shownName: undefined, groups: ['g'], ...counts });
    expect(rows[0]?.lastSeen).toBeGreaterThanOrEqual(now() - 30);
    expect(rows[1]).toMatchObject({ home: 'elsewhere', shownName: 'Zoe', signIns: 1, clients: 0, tokens: 0 });
    const names = await store.directory.namesOf(homes, ['sub-ann'], 600);
    expect(names.map(({ home, name }) => [home, name]).sort()).toEqual([
      ['cognito', 'Editor'],
      ['cognito', 'nightly'],
    ]);
  });

  test('leaves out what has expired or ended for want of use', async () => {
    await add('expired', { expiresAt: now() - 1 });
    await add('idle', { lastSeen: now() - 700 });
    await add('idle-client', client('c1', 'A', { lastSeen: now() - 700, idleSeconds: 60 }));
    await add('lasting', client('c1', 'A', { lastSeen: now() - 700 }));
    expect(await namesFor()).toEqual(['lasting']);
    expect((await store.directory.clients(homes, part())).rows).toMatchObject([{ oauthClient: 'c1', people: 1 }]);
  });

  test('is by the shown name, in pages, and says how many there are', async () => {
    for (const username of ['dora', 'Bert', 'anton', 'carl']) await add(username);
    await add('x-9', { shownName: 'Abel' });
    expect(await namesFor()).toEqual(['x-9', 'anton', 'Bert', 'carl', 'dora']);
    const { rows, total } = await store.directory.people(homes, part({ offset: 2, limit: 2 }));
    expect([rows.map(({ username }) => username), total]).toEqual([['Bert', 'carl'], 5]);
    expect(await store.directory.people(homes, part({ offset: 50 }))).toEqual({ rows: [], total: 5 });
  });

  test('finds people by a piece of their name, subject or client in any case, and takes no sign of a pattern for one', async () => {
    await add('ann', client('c1', 'Claude Code'));
    await add('ann');
    await add('bob', { shownName: '100%_sure' });
    await add('carol', client('c2', 'cursor'));
    expect(await namesFor({ text: 'CLAUDE' })).toEqual(['ann']);
    expect(await namesFor({ text: 'SUB-B' })).toEqual(['bob']);
    expect(await namesFor({ text: '%_s' })).toEqual(['bob']);
    expect(await namesFor({ text: 'a%l' })).toEqual([]);
    expect(await namesFor({}, 'c2')).toEqual(['carol']);
    const { rows } = await store.directory.people(homes, part({ text: 'claude' }));
    expect(rows[0]).toMatchObject({ signIns: 1, clients: 1 });
  });

  test('has the clients by how many people they act for, each person once', async () => {
    await add('ann', client('c1', 'One'));
    await add('ann', { ...client('c1', 'One'), provider: 'cognito-cli' });
    await add('ann', client('c2', 'Two'));
    await add('bob', client('c2', 'Two'));
    await add('bob', client('c3', undefined));
    const { rows, total } = await store.directory.clients(homes, part());
    expect(rows.map(({ oauthClient, people }) => [oauthClient, people])).toEqual([
      ['c2', 2],
      ['c1', 1],
      ['c3', 1],
    ]);
    expect(total).toBe(3);
    expect((await store.directory.clients(homes, part({ text: 'two' }))).rows).toHaveLength(1);
    expect(await store.directory.client('c1', 600)).toEqual({ name: 'One' });
    expect(await store.directory.client('other', 600)).toBeUndefined();
  });

  test('keeps what administrators have ended, the newest first', async () => {
    const row = { by: { sub: 's', name: 'alice' }, what: 'client', person: null, client: 'One' } as const;
    const first = await store.endedAccess.begin(row);
    await store.endedAccess.begin({ ...row, what: 'everything', person: 'bob', client: null });
    await store.endedAccess.finish(first, 7);
    expect(await store.endedAccess.newest(10)).toMatchObject([
      { what: 'everything', person: 'bob', ended: null },
      { ...row, ended: 7 },
    ]);
    expect(await store.endedAccess.newest(1)).toHaveLength(1);
  });
});
